// QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear.

#include "IndexMath.h"
#include "Protobuf.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace rarefy;
using namespace rarefy::frontend;

/// Input `i`, a scale or zero point, so that it broadcasts to input 0: one
/// element, one for each position along `axis`, or one for each block of
/// `blockSize` positions.
static FailureOr<Value> alignParameter(Node &node, unsigned i, int64_t axis,
                                       int64_t blockSize) {
  ImplicitLocOpBuilder &b = node.b;
  RankedTensorType type = node.type(i);
  Value value = node.value(i);
  if (blockSize > 0) {
    if (type.getRank() != node.rank(0))
      return node.error("input " + Twine(i) + " must have " +
                        Twine(node.rank(0)) + " dimensions, found " +
                        Twine(type.getRank()));
    for (int64_t d = 0; d < type.getRank(); ++d) {
      int64_t size = node.type(0).getDimSize(d);
      int64_t expected = ShapedType::isStatic(size) && d == axis
                             ? llvm::divideCeil(size, blockSize)
                             : size;
      if (failed(verifyCompatibleDims({type.getDimSize(d), expected})))
        return node.error("dimension " + Twine(d) + " of input " + Twine(i) +
                          " must be " + Twine(expected) + ", found " +
                          Twine(type.getDimSize(d)));
    }
    auto body = [&](ImplicitLocOpBuilder &b, ArrayRef<OpFoldResult> position) {
      Sizes source(position);
      source[axis] =
          IndexMath(b).floorDiv(position[axis], b.getIndexAttr(blockSize));
      return extractAt(b, value, source);
    };
    return generate(node, node.sizes(0), type.getElementType(), body);
  }
  if (type.getRank() == 0 ||
      (type.hasStaticShape() && type.getNumElements() == 1))
    return reshapeTo(node, value, {});
  if (type.getRank() != 1 ||
      failed(verifyCompatibleDims(
          {type.getDimSize(0), node.type(0).getDimSize(axis)})))
    return node.error("input " + Twine(i) +
                      " must have one element, or one for each position along "
                      "axis " +
                      Twine(axis));
  Sizes sizes(node.rank(0) - axis, b.getIndexAttr(1));
  sizes[0] = node.sizes(i)[0];
  return reshapeTo(node, value, sizes);
}

namespace {
/// The operands of quantization: input 0, the scale and any zero point.
struct Operands {
  SmallVector<Value> values;
  bool hasZeroPoint = false;
};
} // namespace

static FailureOr<Operands> readOperands(Node &node) {
  int64_t axis = node.intAttr("axis", 1);
  int64_t blockSize = node.getOpset() < 21 ? 0 : node.intAttr("block_size", 0);
  if (blockSize < 0)
    return node.error("expected a block_size that is not negative, found " +
                      Twine(blockSize));
  // An axis that no parameter uses may be out of range.
  if (blockSize > 0 || node.rank(1) > 0)
    axis = node.rank(0) == 1 ? 0 : node.normalizeAxis(axis, node.rank(0));
  if (node.hasError())
    return failure();
  Operands operands;
  operands.values.push_back(node.value(0));
  operands.hasZeroPoint = node.hasInput(2);
  for (unsigned i = 1; i < 2u + operands.hasZeroPoint; ++i) {
    FailureOr<Value> parameter = alignParameter(node, i, axis, blockSize);
    if (failed(parameter))
      return failure();
    operands.values.push_back(*parameter);
  }
  return operands;
}

static LogicalResult importDequantizeLinear(Node &node) {
  Type scaleType = node.elementType(1);
  Type element = scaleType;
  if (int64_t type = node.getOpset() < 23 ? 0 : node.intAttr("output_dtype", 0))
    element = node.importer.getElementType(type);
  if (!element || !isa<FloatType>(element) || !isa<FloatType>(scaleType))
    return node.error("expected a floating-point scale and result");
  if (node.hasInput(2) && failed(checkSameType(node, {0, 2})))
    return failure();
  FailureOr<Operands> operands = readOperands(node);
  if (failed(operands))
    return failure();
  bool isUnsigned = node.isUnsigned(0);
  Type i32 = node.b.getI32Type(), f32 = node.b.getF32Type();
  auto body = [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    Value x = convertScalar(b, args[0], i32, isUnsigned, false);
    if (operands->hasZeroPoint)
      x = arith::SubIOp::create(
          b, x, convertScalar(b, args[2], i32, isUnsigned, false));
    x = convertScalar(b, x, f32, false, false);
    Value scale = convertScalar(b, args[1], f32, false, false);
    return convertScalar(b, arith::MulFOp::create(b, x, scale), element, false,
                         false);
  };
  return node.setOutput(
      0, elementwise(node, operands->values, node.sizes(0), element, body));
}

/// round(x / scale) + zero point, clamped to `type`; all in f32.
static Value quantize(ImplicitLocOpBuilder &b, Value x, Value scale,
                      Value zeroPoint, Type type, bool isUnsigned) {
  unsigned width = type.getIntOrFloatBitWidth();
  APInt low =
      isUnsigned ? APInt::getZero(width) : APInt::getSignedMinValue(width);
  APInt high =
      isUnsigned ? APInt::getMaxValue(width) : APInt::getSignedMaxValue(width);
  auto bound = [&](const APInt &n) {
    return scalarConstant(b, x.getType(), n.roundToDouble(!isUnsigned));
  };
  Value q = arith::DivFOp::create(b, x, scale);
  q = math::RoundEvenOp::create(b, q);
  if (zeroPoint)
    q = arith::AddFOp::create(b, q, zeroPoint);
  q = arith::MaxNumFOp::create(b, q, bound(low));
  q = arith::MinNumFOp::create(b, q, bound(high));
  return convertScalar(b, q, type, false, isUnsigned);
}

static LogicalResult importQuantizeLinear(Node &node) {
  Type type = node.b.getI8Type();
  bool isUnsigned = true;
  if (node.hasInput(2)) {
    type = node.elementType(2);
    isUnsigned = node.isUnsigned(2);
  } else if (int64_t attr =
                 node.getOpset() < 21 ? 0 : node.intAttr("output_dtype", 0)) {
    type = node.importer.getElementType(attr);
    isUnsigned = Importer::isUnsignedType(attr);
  }
  // Only quantization to 8-bit floats may do without saturation.
  if (node.getOpset() >= 19)
    node.intAttr("saturate", 1);
  if (node.getOpset() >= 23 && node.intAttr("precision", 0) > 1)
    return node.error("expected precision 0 or 1 (float)");
  if (!type || !isa<IntegerType>(type) || type.getIntOrFloatBitWidth() > 16)
    return node.error("expected a result of integers of 16 bits at most");
  if (!isa<FloatType>(node.elementType(1)))
    return node.error("expected a floating-point scale");
  FailureOr<Operands> operands = readOperands(node);
  if (failed(operands))
    return failure();
  Type f32 = node.b.getF32Type();
  auto body = [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    Value x = convertScalar(b, args[0], f32, node.isUnsigned(0), false);
    Value scale = convertScalar(b, args[1], f32, false, false);
    Value zeroPoint;
    if (operands->hasZeroPoint)
      zeroPoint = convertScalar(b, args[2], f32, isUnsigned, false);
    return quantize(b, x, scale, zeroPoint, type, isUnsigned);
  };
  return node.setOutput(
      0, elementwise(node, operands->values, node.sizes(0), type, body),
      isUnsigned);
}

static LogicalResult importDynamicQuantizeLinear(Node &node) {
  Type f32 = node.b.getF32Type(), i8 = node.b.getI8Type();
  if (node.elementType(0) != f32)
    return node.error("expected elements of type float");
  Value x = node.value(0);
  SmallVector<int64_t> all =
      llvm::to_vector(llvm::seq<int64_t>(0, node.rank(0)));
  // The range always has zero in it.
  Value zero = scalarConstant(node.b, f32, 0);
  Value low = reduceDims(node, x, all, zero, [](auto &b, ValueRange args) {
    return arith::MinimumFOp::create(b, args[0], args[1]).getResult();
  });
  Value high = reduceDims(node, x, all, zero, [](auto &b, ValueRange args) {
    return arith::MaximumFOp::create(b, args[0], args[1]).getResult();
  });
  Value scale = elementwise(
      node, {low, high}, {}, f32,
      [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
        Value range = arith::SubFOp::create(b, args[1], args[0]);
        return arith::DivFOp::create(b, range, scalarConstant(b, f32, 255));
      });
  // All zeros quantize to zero by any scale.
  auto divisor = [&](ImplicitLocOpBuilder &b, Value scale) -> Value {
    Value isZero = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ, scale,
                                         scalarConstant(b, f32, 0));
    return arith::SelectOp::create(b, isZero, scalarConstant(b, f32, 1), scale);
  };
  Value zeroPoint = elementwise(
      node, {low, scale}, {}, i8,
      [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
        Value negated = arith::NegFOp::create(b, args[0]);
        return quantize(b, negated, divisor(b, args[1]), Value(), i8, true);
      });
  Value y = elementwise(
      node, {x, scale, zeroPoint}, node.sizes(0), i8,
      [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
        Value offset = convertScalar(b, args[2], f32, true, false);
        return quantize(b, args[0], divisor(b, args[1]), offset, i8, true);
      });
  if (failed(node.setOutput(0, y, /*isUnsigned=*/true)) ||
      failed(node.setOutput(1, scale)))
    return failure();
  return node.setOutput(2, zeroPoint, /*isUnsigned=*/true);
}

void frontend::addQuantizationOperators(OperatorTable &table) {
  table["DequantizeLinear"] = {importDequantizeLinear, 2, 3, 1, 10};
  table["DynamicQuantizeLinear"] = {importDynamicQuantizeLinear, 1, 1, 3, 11};
  table["QuantizeLinear"] = {importQuantizeLinear, 2, 3, 1, 10};
}
