// Convolutions, pools and batch normalization.

#include "Windows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace rarefy;
using namespace rarefy::frontend;

using utils::IteratorType;

/// An attribute with a positive entry for each spatial dimension.
static FailureOr<SmallVector<int64_t>>
readPositive(Node &node, StringRef name, ArrayRef<int64_t> defaults) {
  SmallVector<int64_t> values(defaults);
  if (auto attr = node.intsAttr(name))
    values = *attr;
  if (values.size() != defaults.size() ||
      llvm::any_of(values, [](int64_t v) { return v < 1 || v > INT32_MAX; }))
    return node.error("expected " + Twine(defaults.size()) +
                      " positive entries of attribute '" + name + "'");
  return values;
}

/// Padding that makes the result ceil(size / stride) long; the odd element goes
/// to the end, or to the beginning if `lower`.
static void padToSame(IndexMath &math, Windows &windows, bool lower) {
  for (int64_t d = 0; d < windows.rank(); ++d) {
    OpFoldResult input = windows.inputSizes[d];
    OpFoldResult stride = math.index(windows.strides[d]);
    int64_t reach = (windows.kernel[d] - 1) * windows.dilations[d] + 1;
    OpFoldResult last =
        math.mul(math.sub(math.ceilDiv(input, stride), math.index(1)), stride);
    OpFoldResult total = math.max(
        math.sub(math.add(last, math.index(reach)), input), math.index(0));
    OpFoldResult smaller = math.floorDiv(total, math.index(2));
    OpFoldResult larger = math.sub(total, smaller);
    windows.low.push_back(lower ? larger : smaller);
    windows.high.push_back(lower ? smaller : larger);
  }
}

static LogicalResult readPads(Node &node, Windows &windows) {
  IndexMath math(node.b);
  int64_t rank = windows.rank();
  std::string mode = node.stringAttr("auto_pad", "NOTSET");
  auto attr = node.intsAttr("pads");
  if (mode == "SAME_UPPER" || mode == "SAME_LOWER") {
    padToSame(math, windows, mode == "SAME_LOWER");
    return success();
  }
  if (mode != "NOTSET" && mode != "VALID")
    return node.error("expected auto_pad NOTSET, SAME_UPPER, SAME_LOWER or "
                      "VALID, found '" +
                      mode + "'");
  SmallVector<int64_t> pads(2 * rank, 0);
  if (attr && mode == "NOTSET")
    pads = *attr;
  if (int64_t(pads.size()) != 2 * rank ||
      llvm::any_of(pads, [](int64_t p) { return p < 0 || p > INT32_MAX; }))
    return node.error("expected " + Twine(2 * rank) +
                      " entries of attribute 'pads' that are not negative");
  for (int64_t d = 0; d < rank; ++d) {
    windows.low.push_back(math.index(pads[d]));
    windows.high.push_back(math.index(pads[rank + d]));
  }
  return success();
}

FailureOr<Windows> frontend::readWindows(Node &node, ArrayRef<int64_t> kernel) {
  IndexMath math(node.b);
  int64_t rank = node.rank(0) - 2;
  if (rank < 1)
    return node.error("expected three dimensions at least, found " +
                      Twine(node.rank(0)));
  SmallVector<int64_t> none(rank, kernel.empty() ? 0 : 1);
  if (!kernel.empty())
    llvm::copy(kernel, none.begin());
  FailureOr<SmallVector<int64_t>> shape =
      readPositive(node, "kernel_shape", none);
  SmallVector<int64_t> ones(rank, 1);
  FailureOr<SmallVector<int64_t>> strides = readPositive(node, "strides", ones);
  FailureOr<SmallVector<int64_t>> dilations =
      readPositive(node, "dilations", ones);
  if (failed(shape) || failed(strides) || failed(dilations))
    return failure();
  Windows windows;
  windows.kernel = *shape;
  windows.strides = *strides;
  windows.dilations = *dilations;
  Sizes sizes = node.sizes(0);
  windows.inputSizes.append(sizes.begin() + 2, sizes.end());
  if (failed(readPads(node, windows)))
    return failure();
  bool ceil = node.intAttr("ceil_mode", 0) != 0;
  for (int64_t d = 0; d < rank; ++d) {
    int64_t reach = (windows.kernel[d] - 1) * windows.dilations[d] + 1;
    OpFoldResult stride = math.index(windows.strides[d]);
    OpFoldResult begin = math.add(windows.inputSizes[d], windows.low[d]);
    OpFoldResult room =
        math.sub(math.add(begin, windows.high[d]), math.index(reach));
    OpFoldResult steps =
        ceil ? math.ceilDiv(room, stride) : math.floorDiv(room, stride);
    OpFoldResult size = math.add(steps, math.index(1));
    // No window starts in the padding at the end.
    if (ceil)
      size = math.min(size, math.ceilDiv(begin, stride));
    if (getConstantIntValue(size).value_or(0) < 0)
      return node.error("expected windows no larger than the padded input");
    windows.sizes.push_back(math.max(size, math.index(0)));
  }
  return windows;
}

Value frontend::padForWindows(Node &node, const Windows &windows, Value fill) {
  IndexMath math(node.b);
  Sizes low(2, math.index(0)), high(2, math.index(0));
  bool needed = false;
  for (int64_t d = 0; d < windows.rank(); ++d) {
    // Windows of ceil_mode may reach beyond the padding.
    int64_t reach = (windows.kernel[d] - 1) * windows.dilations[d] + 1;
    OpFoldResult last = math.mul(math.sub(windows.sizes[d], math.index(1)),
                                 math.index(windows.strides[d]));
    OpFoldResult beyond =
        math.sub(math.add(last, math.index(reach)),
                 math.add(windows.inputSizes[d], windows.low[d]));
    low.push_back(windows.low[d]);
    high.push_back(math.max(beyond, math.index(0)));
    needed |= !isSize(low.back(), 0) || !isSize(high.back(), 0);
  }
  if (!needed)
    return node.value(0);
  return tensor::PadOp::create(node.b, Type(), node.value(0), low, high, fill);
}

/// The multiply-accumulate of a convolution or contraction.
static void buildMultiplyAdd(OpBuilder &b, Location loc, ValueRange args) {
  Value product = arith::MulFOp::create(b, loc, args[0], args[1]);
  Value sum = arith::AddFOp::create(b, loc, args[2], product);
  linalg::YieldOp::create(b, loc, sum);
}

/// What a convolution accumulates into: zeros or the bias of each channel.
static Value makeConvolutionInit(Node &node, ArrayRef<OpFoldResult> sizes) {
  Type element = node.elementType(0);
  if (!node.hasInput(2))
    return filledTensor(node, sizes, scalarConstant(node.b, element, 0));
  Value init = emptyTensor(node, sizes, element);
  SmallVector<int64_t> others;
  for (int64_t d = 0, rank = sizes.size(); d < rank; ++d)
    if (d != 1)
      others.push_back(d);
  return linalg::BroadcastOp::create(node.b, node.value(2), init, others)
      .getResults()
      .front();
}

/// Convolution of [batch, group, channel, spatial...] with weights [group,
/// feature, channel, spatial...] into [batch, group, feature, spatial...].
static Value convolve(Node &node, const Windows &windows, Value input,
                      Value weight, Value init) {
  MLIRContext *context = node.b.getContext();
  int64_t n = windows.rank();
  // Loops: batch, group, feature, output positions, channel, kernel positions.
  int64_t loops = 4 + 2 * n;
  auto dim = [&](int64_t d) { return getAffineDimExpr(d, context); };
  SmallVector<AffineExpr> inputExprs{dim(0), dim(1), dim(3 + n)};
  SmallVector<AffineExpr> weightExprs{dim(1), dim(2), dim(3 + n)};
  SmallVector<AffineExpr> initExprs{dim(0), dim(1), dim(2)};
  for (int64_t d = 0; d < n; ++d) {
    AffineExpr o = dim(3 + d), k = dim(4 + n + d);
    inputExprs.push_back(windows.position(d, o, k));
    weightExprs.push_back(k);
    initExprs.push_back(o);
  }
  SmallVector<AffineMap> maps;
  for (ArrayRef<AffineExpr> exprs :
       {ArrayRef(inputExprs), ArrayRef(weightExprs), ArrayRef(initExprs)})
    maps.push_back(AffineMap::get(loops, 0, exprs, context));
  SmallVector<IteratorType> iterators(3 + n, IteratorType::parallel);
  iterators.append(1 + n, IteratorType::reduction);
  return linalg::GenericOp::create(node.b, init.getType(),
                                   ValueRange{input, weight}, init, maps,
                                   iterators, buildMultiplyAdd)
      .getResult(0);
}

/// Splits dimension `dim` of size `size` into [groups, size / groups].
static Value splitGroups(Node &node, Value value, int64_t dim, int64_t groups) {
  Sizes sizes = node.importer.getSizes(value);
  int64_t size = cast<RankedTensorType>(value.getType()).getDimSize(dim);
  sizes[dim] = node.b.getIndexAttr(groups);
  sizes.insert(sizes.begin() + dim + 1, node.b.getIndexAttr(size / groups));
  return reshapeTo(node, value, sizes);
}

static LogicalResult checkConvolution(Node &node, int64_t groups) {
  RankedTensorType x = node.type(0), w = node.type(1);
  if (!isa<FloatType>(x.getElementType()))
    return node.error("expected floating-point elements");
  if (x.getRank() < 3 || w.getRank() != x.getRank())
    return node.error("expected an input and weights of as many dimensions, "
                      "three at least, found " +
                      Twine(x.getRank()) + " and " + Twine(w.getRank()));
  if (!w.hasStaticShape() || x.isDynamicDim(1))
    return node.error("expected weights and channels of static size");
  if (groups < 1 || w.getDimSize(0) % groups != 0 ||
      x.getDimSize(1) != w.getDimSize(1) * groups)
    return node.error("expected " + Twine(x.getDimSize(1)) +
                      " channels to be 'group' times the " +
                      Twine(w.getDimSize(1)) + " of the weights, found " +
                      Twine(groups) + " groups");
  if (node.hasInput(2) && node.type(2).getShape() != w.getShape().take_front(1))
    return node.error("expected a bias for each of " + Twine(w.getDimSize(0)) +
                      " features");
  return success();
}

static LogicalResult importConv(Node &node) {
  int64_t groups = node.intAttr("group", 1);
  SmallVector<unsigned> inputs{0, 1};
  if (node.hasInput(2))
    inputs.push_back(2);
  if (failed(checkSameType(node, inputs)) ||
      failed(checkConvolution(node, groups)))
    return failure();
  ArrayRef<int64_t> weightShape = node.type(1).getShape();
  FailureOr<Windows> windows = readWindows(node, weightShape.drop_front(2));
  if (failed(windows))
    return failure();
  if (ArrayRef(windows->kernel) != weightShape.drop_front(2))
    return node.error("expected kernel_shape to be the shape of the weights");
  Sizes sizes{node.sizes(0)[0], node.b.getIndexAttr(weightShape[0])};
  llvm::append_range(sizes, windows->sizes);
  Value zero = scalarConstant(node.b, node.elementType(0), 0);
  Value input = padForWindows(node, *windows, zero);
  Value weight = node.value(1);
  Value init = makeConvolutionInit(node, sizes);
  if (windows->rank() == 2 && groups == 1) {
    auto strides = node.b.getI64TensorAttr(windows->strides);
    auto dilations = node.b.getI64TensorAttr(windows->dilations);
    auto conv = linalg::Conv2DNchwFchwOp::create(node.b, init.getType(),
                                                 ValueRange{input, weight},
                                                 init, strides, dilations);
    return node.setOutput(0, conv.getResult(0));
  }
  Value result = convolve(node, *windows, splitGroups(node, input, 1, groups),
                          splitGroups(node, weight, 0, groups),
                          splitGroups(node, init, 1, groups));
  return node.setOutput(0, reshapeTo(node, result, sizes));
}

void frontend::addWindowOperators(OperatorTable &table) {
  table["Conv"] = {importConv, 2, 3};
}
