// Matrix products.

#include "Emit.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace rarefy;
using namespace rarefy::frontend;

using B = ImplicitLocOpBuilder;

namespace {

/// A product's loops: the result's dimensions, then the one it sums over; and
/// the loop that each operand dimension runs along.
struct Contraction {
  Sizes loops;
  SmallVector<int64_t> lhsDims, rhsDims;

  ArrayRef<OpFoldResult> resultSizes() const {
    return ArrayRef(loops).drop_back();
  }
  int64_t resultRank() const { return loops.size() - 1; }
};

} // namespace

/// Sums of narrow floats are held in f32.
static Type accumulatorType(B &b, Type element) {
  return element.isF16() || element.isBF16() ? b.getF32Type() : element;
}

/// Are the maps those of `Op`, that is [batch,] m, n, k in its usual order?
static bool isPlain(const Contraction &product, AffineMap lhs, AffineMap rhs) {
  int64_t rank = product.resultRank(), n = rank - 1, k = rank;
  auto usual = [&](int64_t row, int64_t column) {
    SmallVector<unsigned> dims = {static_cast<unsigned>(row),
                                  static_cast<unsigned>(column)};
    if (rank == 3)
      dims.insert(dims.begin(), 0);
    return AffineMap::getMultiDimMapWithTargets(rank + 1, dims,
                                                lhs.getContext());
  };
  return (rank == 2 || rank == 3) && lhs == usual(rank - 2, k) &&
         rhs == usual(k, n);
}

/// One contraction of any ranks. 2-D and equally batched 3-D operands are named
/// ops; any other, such as activations [b, s, k] and a weight [k, n], is one
/// linalg.contract whose maps are projected permutations: no operand is
/// reshaped, copied or broadcast.
static Value contract(Node &node, Value lhs, Value rhs,
                      const Contraction &product) {
  B &b = node.b;
  Type element = cast<RankedTensorType>(lhs.getType()).getElementType();
  Type accumulator = accumulatorType(b, element);
  auto [lhsValue, lhsMap] =
      broadcastOperand(node, lhs, product.loops, product.lhsDims);
  auto [rhsValue, rhsMap] =
      broadcastOperand(node, rhs, product.loops, product.rhsDims);
  Value init = filledTensor(node, product.resultSizes(),
                            scalarConstant(b, accumulator, 0));
  SmallVector<Value> inputs = {lhsValue, rhsValue};
  Value result;
  if (!isPlain(product, lhsMap, rhsMap)) {
    int64_t rank = product.resultRank();
    AffineMap resultMap = b.getMultiDimIdentityMap(rank + 1).dropResult(rank);
    result = linalg::ContractOp::create(
                 b, TypeRange(init.getType()), inputs, ValueRange(init),
                 b.getAffineMapArrayAttr({lhsMap, rhsMap, resultMap}))
                 .getResult(0);
  } else if (product.resultRank() == 2) {
    result = linalg::MatmulOp::create(b, inputs, init).getResult(0);
  } else {
    result = linalg::BatchMatmulOp::create(b, inputs, init).getResult(0);
  }
  node.importer.recordSizes(result, product.resultSizes());
  return convertElements(node, result, element);
}

static LogicalResult checkDepth(Node &node, OpFoldResult lhs,
                                OpFoldResult rhs) {
  std::optional<int64_t> left = getConstantIntValue(lhs);
  std::optional<int64_t> right = getConstantIntValue(rhs);
  if (left && right && *left != *right)
    return node.error("cannot multiply " + Twine(*left) + " columns with " +
                      Twine(*right) + " rows");
  return success();
}

/// The static one of two sizes, if there is one.
static OpFoldResult eitherSize(OpFoldResult a, OpFoldResult b) {
  return getConstantIntValue(a) ? a : b;
}

/// numpy's matmul: all but the last two dimensions are batches that broadcast,
/// and a vector is a matrix of one row or column, which the result lacks.
static FailureOr<Contraction> matMulLoops(Node &node) {
  Sizes lhs = node.sizes(0), rhs = node.sizes(1);
  if (lhs.empty() || rhs.empty())
    return node.error("operands must not be scalars");
  bool hasRows = lhs.size() > 1, hasColumns = rhs.size() > 1;
  ArrayRef<OpFoldResult> lhsBatch = ArrayRef(lhs).drop_back(1 + hasRows);
  ArrayRef<OpFoldResult> rhsBatch = ArrayRef(rhs).drop_back(1 + hasColumns);
  FailureOr<Sizes> batch =
      broadcastSizes(node, {Sizes(lhsBatch), Sizes(rhsBatch)});
  OpFoldResult rhsDepth = hasColumns ? rhs[rhs.size() - 2] : rhs.back();
  if (failed(batch) || failed(checkDepth(node, lhs.back(), rhsDepth)))
    return failure();
  Contraction product;
  product.loops = *batch;
  if (hasRows)
    product.loops.push_back(lhs[lhs.size() - 2]);
  if (hasColumns)
    product.loops.push_back(rhs.back());
  product.loops.push_back(eitherSize(lhs.back(), rhsDepth));
  int64_t batchRank = batch->size(), depth = product.loops.size() - 1;
  auto addBatch = [&](SmallVector<int64_t> &dims, int64_t count) {
    llvm::append_range(dims, llvm::seq<int64_t>(batchRank - count, batchRank));
  };
  addBatch(product.lhsDims, lhsBatch.size());
  if (hasRows)
    product.lhsDims.push_back(batchRank);
  product.lhsDims.push_back(depth);
  addBatch(product.rhsDims, rhsBatch.size());
  product.rhsDims.push_back(depth);
  if (hasColumns)
    product.rhsDims.push_back(depth - 1);
  return product;
}

static LogicalResult importMatMul(Node &node) {
  if (failed(checkSameType(node, {0, 1})))
    return failure();
  FailureOr<Contraction> product = matMulLoops(node);
  if (failed(product))
    return failure();
  return node.setOutputLike(
      0, contract(node, node.value(0), node.value(1), *product));
}

/// alpha * A * B + beta * C, A and B transposed on request.
static LogicalResult importGemm(Node &node) {
  bool transA = node.intAttr("transA", 0), transB = node.intAttr("transB", 0);
  double alpha = node.floatAttr("alpha", 1), beta = node.floatAttr("beta", 1);
  if (node.getOpset() < 7)
    (void)node.intAttr("broadcast", 0);
  if (node.rank(0) != 2 || node.rank(1) != 2)
    return node.error("inputs 0 and 1 must be matrices");
  SmallVector<unsigned> inputs = {0, 1};
  if (node.hasInput(2))
    inputs.push_back(2);
  if (failed(checkSameType(node, inputs)))
    return failure();
  Sizes lhs = node.sizes(0), rhs = node.sizes(1);
  if (failed(checkDepth(node, lhs[!transA], rhs[transB])))
    return failure();
  Contraction product;
  product.loops = {lhs[transA], rhs[!transB],
                   eitherSize(lhs[!transA], rhs[transB])};
  product.lhsDims = {0, 2};
  product.rhsDims = {2, 1};
  if (transA)
    std::swap(product.lhsDims[0], product.lhsDims[1]);
  if (transB)
    std::swap(product.rhsDims[0], product.rhsDims[1]);
  Value result = contract(node, node.value(0), node.value(1), product);
  if (!node.hasInput(2) && alpha == 1)
    return node.setOutputLike(0, result);
  Type type = node.elementType(0);
  SmallVector<Value> operands = {result};
  SmallVector<Sizes> operandSizes = {Sizes(product.resultSizes())};
  if (node.hasInput(2)) {
    operands.push_back(node.value(2));
    operandSizes.push_back(node.sizes(2));
  }
  FailureOr<Sizes> sizes = broadcastSizes(node, operandSizes);
  if (failed(sizes))
    return failure();
  if (tensorType(*sizes, type) != result.getType())
    return node.error("input 2 does not broadcast to the result");
  auto scaled = [&](B &b, Value value, double factor) -> Value {
    if (factor == 1)
      return value;
    Value scale = scalarConstant(b, type, factor);
    if (isa<FloatType>(type))
      return b.createOrFold<arith::MulFOp>(value, scale);
    return b.createOrFold<arith::MulIOp>(value, scale);
  };
  auto body = [&](B &b, ValueRange args) -> Value {
    Value sum = scaled(b, args[0], alpha);
    if (args.size() == 1)
      return sum;
    Value addend = scaled(b, args[1], beta);
    if (isa<FloatType>(type))
      return b.createOrFold<arith::AddFOp>(sum, addend);
    return b.createOrFold<arith::AddIOp>(sum, addend);
  };
  return node.setOutputLike(0, elementwise(node, operands, *sizes, type, body));
}

/// An operand of MatMulInteger in i32, without its zero point: input `zero`,
/// one for all, or one for each row of A or column of B.
static FailureOr<Value> subtractZeroPoint(Node &node, unsigned i,
                                          unsigned zero) {
  Type i32 = node.b.getI32Type();
  bool isUnsigned = node.isUnsigned(i);
  Value value = convertElements(node, node.value(i), i32, isUnsigned, false);
  if (!node.hasInput(zero))
    return value;
  if (failed(checkSameType(node, {i, zero})))
    return failure();
  Value point = convertElements(node, node.value(zero), i32, isUnsigned, false);
  RankedTensorType type = node.type(zero);
  Sizes sizes = node.sizes(zero);
  if (type.hasStaticShape() && type.getNumElements() == 1)
    sizes.clear();
  else if (i == 0 && type.getRank() == 1)
    sizes.push_back(node.b.getIndexAttr(1));
  FailureOr<Sizes> both = broadcastSizes(node, {node.sizes(i), sizes});
  if (failed(both))
    return failure();
  if (tensorType(*both, i32) != value.getType())
    return node.error("input " + Twine(zero) + " does not broadcast to input " +
                      Twine(i));
  return elementwise(node, {value, reshapeTo(node, point, sizes)}, *both, i32,
                     [](B &b, ValueRange args) {
                       return b.createOrFold<arith::SubIOp>(args[0], args[1]);
                     });
}

static LogicalResult importMatMulInteger(Node &node) {
  if (!node.elementType(0).isInteger(8) || !node.elementType(1).isInteger(8))
    return node.error("inputs 0 and 1 must have elements of 8-bit integers");
  FailureOr<Contraction> product = matMulLoops(node);
  FailureOr<Value> lhs = subtractZeroPoint(node, 0, 2);
  FailureOr<Value> rhs = subtractZeroPoint(node, 1, 3);
  if (failed(product) || failed(lhs) || failed(rhs))
    return failure();
  return node.setOutput(0, contract(node, *lhs, *rhs, *product));
}

void frontend::addMatMulOperators(OperatorTable &table) {
  table["MatMul"] = {importMatMul, 2, 2};
  table["Gemm"] = {importGemm, 2, 3};
  table["MatMulInteger"] = {importMatMulInteger, 2, 4};
}
