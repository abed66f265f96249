// Attention on floats becomes attention in the integers of SpAtten's datapath.

#include "AttentionScales.h"
#include "Remarks.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "rarefy/Dialect/Rarefy/Transforms/Emit.h"
#include "rarefy/Dialect/Rarefy/Transforms/Passes.h"
#include <cmath>

namespace rarefy {
#define GEN_PASS_DEF_RAREFYQUANTIZEATTENTION
#include "rarefy/Dialect/Rarefy/Transforms/Passes.h.inc"

namespace {

/// The number formats that an attention gets.
struct Formats {
  PlanesAttr key;
  unsigned valueBits;
};

/// Bits of what the datapath multiplies; elements of a head.
constexpr unsigned kBits = 12;
constexpr int64_t kHeadSize = 64;
/// A probability in units of 2^-11.
constexpr double kProbability = 1.0 / 2048;

/// Writes one attention in integers.
class Quantizer {
public:
  Quantizer(AttentionOp op, const AttentionScales &scales, Formats formats)
      : b(op.getLoc(), op), op(op), scales(scales), formats(formats) {}

  void run();

private:
  Value constant(ImplicitLocOpBuilder &scalars, double value) {
    return arith::ConstantOp::create(scalars, scalars.getF32FloatAttr(value));
  }
  SmallVector<OpFoldResult> sizes(Value x) {
    return tensor::getMixedSizes(b, b.getLoc(), x);
  }
  Value quantize(Value x, double scale, unsigned bits, unsigned dropped);
  Value zeros(Value init, Type element);
  Value dequantize(Value x, double unit, Type element);
  Value accumulate(Value init, Value x, double unit, bool isSigned);

  ImplicitLocOpBuilder b;
  AttentionOp op;
  AttentionScales scales;
  Formats formats;
};

} // namespace

/// clamp(round(x / scale)) of `bits` bits, with `dropped` zeros below them. The
/// range is the same on both sides of zero. A NaN becomes the least number of
/// 16 bits, which no 12 bits hold.
Value Quantizer::quantize(Value x, double scale, unsigned bits,
                          unsigned dropped) {
  double largest = (1 << (bits - 1)) - 1;
  return makeElementwise(
      b, x, b.getI16Type(),
      [&](ImplicitLocOpBuilder &scalars, ValueRange args) -> Value {
        Value v = args[0];
        if (!v.getType().isF32())
          v = arith::ExtFOp::create(scalars, scalars.getF32Type(), v);
        Value isNaN =
            arith::CmpFOp::create(scalars, arith::CmpFPredicate::UNO, v, v);
        v = arith::DivFOp::create(scalars, v, constant(scalars, scale));
        v = math::RoundEvenOp::create(scalars, v);
        v = arith::MaxNumFOp::create(scalars, v, constant(scalars, -largest));
        v = arith::MinNumFOp::create(scalars, v, constant(scalars, largest));
        v = arith::FPToSIOp::create(scalars, scalars.getI32Type(), v);
        if (dropped) {
          Value left = arith::ConstantOp::create(
              scalars, scalars.getI32IntegerAttr(dropped));
          v = arith::ShLIOp::create(scalars, v, left);
        }
        v = arith::TruncIOp::create(scalars, scalars.getI16Type(), v);
        Value refused = arith::ConstantOp::create(
            scalars, scalars.getI16IntegerAttr(INT16_MIN));
        return arith::SelectOp::create(scalars, isNaN, refused, v);
      });
}

Value Quantizer::zeros(Value init, Type element) {
  return init ? makeFilled(b, sizes(init), b.getIntegerAttr(element, 0))
              : Value();
}

Value Quantizer::dequantize(Value x, double unit, Type element) {
  return makeElementwise(
      b, x, element,
      [&](ImplicitLocOpBuilder &scalars, ValueRange args) -> Value {
        Type f32 = scalars.getF32Type();
        Value v = arith::SIToFPOp::create(scalars, f32, args[0]);
        v = arith::MulFOp::create(scalars, v, constant(scalars, unit));
        return element == f32 ? v
                              : arith::TruncFOp::create(scalars, element, v);
      });
}

/// Importance so far, on floats, and what this attention adds.
Value Quantizer::accumulate(Value init, Value x, double unit, bool isSigned) {
  return makeElementwise(
      b, {init, x}, b.getF32Type(),
      [&](ImplicitLocOpBuilder &scalars, ValueRange args) -> Value {
        Type f32 = scalars.getF32Type();
        Value v = isSigned
                      ? Value(arith::SIToFPOp::create(scalars, f32, args[1]))
                      : arith::UIToFPOp::create(scalars, f32, args[1]);
        v = arith::MulFOp::create(scalars, v, constant(scalars, unit));
        return arith::AddFOp::create(scalars, args[0], v);
      });
}

void Quantizer::run() {
  unsigned keyBits = formats.key.getMsb() + formats.key.getLsb();
  unsigned dropped = kBits - formats.valueBits;
  Value query = quantize(op.getQuery(), scales.query, kBits, 0);
  Value key = quantize(op.getKey(), scales.key, keyBits, 0);
  Value value =
      quantize(op.getValue(), scales.value, formats.valueBits, dropped);
  Value output =
      tensor::EmptyOp::create(b, sizes(op.getOutputInit()), b.getI16Type());
  Value token = zeros(op.getTokenImportanceInit(), b.getI32Type());
  Value head = zeros(op.getHeadImportanceInit(), b.getI64Type());
  SmallVector<Type> types;
  for (Value init : {output, token, head})
    if (init)
      types.push_back(init.getType());
  double scale = op.getScale().convertToFloat() * scales.query * scales.key;
  auto made = AttentionOp::create(
      b, types, query, key, value, op.getMask(), output, token, head,
      /*refetched=*/Value(), b.getF32FloatAttr(scale), op.getCausalAttr(),
      op.getKeepValuesAttr(), /*keepGroup=*/IntegerAttr(), formats.key,
      b.getI64IntegerAttr(formats.valueBits));
  double unit = std::ldexp(scales.value, -int(dropped));
  SmallVector<Value> results{dequantize(
      made.getOutput(), unit, getElementTypeOrSelf(op.getOutput().getType()))};
  if (token)
    results.push_back(accumulate(op.getTokenImportanceInit(),
                                 made.getTokenImportance(), kProbability,
                                 /*isSigned=*/false));
  if (head)
    results.push_back(accumulate(op.getHeadImportanceInit(),
                                 made.getHeadImportance(), unit,
                                 /*isSigned=*/true));
  op->replaceAllUsesWith(results);
  op->erase();
}

/// What keeps an attention on floats; empty if nothing does.
static StringRef findObstacle(AttentionOp op) {
  if (op.getMask() && !getElementTypeOrSelf(op.getMask()).isInteger(1))
    return "a mask of floats is added to scores, which are integers";
  for (Value operand : {op.getQuery(), op.getValue()}) {
    int64_t depth = cast<ShapedType>(operand.getType()).getShape().back();
    if (ShapedType::isDynamic(depth) || depth > kHeadSize)
      return "a head of the datapath has up to 64 elements, known in advance";
  }
  return "";
}

namespace {
struct RarefyQuantizeAttention
    : impl::RarefyQuantizeAttentionBase<RarefyQuantizeAttention> {
  using Base::Base;

  void runOnOperation() override {
    if (failed(quantizeModule(getOperation())))
      signalPassFailure();
  }

  LogicalResult quantizeModule(ModuleOp module) {
    FailureOr<Formats> formats = readFormats(module.getLoc());
    if (failed(formats))
      return failure();
    SmallVector<std::pair<Remarks, AttentionOp>> attentions;
    (void)forEachFunction(getArgument(), module, [&](Remarks remarks) {
      for (AttentionOp op : findFloatAttentions(remarks.function))
        attentions.push_back({remarks, op});
      return success();
    });
    FailureOr<SmallVector<AttentionScales>> all =
        readAttentionScales(scales, attentions.size(), module.getLoc());
    if (failed(all))
      return failure();
    for (auto [index, attention] : llvm::enumerate(attentions)) {
      auto [remarks, op] = attention;
      if (StringRef why = findObstacle(op); !why.empty()) {
        remarks.missed("AttentionNotQuantized", op.getLoc(),
                       op->getName().getStringRef(), why);
        continue;
      }
      const AttentionScales &one = (*all)[index];
      remark::passed(op.getLoc(), remarks.named("AttentionQuantized"))
          << remark::metric("attention", index + 1)
          << remark::metric("query", one.query)
          << remark::metric("key", one.key)
          << remark::metric("value", one.value);
      Quantizer(op, one, *formats).run();
    }
    return success();
  }

  FailureOr<Formats> readFormats(Location loc) {
    if (scales.empty()) {
      emitError(loc) << "expected option 'scales', the file of what a step of "
                        "each operand is worth";
      return failure();
    }
    auto [high, low] = StringRef(keyBits).split('+');
    unsigned msb = 0, lsb = 0;
    if (high.getAsInteger(10, msb) ||
        (StringRef(keyBits).contains('+') && low.getAsInteger(10, lsb))) {
      emitError(loc) << "expected key bits such as 8 or 6+4, found '" << keyBits
                     << "'";
      return failure();
    }
    auto planes =
        PlanesAttr::getChecked([&] { return emitError(loc); }, loc.getContext(),
                               msb, lsb, APFloat(double(threshold)));
    if (!planes)
      return failure();
    // The default is there in every pipeline that MLIR prints.
    if (lsb == 0 && !threshold.getDefault().compare(threshold)) {
      emitError(loc) << "expected key bits with low ones beside threshold, "
                        "found '"
                     << keyBits << "'";
      return failure();
    }
    if (valueBits < 2 || valueBits > kBits) {
      emitError(loc) << "expected value bits from 2 to 12, found "
                     << valueBits.getValue();
      return failure();
    }
    return Formats{planes, valueBits};
  }
};
} // namespace
} // namespace rarefy
