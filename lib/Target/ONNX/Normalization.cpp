// Normalisation over the last dimensions.

#include "Emit.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace rarefy;
using namespace rarefy::frontend;

using B = ImplicitLocOpBuilder;

namespace {

/// The computation of one node, in f32 unless the data are f64.
struct Normalization {
  Node &node;
  Type element, compute;
  Sizes sizes;
  SmallVector<int64_t> dims;
  Value count;
  double epsilon;

  Operand data() const { return trailingOperand(node.value(0), sizes); }
  Operand kept(Value value) const { return keptOperand(value, sizes, dims); }
  Value widen(B &b, Value value) const {
    return convertScalar(b, value, compute, false, false);
  }
  /// Sum over the normalised dimensions of `body`(element, kept..).
  Value sum(ArrayRef<Value> keptOperands, ScalarBody body) const;
  Value mean() const;
  Value inverseDeviation(Value mean) const;
  Value normalize(Value mean, Value inverse) const;
  /// Mean and deviation are results, too, with sizes of 1.
  LogicalResult setStatistic(unsigned output, Value value) const;
};

} // namespace

static Value centered(B &b, Value value, ValueRange mean) {
  if (mean.empty())
    return value;
  return b.createOrFold<arith::SubFOp>(value, mean.front());
}

Value Normalization::sum(ArrayRef<Value> keptOperands, ScalarBody body) const {
  SmallVector<Operand> operands = {data()};
  for (Value value : keptOperands)
    operands.push_back(kept(value));
  return reduceDims(
      node, operands, sizes, dims, scalarConstant(node.b, compute, 0),
      [&](B &b, ValueRange args) -> Value {
        SmallVector<Value> scalars(args.drop_back());
        scalars[0] = widen(b, scalars[0]);
        return b.createOrFold<arith::AddFOp>(body(b, scalars), args.back());
      });
}

Value Normalization::mean() const {
  Value total = sum({}, [](B &, ValueRange args) { return args[0]; });
  return mapElements(node, total, compute, [&](B &b, ValueRange args) {
    return b.createOrFold<arith::DivFOp>(args[0], count);
  });
}

/// 1 / sqrt(mean of squares + epsilon); `mean` is null where it is not taken.
Value Normalization::inverseDeviation(Value mean) const {
  SmallVector<Value> operands;
  if (mean)
    operands.push_back(mean);
  Value squares = sum(operands, [](B &b, ValueRange args) -> Value {
    Value x = centered(b, args[0], args.drop_front());
    return b.createOrFold<arith::MulFOp>(x, x);
  });
  return mapElements(
      node, squares, compute, [&](B &b, ValueRange args) -> Value {
        Value variance = b.createOrFold<arith::DivFOp>(args[0], count);
        Value sum = b.createOrFold<arith::AddFOp>(
            variance, scalarConstant(b, compute, epsilon));
        return b.createOrFold<math::RsqrtOp>(sum);
      });
}

/// The scaled and shifted result. Inputs 1 and, if there, 2 are scale and bias.
Value Normalization::normalize(Value mean, Value inverse) const {
  SmallVector<Operand> operands = {data(), kept(inverse),
                                   trailingOperand(node.value(1), sizes)};
  if (mean)
    operands.push_back(kept(mean));
  bool hasBias = node.hasInput(2);
  if (hasBias)
    operands.push_back(trailingOperand(node.value(2), sizes));
  return elementwise(
      node, operands, sizes, element, [&](B &b, ValueRange args) {
        Value x = widen(b, args[0]);
        x = centered(b, x, mean ? args.slice(3, 1) : ValueRange());
        x = b.createOrFold<arith::MulFOp>(x, args[1]);
        x = b.createOrFold<arith::MulFOp>(x, widen(b, args[2]));
        if (hasBias)
          x = b.createOrFold<arith::AddFOp>(x, widen(b, args.back()));
        return convertScalar(b, x, element, false, false);
      });
}

LogicalResult Normalization::setStatistic(unsigned output, Value value) const {
  if (!node.hasOutput(output))
    return success();
  Sizes keptSizes = sizes;
  for (int64_t dim : dims)
    keptSizes[dim] = node.b.getIndexAttr(1);
  value = convertElements(node, value, node.b.getF32Type());
  return node.setOutput(output, reshapeTo(node, value, keptSizes));
}

/// Scale and bias must broadcast to the normalised dimensions.
static LogicalResult checkParameter(Node &node, unsigned i,
                                    ArrayRef<OpFoldResult> sizes) {
  if (!isa<FloatType>(node.elementType(i)))
    return node.error("input " + Twine(i) + " must have float elements");
  if (node.rank(i) > static_cast<int64_t>(sizes.size()))
    return node.error("input " + Twine(i) + " has too many dimensions");
  FailureOr<Sizes> both = broadcastSizes(node, {Sizes(sizes), node.sizes(i)});
  if (failed(both))
    return failure();
  if (tensorType(*both, node.elementType(0)) !=
      tensorType(sizes, node.elementType(0)))
    return node.error("input " + Twine(i) + " is larger than input 0");
  return success();
}

static FailureOr<Normalization> prepare(Node &node) {
  int64_t axis = node.normalizeAxis(node.intAttr("axis", -1), node.rank(0));
  double epsilon = node.floatAttr("epsilon", 1e-5f);
  constexpr int64_t stashInF32 = 1;
  if (node.intAttr("stash_type", stashInF32) != stashInF32)
    return node.error("attribute 'stash_type' must be 1");
  if (axis < 0)
    return failure();
  Type element = node.elementType(0);
  if (!isa<FloatType>(element))
    return node.error("input 0 must have float elements");
  Sizes sizes = node.sizes(0);
  for (unsigned i = 1; i < node.getNumInputs(); ++i)
    if (node.hasInput(i) && failed(checkParameter(node, i, sizes)))
      return failure();
  B &b = node.b;
  Type compute = element.isF64() ? element : b.getF32Type();
  Value count = scalarConstant(b, b.getI64Type(), 1);
  for (OpFoldResult size : ArrayRef(sizes).drop_front(axis))
    count = b.createOrFold<arith::MulIOp>(count, sizeToScalar(b, size));
  count = convertScalar(b, count, compute, false, false);
  SmallVector<int64_t> dims =
      llvm::to_vector(llvm::seq<int64_t>(axis, sizes.size()));
  return Normalization{node, element, compute, sizes, dims, count, epsilon};
}

static LogicalResult importLayerNormalization(Node &node) {
  FailureOr<Normalization> norm = prepare(node);
  if (failed(norm))
    return failure();
  Value mean = norm->mean();
  Value inverse = norm->inverseDeviation(mean);
  if (failed(norm->setStatistic(1, mean)) ||
      failed(norm->setStatistic(2, inverse)))
    return failure();
  return node.setOutput(0, norm->normalize(mean, inverse));
}

/// Without a mean, or a bias.
static LogicalResult importRMSNormalization(Node &node) {
  FailureOr<Normalization> norm = prepare(node);
  if (failed(norm))
    return failure();
  Value inverse = norm->inverseDeviation(nullptr);
  if (failed(norm->setStatistic(1, inverse)))
    return failure();
  return node.setOutput(0, norm->normalize(nullptr, inverse));
}

void frontend::addNormalizationOperators(OperatorTable &table) {
  table["LayerNormalization"] = {importLayerNormalization, 2, 3, 3, 17};
  table["RMSNormalization"] = {importRMSNormalization, 2, 2, 1, 23};
  // ONNX Runtime's, which exporters write under ONNX's own domain.
  table["SimplifiedLayerNormalization"] = {importRMSNormalization, 2, 2, 2};
}
