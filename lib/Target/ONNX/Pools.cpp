// Pools and batch normalization.

#include "Windows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace rarefy;
using namespace rarefy::frontend;

using arith::CmpIPredicate;
using utils::IteratorType;

/// A linalg.generic over [batch, channel, output positions, kernel positions]
/// that folds the padded `input` into `inits`.
static linalg::GenericOp
foldWindows(Node &node, const Windows &windows, Value input, ValueRange inits,
            function_ref<void(OpBuilder &, Location, ValueRange)> body) {
  MLIRContext *context = node.b.getContext();
  int64_t n = windows.rank();
  int64_t loops = 2 + 2 * n;
  auto dim = [&](int64_t d) { return getAffineDimExpr(d, context); };
  SmallVector<AffineExpr> inputExprs{dim(0), dim(1)}, kernelExprs;
  SmallVector<AffineExpr> outputExprs{dim(0), dim(1)};
  for (int64_t d = 0; d < n; ++d) {
    AffineExpr o = dim(2 + d), k = dim(2 + n + d);
    inputExprs.push_back(windows.position(d, o, k));
    kernelExprs.push_back(k);
    outputExprs.push_back(o);
  }
  SmallVector<AffineMap> maps{AffineMap::get(loops, 0, inputExprs, context),
                              AffineMap::get(loops, 0, kernelExprs, context)};
  maps.append(inits.size(), AffineMap::get(loops, 0, outputExprs, context));
  SmallVector<IteratorType> iterators(2 + n, IteratorType::parallel);
  iterators.append(n, IteratorType::reduction);
  // Only its shape is used: it bounds the kernel's loops.
  Value kernel =
      emptyTensor(node, staticSizes(node, windows.kernel), node.b.getI1Type());
  return linalg::GenericOp::create(node.b, inits.getTypes(),
                                   ValueRange{input, kernel}, inits, maps,
                                   iterators, body);
}

static Sizes getResultSizes(Node &node, const Windows &windows) {
  Sizes sizes(ArrayRef<OpFoldResult>(node.sizes(0)).take_front(2));
  llvm::append_range(sizes, windows.sizes);
  return sizes;
}

/// The number of kernel positions of the window at `o` along dimension `d` that
/// lie in [begin, end) of the input.
static OpFoldResult countInside(IndexMath &math, const Windows &windows,
                                int64_t d, OpFoldResult o, OpFoldResult begin,
                                OpFoldResult end) {
  OpFoldResult start =
      math.sub(math.mul(o, math.index(windows.strides[d])), windows.low[d]);
  OpFoldResult step = math.index(windows.dilations[d]);
  OpFoldResult kernel = math.index(windows.kernel[d]);
  OpFoldResult first = math.ceilDiv(math.sub(begin, start), step);
  OpFoldResult last = math.ceilDiv(math.sub(end, start), step);
  return math.sub(math.min(last, kernel), math.max(first, math.index(0)));
}

static LogicalResult importAveragePool(Node &node) {
  if (!isa<FloatType>(node.elementType(0)))
    return node.error("expected floating-point elements");
  bool includePad = node.intAttr("count_include_pad", 0) != 0;
  FailureOr<Windows> windows = readWindows(node, {});
  if (failed(windows))
    return failure();
  Type element = node.elementType(0);
  Sizes sizes = getResultSizes(node, *windows);
  Value zero = scalarConstant(node.b, element, 0);
  Value sums =
      foldWindows(node, *windows, padForWindows(node, *windows, zero),
                  filledTensor(node, sizes, zero),
                  [](OpBuilder &b, Location loc, ValueRange args) {
                    Value sum = arith::AddFOp::create(b, loc, args[2], args[0]);
                    linalg::YieldOp::create(b, loc, sum);
                  })
          .getResult(0);
  auto divide = [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
    IndexMath math(b);
    OpFoldResult count = math.index(1);
    for (int64_t d = 0; d < windows->rank(); ++d) {
      OpFoldResult begin = math.index(0), end = windows->inputSizes[d];
      if (includePad) {
        begin = math.sub(begin, windows->low[d]);
        end = math.add(end, windows->high[d]);
      }
      Value o = linalg::IndexOp::create(b, 2 + d);
      count = math.mul(count, countInside(math, *windows, d, o, begin, end));
    }
    Value divisor =
        arith::IndexCastOp::create(b, b.getI64Type(), math.value(count));
    divisor = arith::SIToFPOp::create(b, element, divisor);
    return arith::DivFOp::create(b, args[0], divisor);
  };
  return node.setOutput(0, mapElements(node, sums, element, divide));
}

/// The smallest value of a type.
static Value makeLowest(ImplicitLocOpBuilder &b, Type type, bool isUnsigned) {
  if (auto floatType = dyn_cast<FloatType>(type))
    return arith::ConstantOp::create(
        b, b.getFloatAttr(type, APFloat::getInf(floatType.getFloatSemantics(),
                                                /*Negative=*/true)));
  unsigned width = type.getIntOrFloatBitWidth();
  APInt lowest =
      isUnsigned ? APInt::getMinValue(width) : APInt::getSignedMinValue(width);
  return arith::ConstantOp::create(b, b.getIntegerAttr(type, lowest));
}

static Value isGreater(ImplicitLocOpBuilder &b, Value x, Value y,
                       bool isUnsigned) {
  if (isa<FloatType>(x.getType()))
    return arith::CmpFOp::create(b, arith::CmpFPredicate::OGT, x, y);
  auto predicate = isUnsigned ? CmpIPredicate::ugt : CmpIPredicate::sgt;
  return arith::CmpIOp::create(b, predicate, x, y);
}

/// The body of a max pool that also yields where each maximum is, as the
/// position in the flattened input; the first one wins.
static void buildArgMax(Node &node, const Windows &windows, bool columnMajor,
                        ImplicitLocOpBuilder &b, ValueRange args) {
  IndexMath math(b);
  int64_t n = windows.rank();
  Sizes sizes = node.sizes(0);
  auto loop = [&](int64_t d) -> OpFoldResult {
    return linalg::IndexOp::create(b, d).getResult();
  };
  OpFoldResult flat = math.add(math.mul(loop(0), sizes[1]), loop(1));
  Value inside = arith::ConstantOp::create(b, b.getBoolAttr(true));
  Sizes position;
  for (int64_t d = 0; d < n; ++d) {
    OpFoldResult start = math.mul(loop(2 + d), math.index(windows.strides[d]));
    OpFoldResult step =
        math.mul(loop(2 + n + d), math.index(windows.dilations[d]));
    position.push_back(math.sub(math.add(start, step), windows.low[d]));
    inside = b.createOrFold<arith::AndIOp>(
        inside, isInside(b, position[d], sizes[2 + d]));
  }
  for (int64_t i = 0; i < n; ++i) {
    int64_t d = columnMajor ? n - 1 - i : i;
    flat = math.add(math.mul(flat, sizes[2 + d]), position[d]);
  }
  Value index = arith::IndexCastOp::create(b, b.getI64Type(), math.value(flat));
  Value none = arith::CmpIOp::create(b, CmpIPredicate::slt, args[3],
                                     scalarConstant(b, b.getI64Type(), 0));
  Value better = isGreater(b, args[0], args[2], node.isUnsigned(0));
  better = arith::OrIOp::create(b, none, better);
  better = arith::AndIOp::create(b, inside, better);
  Value value = arith::SelectOp::create(b, better, args[0], args[2]);
  Value where = arith::SelectOp::create(b, better, index, args[3]);
  linalg::YieldOp::create(b, ValueRange{value, where});
}

static LogicalResult importMaxPool(Node &node) {
  bool columnMajor = node.intAttr("storage_order", 0) != 0;
  FailureOr<Windows> windows = readWindows(node, {});
  if (failed(windows))
    return failure();
  bool isUnsigned = node.isUnsigned(0);
  Sizes sizes = getResultSizes(node, *windows);
  Value lowest = makeLowest(node.b, node.elementType(0), isUnsigned);
  Value padded = padForWindows(node, *windows, lowest);
  Value init = filledTensor(node, sizes, lowest);
  if (!node.hasOutput(1)) {
    auto kind = isa<FloatType>(node.elementType(0))
                    ? arith::AtomicRMWKind::maximumf
                : isUnsigned ? arith::AtomicRMWKind::maxu
                             : arith::AtomicRMWKind::maxs;
    auto body = [&](OpBuilder &b, Location loc, ValueRange args) {
      Value max = arith::getReductionOp(kind, b, loc, args[2], args[0]);
      linalg::YieldOp::create(b, loc, max);
    };
    auto generic = foldWindows(node, *windows, padded, init, body);
    return node.setOutputLike(0, generic.getResult(0));
  }
  Value nowhere = scalarConstant(node.b, node.b.getI64Type(), -1);
  auto generic = foldWindows(
      node, *windows, padded, {init, filledTensor(node, sizes, nowhere)},
      [&](OpBuilder &builder, Location loc, ValueRange args) {
        ImplicitLocOpBuilder b(loc, builder);
        buildArgMax(node, *windows, columnMajor, b, args);
      });
  if (failed(node.setOutputLike(0, generic.getResult(0))))
    return failure();
  return node.setOutput(1, generic.getResult(1));
}

/// The type that sums and quotients of `element` are computed in.
static Type getComputeType(ImplicitLocOpBuilder &b, Type element) {
  return element.getIntOrFloatBitWidth() < 32 ? b.getF32Type() : element;
}

/// The mean of `value`, of a type wide enough, over `dims`.
static Value averageOver(Node &node, Value value, ArrayRef<int64_t> dims) {
  IndexMath math(node.b);
  Type type = getElementTypeOrSelf(value.getType());
  Sizes sizes = node.importer.getSizes(value);
  OpFoldResult count = math.index(1);
  for (int64_t d : dims)
    count = math.mul(count, sizes[d]);
  Value sums =
      reduceDims(node, value, dims, scalarConstant(node.b, type, 0),
                 [](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
                   return arith::AddFOp::create(b, args[0], args[1]);
                 });
  Value divisor = node.b.createOrFold<arith::IndexCastOp>(node.b.getI64Type(),
                                                          math.value(count));
  divisor = node.b.createOrFold<arith::SIToFPOp>(type, divisor);
  return mapElements(node, sums, type,
                     [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
                       return arith::DivFOp::create(b, args[0], divisor);
                     });
}

static LogicalResult importGlobalAveragePool(Node &node) {
  Type element = node.elementType(0);
  if (!isa<FloatType>(element) || node.rank(0) < 3)
    return node.error("expected floating-point elements and three dimensions "
                      "at least");
  SmallVector<int64_t> spatial =
      llvm::to_vector(llvm::seq<int64_t>(2, node.rank(0)));
  Sizes sizes = node.sizes(0);
  for (int64_t d : spatial)
    sizes[d] = node.b.getIndexAttr(1);
  Value wide =
      convertElements(node, node.value(0), getComputeType(node.b, element));
  Value mean = averageOver(node, wide, spatial);
  return node.setOutput(
      0, reshapeTo(node, convertElements(node, mean, element), sizes));
}

/// A [channels] tensor as one that broadcasts to [batch, channels, spatial...].
static Value alignChannels(Node &node, Value value) {
  Sizes sizes(node.rank(0) - 1, node.b.getIndexAttr(1));
  sizes[0] = node.importer.getSizes(value)[0];
  return reshapeTo(node, value, sizes);
}

/// Replaces mean and variance by those of the batch and sets the running ones.
static LogicalResult useBatchStatistics(Node &node, double momentum, Value x,
                                        Value &mean, Value &variance) {
  SmallVector<int64_t> others{0};
  llvm::append_range(others, llvm::seq<int64_t>(2, node.rank(0)));
  Type compute = getElementTypeOrSelf(x.getType());
  Value batchMean = averageOver(node, x, others);
  Value squares = elementwise(
      node, {x, alignChannels(node, batchMean)}, node.sizes(0), compute,
      [](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
        Value distance = arith::SubFOp::create(b, args[0], args[1]);
        return arith::MulFOp::create(b, distance, distance);
      });
  Value batchVariance = averageOver(node, squares, others);
  for (auto [i, old, now] :
       {std::tuple(1u, mean, batchMean), {2u, variance, batchVariance}}) {
    Value running = elementwise(
        node, {old, now}, node.importer.getSizes(now), compute,
        [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
          Value kept = arith::MulFOp::create(
              b, args[0], scalarConstant(b, compute, momentum));
          Value added = arith::MulFOp::create(
              b, args[1], scalarConstant(b, compute, 1.0 - momentum));
          return arith::AddFOp::create(b, kept, added);
        });
    if (node.hasOutput(i) &&
        failed(node.setOutput(
            i, convertElements(node, running, node.elementType(i + 2)))))
      return failure();
  }
  mean = batchMean;
  variance = batchVariance;
  return success();
}

static LogicalResult importBatchNormalization(Node &node) {
  Type element = node.elementType(0);
  if (!isa<FloatType>(element) || node.rank(0) < 2)
    return node.error("expected floating-point elements and two dimensions at "
                      "least");
  double epsilon = node.floatAttr("epsilon", 1e-5);
  double momentum = node.floatAttr("momentum", 0.9);
  bool training = node.getOpset() < 7 ? node.intAttr("is_test", 0) == 0
                                      : node.intAttr("training_mode", 0) != 0;
  Type compute = getComputeType(node.b, element);
  SmallVector<Value> operands;
  for (unsigned i = 0; i < 5; ++i) {
    if (i > 0 && (node.rank(i) != 1 ||
                  failed(verifyCompatibleDims({node.type(i).getDimSize(0),
                                               node.type(0).getDimSize(1)}))))
      return node.error("input " + Twine(i) +
                        " must have one element for each channel");
    operands.push_back(convertElements(node, node.value(i), compute));
  }
  if (training && failed(useBatchStatistics(node, momentum, operands[0],
                                            operands[3], operands[4])))
    return failure();
  for (Value &operand : MutableArrayRef(operands).drop_front())
    operand = alignChannels(node, operand);
  Value result =
      elementwise(node, operands, node.sizes(0), compute,
                  [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
                    Value spread = arith::AddFOp::create(
                        b, args[4], scalarConstant(b, compute, epsilon));
                    Value scale = arith::DivFOp::create(
                        b, args[1], math::SqrtOp::create(b, spread));
                    Value centred = arith::SubFOp::create(b, args[0], args[3]);
                    Value scaled = arith::MulFOp::create(b, centred, scale);
                    return arith::AddFOp::create(b, scaled, args[2]);
                  });
  return node.setOutput(0, convertElements(node, result, element));
}

void frontend::addPoolOperators(OperatorTable &table) {
  table["AveragePool"] = {importAveragePool, 1, 1};
  table["BatchNormalization"] = {importBatchNormalization, 5, 5, 3};
  table["GlobalAveragePool"] = {importGlobalAveragePool, 1, 1};
  table["MaxPool"] = {importMaxPool, 1, 1, 2};
}
