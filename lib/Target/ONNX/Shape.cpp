// Operators that make, query and change shapes.

#include "RuntimeAxes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/IndexingUtils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"

using namespace rarefy;
using namespace rarefy::frontend;

using B = ImplicitLocOpBuilder;

/// Output 0 as input 0 with other sizes; its elements stay known.
static LogicalResult setReshaped(Node &node, ArrayRef<OpFoldResult> sizes) {
  Tensor &input = node.in(0);
  RankedTensorType type = tensorType(sizes, node.elementType(0));
  if (!input.value && !input.constant && input.scalars)
    return node.setScalars(0, type, *input.scalars, input.isUnsigned);
  return node.setOutputLike(0, reshapeTo(node, node.value(0), sizes));
}

//===----------------------------------------------------------------------===//
// Constants
//===----------------------------------------------------------------------===//

static LogicalResult setList(Node &node, ArrayRef<Value> scalars, Type element,
                             bool isList) {
  auto type = RankedTensorType::get({}, element);
  if (isList)
    type =
        RankedTensorType::get({static_cast<int64_t>(scalars.size())}, element);
  return node.setScalars(0, type, scalars);
}

static LogicalResult importConstant(Node &node) {
  B &b = node.b;
  if (node.hasAttr("value")) {
    const onnx::TensorProto *proto = node.tensorAttr("value");
    if (!proto)
      return failure();
    FailureOr<Tensor> tensor = node.importTensor(*proto);
    return failed(tensor) ? failure() : node.setOutput(0, std::move(*tensor));
  }
  SmallVector<Value> scalars;
  Type i64 = b.getI64Type(), f32 = b.getF32Type();
  if (node.hasAttr("value_int") || node.hasAttr("value_float")) {
    bool isInt = node.hasAttr("value_int");
    scalars.push_back(
        isInt ? scalarConstant(b, i64, node.intAttr("value_int", 0))
              : scalarConstant(b, f32, node.floatAttr("value_float", 0)));
    return setList(node, scalars, isInt ? i64 : f32, false);
  }
  if (auto ints = node.intsAttr("value_ints")) {
    for (int64_t value : *ints)
      scalars.push_back(scalarConstant(b, i64, value));
    return setList(node, scalars, i64, true);
  }
  if (auto floats = node.floatsAttr("value_floats")) {
    for (double value : *floats)
      scalars.push_back(scalarConstant(b, f32, value));
    return setList(node, scalars, f32, true);
  }
  return node.error("kind of constant is not supported");
}

/// The elements of a 1-D integer input as sizes.
static FailureOr<Sizes> inputSizes(Node &node, unsigned i) {
  if (!node.elementType(i).isInteger() || node.rank(i) != 1)
    return node.error("input " + Twine(i) + " must be a list of integers");
  FailureOr<SmallVector<Value>> scalars = node.extractScalars(i);
  if (failed(scalars))
    return failure();
  Sizes sizes;
  for (Value scalar : *scalars)
    sizes.push_back(scalarToSize(node.b, scalar));
  return sizes;
}

/// Refuses sizes that are negative or have too large a product.
static LogicalResult checkSizes(Node &node, ArrayRef<OpFoldResult> sizes) {
  constexpr int64_t limit = int64_t(1) << 40;
  int64_t product = 1;
  for (OpFoldResult size : sizes) {
    std::optional<int64_t> constant = getConstantIntValue(size);
    if (constant && *constant < 0)
      return node.error("size " + Twine(*constant) + " is negative");
    if (constant && *constant > 0 && *constant > limit / product)
      return node.error("output 0 is too large");
    if (constant && *constant > 0)
      product *= *constant;
  }
  return success();
}

/// Are some sizes elements of a tensor, which may be anything?
static bool hasUnknownSizes(Node &node, unsigned i) {
  return !node.in(i).constant && !node.scalars(i);
}

static LogicalResult importConstantOfShape(Node &node) {
  B &b = node.b;
  FailureOr<Sizes> sizes = inputSizes(node, 0);
  if (failed(sizes) || failed(checkSizes(node, *sizes)))
    return failure();
  if (hasUnknownSizes(node, 0))
    requireSizes(node, *sizes);
  Value scalar = scalarConstant(b, b.getF32Type(), 0);
  bool isUnsigned = false;
  if (node.hasAttr("value")) {
    const onnx::TensorProto *proto = node.tensorAttr("value");
    if (!proto)
      return failure();
    FailureOr<Tensor> tensor = node.importTensor(*proto);
    if (failed(tensor))
      return failure();
    std::optional<SmallVector<Value>> scalars =
        node.importer.constantScalars(*tensor);
    if (!scalars || scalars->size() != 1)
      return node.error("attribute 'value' must have one element");
    scalar = scalars->front();
    isUnsigned = tensor->isUnsigned;
  }
  RankedTensorType type = tensorType(*sizes, scalar.getType());
  if (!type.hasStaticShape())
    return node.setOutput(0, filledTensor(node, *sizes, scalar), isUnsigned);
  Tensor tensor;
  tensor.type = type;
  tensor.isUnsigned = isUnsigned;
  TypedAttr attr;
  (void)matchPattern(scalar, m_Constant(&attr));
  tensor.constant = DenseElementsAttr::get(type, ArrayRef<Attribute>(attr));
  return node.setOutput(0, std::move(tensor));
}

//===----------------------------------------------------------------------===//
// Shapes
//===----------------------------------------------------------------------===//

static LogicalResult importShape(Node &node) {
  int64_t rank = node.rank(0);
  auto clamp = [&](int64_t index) {
    return std::clamp<int64_t>(index < 0 ? index + rank : index, 0, rank);
  };
  int64_t start = clamp(node.intAttr("start", 0));
  int64_t end = std::max(start, clamp(node.intAttr("end", rank)));
  Sizes sizes = node.sizes(0);
  SmallVector<Value> scalars;
  for (OpFoldResult size : ArrayRef(sizes).slice(start, end - start))
    scalars.push_back(sizeToScalar(node.b, size));
  return setList(node, scalars, node.b.getI64Type(), true);
}

/// The size that makes `sizes` hold as many elements as `from`, where `sizes`
/// has it at `unknown`.
static FailureOr<OpFoldResult> inferSize(Node &node,
                                         ArrayRef<OpFoldResult> from,
                                         ArrayRef<OpFoldResult> sizes,
                                         size_t unknown) {
  B &b = node.b;
  int64_t number = 1, divisor = 1;
  SmallVector<Value> factors, divisors;
  for (OpFoldResult size : from) {
    if (std::optional<int64_t> constant = getConstantIntValue(size))
      number *= *constant;
    else
      factors.push_back(cast<Value>(size));
  }
  for (auto [i, size] : llvm::enumerate(sizes)) {
    if (i == unknown)
      continue;
    if (std::optional<int64_t> constant = getConstantIntValue(size)) {
      divisor *= *constant;
      continue;
    }
    auto *same = llvm::find(factors, cast<Value>(size));
    if (same != factors.end())
      factors.erase(same);
    else
      divisors.push_back(cast<Value>(size));
  }
  if (divisor == 0 || (factors.empty() && divisors.empty() && number % divisor))
    return node.error("the size for -1 is not an integer");
  if (divisors.empty() && number % divisor == 0) {
    number /= divisor;
    divisor = 1;
  }
  Type index = b.getIndexType();
  Value result;
  auto multiply = [&](Value &product, Value factor) {
    product = product ? b.createOrFold<arith::MulIOp>(product, factor) : factor;
  };
  for (Value factor : factors)
    multiply(result, factor);
  if (!result)
    result = scalarConstant(b, index, number);
  else if (number != 1)
    multiply(result, scalarConstant(b, index, number));
  Value quotient;
  for (Value factor : divisors)
    multiply(quotient, factor);
  if (divisor != 1)
    multiply(quotient, scalarConstant(b, index, divisor));
  if (quotient)
    result = b.createOrFold<arith::DivUIOp>(result, quotient);
  return getAsOpFoldResult(result);
}

/// Static shapes must have equally many elements.
static LogicalResult checkCount(Node &node, ArrayRef<OpFoldResult> from,
                                ArrayRef<OpFoldResult> to) {
  RankedTensorType fromType = tensorType(from, node.elementType(0));
  RankedTensorType toType = tensorType(to, node.elementType(0));
  if (fromType.hasStaticShape() && toType.hasStaticShape() &&
      fromType.getNumElements() != toType.getNumElements())
    return node.error("cannot reshape " + Twine(fromType.getNumElements()) +
                      " elements to " + Twine(toType.getNumElements()));
  return success();
}

/// Gives sizes that are known only at run time what 0 and -1 stand for, and
/// has them checked then.
static void resolveRuntimeSizes(Node &node, ArrayRef<OpFoldResult> from,
                                Sizes &to, bool allowZero) {
  IndexMath math(node.b);
  OpFoldResult one = math.index(1), total = one, others = one;
  for (OpFoldResult size : from)
    total = math.mul(total, size);
  for (auto [i, size] : llvm::enumerate(to)) {
    if (!allowZero && i < from.size())
      size = math.selectEqual(size, math.index(0), from[i], size);
    others = math.mul(others, math.selectNegative(size, one, size));
  }
  others = math.max(others, one);
  OpFoldResult count = one;
  for (OpFoldResult &size : to) {
    size = math.selectNegative(size, math.floorDiv(total, others), size);
    count = math.mul(count, size);
  }
  node.require(compareIndex(node.b, arith::CmpIPredicate::eq, count, total),
               "expected sizes of as many elements as the input has");
}

static LogicalResult importReshape(Node &node) {
  bool allowZero = node.intAttr("allowzero", 0);
  Sizes from = node.sizes(0);
  FailureOr<Sizes> to = inputSizes(node, 1);
  if (failed(to))
    return failure();
  if (hasUnknownSizes(node, 1))
    resolveRuntimeSizes(node, from, *to, allowZero);
  std::optional<size_t> unknown;
  for (auto [i, size] : llvm::enumerate(*to)) {
    if (isSize(size, 0) && !allowZero) {
      if (i >= from.size())
        return node.error("size 0 at position " + Twine(i) +
                          " copies no size of the input");
      size = from[i];
    } else if (isSize(size, -1)) {
      if (unknown)
        return node.error("more than one size is -1");
      unknown = i;
      size = node.b.getIndexAttr(1);
    }
  }
  if (failed(checkSizes(node, *to)))
    return failure();
  if (unknown) {
    FailureOr<OpFoldResult> size = inferSize(node, from, *to, *unknown);
    if (failed(size))
      return failure();
    (*to)[*unknown] = *size;
  }
  if (failed(checkSizes(node, *to)) || failed(checkCount(node, from, *to)))
    return failure();
  return setReshaped(node, *to);
}

static LogicalResult importFlatten(Node &node) {
  int64_t rank = node.rank(0);
  int64_t axis = node.intAttr("axis", 1);
  if (axis != rank && (axis = node.normalizeAxis(axis, rank)) < 0)
    return failure();
  Sizes from = node.sizes(0);
  auto product = [&](ArrayRef<OpFoldResult> sizes) {
    Value result = scalarConstant(node.b, node.b.getIndexType(), 1);
    for (OpFoldResult size : sizes)
      result = node.b.createOrFold<arith::MulIOp>(
          result,
          getValueOrCreateConstantIndexOp(node.b, node.b.getLoc(), size));
    return getAsOpFoldResult(result);
  };
  ArrayRef<OpFoldResult> all = from;
  return setReshaped(
      node, {product(all.take_front(axis)), product(all.drop_front(axis))});
}

/// The dimensions that input 1 names, counted from the front and ascending.
static FailureOr<SmallVector<int64_t>> inputAxes(Node &node, int64_t rank) {
  FailureOr<SmallVector<int64_t>> axes;
  if (node.getOpset() < 13)
    axes = node.intsAttr("axes").value_or(SmallVector<int64_t>());
  else
    axes = node.constantInts(1);
  if (failed(axes))
    return failure();
  for (int64_t &axis : *axes)
    if ((axis = node.normalizeAxis(axis, rank)) < 0)
      return failure();
  llvm::sort(*axes);
  if (std::adjacent_find(axes->begin(), axes->end()) != axes->end())
    return node.error("an axis is given twice");
  return axes;
}

/// Does input 1 name axes that are known only at run time?
static bool hasRuntimeAxes(Node &node) {
  return node.hasInput(1) && countAxes(node, 1) > 0 && !node.scalars(1);
}

static LogicalResult importSqueeze(Node &node) {
  Sizes from = node.sizes(0), to;
  SmallVector<int64_t> axes;
  if (hasRuntimeAxes(node)) {
    FailureOr<Sizes> flags = readAxisFlags(node, 1, node.rank(0));
    if (failed(flags))
      return failure();
    return setReshaped(node,
                       dropFlagged(node, from, *flags, countAxes(node, 1)));
  }
  bool hasAxes = node.hasInput(1) || node.hasAttr("axes");
  if (hasAxes) {
    FailureOr<SmallVector<int64_t>> given = inputAxes(node, node.rank(0));
    if (failed(given))
      return failure();
    axes = *given;
  }
  for (auto [i, size] : llvm::enumerate(from)) {
    bool named = llvm::is_contained(axes, static_cast<int64_t>(i));
    std::optional<int64_t> known = getConstantIntValue(size);
    if (named && known.value_or(1) != 1)
      return node.error("cannot squeeze a dimension of size " + Twine(*known));
    if (hasAxes ? !named : known != 1)
      to.push_back(size);
  }
  return setReshaped(node, to);
}

static LogicalResult importUnsqueeze(Node &node) {
  if (node.getOpset() >= 13 && !node.hasInput(1))
    return node.error("input 1 is missing");
  int64_t added =
      node.hasInput(1)
          ? countAxes(node, 1)
          : node.intsAttr("axes").value_or(SmallVector<int64_t>()).size();
  int64_t rank = node.rank(0) + added;
  if (hasRuntimeAxes(node)) {
    FailureOr<Sizes> flags = readAxisFlags(node, 1, rank);
    if (failed(flags))
      return failure();
    return setReshaped(node, insertFlagged(node, node.sizes(0), *flags));
  }
  FailureOr<SmallVector<int64_t>> axes = inputAxes(node, rank);
  if (failed(axes))
    return failure();
  Sizes from = node.sizes(0), to;
  for (int64_t i = 0, next = 0; i < rank; ++i)
    to.push_back(llvm::is_contained(*axes, i)
                     ? OpFoldResult(node.b.getIndexAttr(1))
                     : from[next++]);
  return setReshaped(node, to);
}

static LogicalResult importTranspose(Node &node) {
  int64_t rank = node.rank(0);
  SmallVector<int64_t> permutation =
      node.intsAttr("perm").value_or(SmallVector<int64_t>(
          llvm::reverse(llvm::to_vector(llvm::seq<int64_t>(0, rank)))));
  if (static_cast<int64_t>(permutation.size()) != rank ||
      !isPermutationVector(permutation))
    return node.error("attribute 'perm' must be a permutation of " +
                      Twine(rank) + " dimensions");
  return node.setOutputLike(0, transposeTo(node, node.value(0), permutation));
}

static LogicalResult importExpand(Node &node) {
  FailureOr<Sizes> target = inputSizes(node, 1);
  if (failed(target) || failed(checkSizes(node, *target)))
    return failure();
  if (hasUnknownSizes(node, 1))
    requireSizes(node, *target);
  FailureOr<Sizes> sizes = broadcastSizes(node, {node.sizes(0), *target});
  if (failed(sizes))
    return failure();
  if (tensorType(*sizes, node.elementType(0)) == node.type(0) &&
      *sizes == node.sizes(0))
    return node.setOutput(0, node.in(0));
  return node.setOutputLike(
      0, elementwise(node, node.value(0), *sizes, node.elementType(0),
                     [](B &, ValueRange args) { return args[0]; }));
}

//===----------------------------------------------------------------------===//
// Range
//===----------------------------------------------------------------------===//

/// Number of elements from `start` to `limit` by `delta`.
static Value rangeCount(B &b, Value start, Value limit, Value delta) {
  if (isa<FloatType>(start.getType())) {
    Value steps = b.createOrFold<arith::DivFOp>(
        b.createOrFold<arith::SubFOp>(limit, start), delta);
    Value count = b.createOrFold<math::CeilOp>(steps);
    return b.createOrFold<arith::FPToSIOp>(b.getI64Type(), count);
  }
  // The smallest number divided by -1 is a trap.
  auto constant = [&](int64_t n) {
    return scalarConstant(b, delta.getType(), n);
  };
  Value isMinusOne = b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::eq,
                                                   delta, constant(-1));
  Value steps = b.createOrFold<arith::SelectOp>(
      isMinusOne, b.createOrFold<arith::SubIOp>(start, limit),
      b.createOrFold<arith::CeilDivSIOp>(
          b.createOrFold<arith::SubIOp>(limit, start),
          b.createOrFold<arith::SelectOp>(isMinusOne, constant(1), delta)));
  return convertScalar(b, steps, b.getI64Type(), false, false);
}

static LogicalResult importRange(Node &node) {
  B &b = node.b;
  if (failed(checkSameType(node, {0, 1, 2})))
    return failure();
  SmallVector<Value> bounds;
  for (unsigned i : {0, 1, 2}) {
    FailureOr<SmallVector<Value>> scalars = node.extractScalars(i);
    if (failed(scalars))
      return failure();
    if (scalars->size() != 1)
      return node.error("input " + Twine(i) + " must be a scalar");
    bounds.push_back(scalars->front());
  }
  if (matchPattern(bounds[2], m_AnyZeroFloat()) ||
      matchPattern(bounds[2], m_Zero()))
    return node.error("the step is 0");
  if (isa<IntegerType>(bounds[2].getType()) &&
      !matchPattern(bounds[2], m_Constant()))
    node.require(
        arith::CmpIOp::create(b, arith::CmpIPredicate::ne, bounds[2],
                              scalarConstant(b, bounds[2].getType(), 0)),
        "expected a step that is not 0");
  Value count = rangeCount(b, bounds[0], bounds[1], bounds[2]);
  count = b.createOrFold<arith::MaxSIOp>(count,
                                         scalarConstant(b, b.getI64Type(), 0));
  Sizes sizes = {scalarToSize(b, count)};
  if (failed(checkSizes(node, sizes)))
    return failure();
  Type type = node.elementType(0);
  auto compute = [&](B &b, Value position) -> Value {
    Value step = b.createOrFold<arith::IndexCastOp>(b.getI64Type(), position);
    step = convertScalar(b, step, type, false, false);
    if (isa<FloatType>(type))
      return b.createOrFold<arith::AddFOp>(
          bounds[0], b.createOrFold<arith::MulFOp>(step, bounds[2]));
    return b.createOrFold<arith::AddIOp>(
        bounds[0], b.createOrFold<arith::MulIOp>(step, bounds[2]));
  };
  constexpr int64_t limit = 64;
  std::optional<int64_t> known = getConstantIntValue(sizes[0]);
  if (known && *known <= limit) {
    SmallVector<Value> scalars;
    for (int64_t i = 0; i < *known; ++i)
      scalars.push_back(compute(b, scalarConstant(b, b.getIndexType(), i)));
    return node.setScalars(0, tensorType(sizes, type), scalars,
                           node.isUnsigned(0));
  }
  return node.setOutputLike(
      0, elementwise(node, ValueRange(), sizes, type, [&](B &b, ValueRange) {
        return compute(b, linalg::IndexOp::create(b, 0));
      }));
}

void frontend::addShapeOperators(OperatorTable &table) {
  table["Constant"] = {importConstant, 0, 0};
  table["ConstantOfShape"] = {importConstantOfShape, 1, 1};
  table["Expand"] = {importExpand, 2, 2};
  table["Flatten"] = {importFlatten, 1, 1};
  table["Range"] = {importRange, 3, 3};
  table["Reshape"] = {importReshape, 2, 2};
  table["Shape"] = {importShape, 1, 1};
  table["Squeeze"] = {importSqueeze, 1, 2};
  table["Transpose"] = {importTranspose, 1, 1};
  table["Unsqueeze"] = {importUnsqueeze, 1, 2};
}
