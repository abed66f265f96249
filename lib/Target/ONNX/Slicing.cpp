// Operators that cut, join, repeat and frame tensors.

#include "IndexMath.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace rarefy;
using namespace rarefy::frontend;

using arith::CmpIPredicate;

/// Known elements of all inputs, one after the other; nothing if one is
/// unknown.
static std::optional<SmallVector<Value>> joinScalars(Node &node) {
  SmallVector<Value> joined;
  for (unsigned i = 0; i < node.getNumInputs(); ++i) {
    std::optional<SmallVector<Value>> scalars = node.scalars(i);
    if (!scalars)
      return std::nullopt;
    llvm::append_range(joined, *scalars);
  }
  return joined;
}

static LogicalResult importConcat(Node &node) {
  int64_t rank = node.rank(0);
  int64_t axis = node.normalizeAxis(node.intAttr("axis", 0), rank);
  SmallVector<unsigned> inputs =
      llvm::to_vector(llvm::seq<unsigned>(0, node.getNumInputs()));
  if (node.hasError() || failed(checkSameType(node, inputs)))
    return failure();
  for (unsigned i : inputs) {
    if (node.rank(i) != rank)
      return node.error("input " + Twine(i) + " must have " + Twine(rank) +
                        " dimensions like input 0, found " +
                        Twine(node.rank(i)));
    for (int64_t d = 0; d < rank; ++d)
      if (d != axis &&
          failed(verifyCompatibleDims(
              {node.type(0).getDimSize(d), node.type(i).getDimSize(d)})))
        return node.error("dimension " + Twine(d) + " of input " + Twine(i) +
                          " must be " + Twine(node.type(0).getDimSize(d)) +
                          " like input 0's, found " +
                          Twine(node.type(i).getDimSize(d)));
  }
  if (rank == 1)
    if (std::optional<SmallVector<Value>> scalars = joinScalars(node))
      return node.setScalars(0, node.type(0).clone({int64_t(scalars->size())}),
                             *scalars, node.isUnsigned(0));
  SmallVector<Value> values;
  for (unsigned i : inputs)
    values.push_back(node.value(i));
  if (values.size() == 1)
    return node.setOutputLike(0, values.front());
  return node.setOutputLike(0, tensor::ConcatOp::create(node.b, axis, values));
}

/// A slice of input 0; the op has none that begins at the end, which is empty.
static Value sliceInput(Node &node, ArrayRef<OpFoldResult> offsets,
                        ArrayRef<OpFoldResult> sizes,
                        ArrayRef<OpFoldResult> strides) {
  for (auto [offset, size] : llvm::zip_equal(offsets, node.type(0).getShape()))
    if (!ShapedType::isDynamic(size) &&
        getConstantIntValue(offset).value_or(0) >= size)
      return emptyTensor(node, sizes, node.elementType(0));
  return tensor::ExtractSliceOp::create(node.b, node.value(0), offsets, sizes,
                                        strides);
}

/// The sizes of Split's parts along an axis of `size`.
static FailureOr<Sizes> getSplitSizes(Node &node, OpFoldResult size) {
  IndexMath math(node.b);
  Sizes parts;
  if (node.getOpset() < 13) {
    if (auto attr = node.intsAttr("split"))
      for (int64_t part : *attr)
        parts.push_back(math.index(part));
  } else if (node.hasInput(1)) {
    FailureOr<Sizes> indices = readIndices(node, 1);
    if (failed(indices))
      return failure();
    parts = *indices;
  }
  if (!parts.empty())
    return parts;
  int64_t count = node.getNumOutputs();
  if (node.getOpset() >= 18)
    count = node.intAttr("num_outputs", count);
  if (count < 1 || count != node.getNumOutputs())
    return node.error("expected " + Twine(node.getNumOutputs()) +
                      " for 'num_outputs', found " + Twine(count));
  // Equal parts; only the last may be smaller.
  OpFoldResult chunk = math.ceilDiv(size, math.index(count));
  OpFoldResult rest = size;
  for (int64_t i = 0; i < count; ++i) {
    parts.push_back(math.min(chunk, rest));
    rest = math.sub(rest, parts.back());
  }
  return parts;
}

/// Has sizes of parts that are known only at run time checked then.
static void requireParts(Node &node, ArrayRef<OpFoldResult> parts,
                         OpFoldResult size) {
  requireSizes(node, parts);
  IndexMath math(node.b);
  OpFoldResult sum = math.index(0);
  for (OpFoldResult part : parts)
    sum = math.add(sum, part);
  if (!getConstantIntValue(sum))
    node.require(compareIndex(node.b, arith::CmpIPredicate::eq, sum, size),
                 "expected sizes that add up to that of the axis");
}

static LogicalResult importSplit(Node &node) {
  IndexMath math(node.b);
  int64_t axis = node.normalizeAxis(node.intAttr("axis", 0), node.rank(0));
  if (node.hasError())
    return failure();
  Sizes sizes = node.sizes(0);
  FailureOr<Sizes> parts = getSplitSizes(node, sizes[axis]);
  if (failed(parts))
    return failure();
  if (parts->size() != node.getNumOutputs())
    return node.error("expected a size for each of " +
                      Twine(node.getNumOutputs()) + " outputs, found " +
                      Twine(parts->size()));
  if (node.getOpset() >= 13 && node.hasInput(1))
    requireParts(node, *parts, sizes[axis]);
  std::optional<SmallVector<Value>> scalars =
      node.rank(0) == 1 ? node.scalars(0) : std::nullopt;
  Sizes offsets(sizes.size(), math.index(0));
  Sizes strides(sizes.size(), math.index(1));
  for (auto [i, part] : llvm::enumerate(*parts)) {
    std::optional<int64_t> begin = getConstantIntValue(offsets[axis]);
    std::optional<int64_t> length = getConstantIntValue(part);
    if (length && *length < 0)
      return node.error("expected sizes that are not negative, found " +
                        Twine(*length));
    if (begin && length && !node.type(0).isDynamicDim(axis) &&
        *length > node.type(0).getDimSize(axis) - *begin)
      return node.error("expected sizes that add up to " +
                        Twine(node.type(0).getDimSize(axis)) + ", found more");
    sizes[axis] = part;
    if (scalars && begin && length) {
      if (failed(
              node.setScalars(i, node.type(0).clone({*length}),
                              ArrayRef<Value>(*scalars).slice(*begin, *length),
                              node.isUnsigned(0))))
        return failure();
    } else if (node.hasOutput(i)) {
      Value slice = sliceInput(node, offsets, sizes, strides);
      if (failed(node.setOutputLike(i, slice)))
        return failure();
    }
    offsets[axis] = math.add(offsets[axis], part);
  }
  return success();
}

namespace {
/// What Slice takes of each dimension.
struct SliceBounds {
  Sizes starts, ends, steps;
};
} // namespace

/// Input `i`, or the attribute that stands for it in old opsets, as positions.
static FailureOr<Sizes> readIndicesOrAttr(Node &node, unsigned i,
                                          StringRef attr, bool isAttr) {
  if (!isAttr)
    return node.hasInput(i) ? readIndices(node, i) : FailureOr<Sizes>(Sizes());
  Sizes indices;
  if (auto ints = node.intsAttr(attr))
    for (int64_t n : *ints)
      indices.push_back(node.b.getIndexAttr(n));
  return indices;
}

static FailureOr<SliceBounds> readSliceBounds(Node &node) {
  IndexMath math(node.b);
  bool old = node.getOpset() < 10;
  FailureOr<Sizes> starts = readIndicesOrAttr(node, 1, "starts", old);
  FailureOr<Sizes> ends = readIndicesOrAttr(node, 2, "ends", old);
  FailureOr<Sizes> axes = readIndicesOrAttr(node, 3, "axes", old);
  if (failed(starts) || failed(ends) || failed(axes))
    return failure();
  FailureOr<Sizes> steps = node.hasInput(4)
                               ? readIndices(node, 4)
                               : Sizes(starts->size(), math.index(1));
  if (failed(steps))
    return failure();
  int64_t rank = node.rank(0);
  if (axes->empty())
    for (size_t d = 0; d < starts->size(); ++d)
      axes->push_back(math.index(d));
  if (starts->size() != ends->size() || starts->size() != axes->size() ||
      starts->size() != steps->size() || int64_t(axes->size()) > rank)
    return node.error("expected as many starts, ends, axes and steps, and no "
                      "more than the " +
                      Twine(rank) + " dimensions, found " +
                      Twine(starts->size()) + ", " + Twine(ends->size()) +
                      ", " + Twine(axes->size()) + " and " +
                      Twine(steps->size()));
  if (llvm::any_of(*steps, [](OpFoldResult s) { return isZeroInteger(s); }))
    return node.error("expected steps that are not 0, found 0");
  return SliceBounds{
      spreadOverAxes(node, *starts, *axes, Sizes(rank, math.index(0))),
      spreadOverAxes(
          node, *ends, *axes,
          Sizes(rank, math.index(std::numeric_limits<int64_t>::max()))),
      spreadOverAxes(node, *steps, *axes, Sizes(rank, math.index(1)))};
}

/// Makes starts positions inside the tensor and returns the slice's sizes.
static Sizes clampSliceBounds(Node &node, SliceBounds &bounds) {
  IndexMath math(node.b);
  Sizes sizes;
  for (auto [size, start, end, step] : llvm::zip_equal(
           node.sizes(0), bounds.starts, bounds.ends, bounds.steps)) {
    // What is taken whole keeps its size, which may have a name.
    if (isZeroInteger(start) && isOneInteger(step) &&
        getConstantIntValue(end).value_or(0) >= INT32_MAX) {
      sizes.push_back(size);
      continue;
    }
    OpFoldResult last = math.sub(size, math.index(1));
    // A negative step starts at the last position and ends before the first.
    OpFoldResult high = math.selectNegative(step, last, size);
    OpFoldResult low = math.selectNegative(step, math.index(-1), math.index(0));
    start = math.wrap(start, size);
    start = math.min(math.max(start, math.index(0)), high);
    end = math.min(math.max(math.wrap(end, size), low), high);
    sizes.push_back(
        math.max(math.ceilDiv(math.sub(end, start), step), math.index(0)));
  }
  return sizes;
}

static LogicalResult importSlice(Node &node) {
  FailureOr<SliceBounds> bounds = readSliceBounds(node);
  if (failed(bounds) || node.hasError())
    return failure();
  Sizes sizes = clampSliceBounds(node, *bounds);
  if (node.rank(0) == 1)
    if (std::optional<SmallVector<Value>> scalars = node.scalars(0)) {
      std::optional<int64_t> start = getConstantIntValue(bounds->starts[0]);
      std::optional<int64_t> step = getConstantIntValue(bounds->steps[0]);
      std::optional<int64_t> size = getConstantIntValue(sizes[0]);
      if (start && step && size) {
        SmallVector<Value> picked;
        for (int64_t i = 0; i < *size; ++i)
          picked.push_back((*scalars)[*start + i * *step]);
        return node.setScalars(0, node.type(0).clone({*size}), picked,
                               node.isUnsigned(0));
      }
    }
  bool forward = llvm::all_of(bounds->steps, [](OpFoldResult step) {
    return getConstantIntValue(step).value_or(-1) > 0;
  });
  if (forward)
    return node.setOutputLike(
        0, sliceInput(node, bounds->starts, sizes, bounds->steps));
  Value input = node.value(0);
  auto body = [&](ImplicitLocOpBuilder &b, ArrayRef<OpFoldResult> position) {
    IndexMath math(b);
    Sizes source;
    for (auto [i, start, step] :
         llvm::zip_equal(position, bounds->starts, bounds->steps))
      source.push_back(math.add(start, math.mul(i, step)));
    return extractAt(b, input, source);
  };
  return node.setOutputLike(0,
                            generate(node, sizes, node.elementType(0), body));
}

/// Refuses counts that no tensor in memory has room for.
static LogicalResult checkMagnitude(Node &node, ArrayRef<OpFoldResult> counts) {
  for (OpFoldResult count : counts) {
    int64_t known = getConstantIntValue(count).value_or(0);
    if (known > INT32_MAX || known < -INT32_MAX)
      return node.error("count " + Twine(known) + " is too large");
  }
  return success();
}

static LogicalResult importTile(Node &node) {
  IndexMath math(node.b);
  FailureOr<Sizes> repeats = readIndices(node, 1);
  if (failed(repeats))
    return failure();
  int64_t rank = node.rank(0);
  if (int64_t(repeats->size()) != rank)
    return node.error("expected a repeat for each of " + Twine(rank) +
                      " dimensions, found " + Twine(repeats->size()));
  if (failed(checkMagnitude(node, *repeats)))
    return failure();
  // Broadcast along new dimensions, then merge each with the one it repeats.
  Sizes sizes;
  SmallVector<AffineExpr> exprs;
  SmallVector<ReassociationIndices> groups;
  MLIRContext *context = node.b.getContext();
  for (auto [size, repeat] : llvm::zip_equal(node.sizes(0), *repeats)) {
    ReassociationIndices &group = groups.emplace_back();
    if (!isSize(repeat, 1)) {
      group.push_back(sizes.size());
      sizes.push_back(math.max(repeat, math.index(0)));
    }
    group.push_back(sizes.size());
    exprs.push_back(getAffineDimExpr(sizes.size(), context));
    sizes.push_back(size);
  }
  int64_t expanded = sizes.size();
  if (expanded == rank)
    return node.setOutputLike(0, node.value(0));
  SmallVector<AffineMap> maps{
      AffineMap::get(expanded, 0, exprs, context),
      AffineMap::getMultiDimIdentityMap(expanded, context)};
  SmallVector<utils::IteratorType> iterators(expanded,
                                             utils::IteratorType::parallel);
  Value init = emptyTensor(node, sizes, node.elementType(0));
  auto generic = linalg::GenericOp::create(
      node.b, init.getType(), node.value(0), init, maps, iterators,
      [](OpBuilder &b, Location loc, ValueRange args) {
        linalg::YieldOp::create(b, loc, args[0]);
      });
  return node.setOutputLike(
      0, tensor::CollapseShapeOp::create(node.b, generic.getResult(0), groups));
}

namespace {
enum class PadMode { Constant, Edge, Reflect, Wrap };
} // namespace

/// Where position `i` of a padded dimension comes from.
static OpFoldResult getPadSource(ImplicitLocOpBuilder &b, PadMode mode,
                                 OpFoldResult i, OpFoldResult size) {
  IndexMath math(b);
  OpFoldResult zero = math.index(0);
  OpFoldResult last = math.sub(size, math.index(1));
  auto remainder = [&](OpFoldResult x, OpFoldResult n) {
    return math.sub(x, math.mul(math.floorDiv(x, n), n));
  };
  switch (mode) {
  case PadMode::Constant:
    return i;
  case PadMode::Edge:
    return math.min(math.max(i, zero), last);
  case PadMode::Wrap:
    return remainder(i, math.max(size, math.index(1)));
  case PadMode::Reflect:
    break;
  }
  // A triangle wave; one element reflects to itself.
  OpFoldResult period = math.max(math.mul(last, math.index(2)), math.index(1));
  OpFoldResult phase = remainder(i, period);
  return math.min(phase, math.sub(period, phase));
}

/// Pads by copying elements from inside the tensor, or by `fill` with any
/// padding, negative too.
static Value padByPosition(Node &node, PadMode mode, ArrayRef<OpFoldResult> low,
                           ArrayRef<OpFoldResult> sizes, Value fill) {
  Value input = node.value(0);
  Sizes inputSizes = node.sizes(0);
  auto body = [&](ImplicitLocOpBuilder &b, ArrayRef<OpFoldResult> position) {
    IndexMath math(b);
    Sizes source;
    Value inside = arith::ConstantOp::create(b, b.getBoolAttr(true));
    for (auto [i, lo, size] : llvm::zip_equal(position, low, inputSizes)) {
      OpFoldResult at = math.sub(i, lo);
      source.push_back(getPadSource(b, mode, at, size));
      // The other modes read any element, but there may be none.
      if (mode == PadMode::Constant)
        inside = b.createOrFold<arith::AndIOp>(inside, isInside(b, at, size));
      else if (getConstantIntValue(size).value_or(0) <= 0)
        inside = b.createOrFold<arith::AndIOp>(
            inside, isInside(b, math.index(0), size));
    }
    if (matchPattern(inside, m_One()))
      return extractAt(b, input, source);
    return selectLazily(
        b, inside,
        [&](ImplicitLocOpBuilder &b) { return extractAt(b, input, source); },
        [&](ImplicitLocOpBuilder &) { return fill; });
  };
  return generate(node, sizes, node.elementType(0), body);
}

/// The low and high padding of each dimension, low ones first.
static FailureOr<Sizes> readPads(Node &node) {
  IndexMath math(node.b);
  int64_t rank = node.rank(0);
  FailureOr<Sizes> pads =
      readIndicesOrAttr(node, 1, "pads", node.getOpset() < 11);
  if (failed(pads))
    return failure();
  Sizes axes;
  for (int64_t d = 0; d < rank; ++d)
    axes.push_back(math.index(d));
  if (node.hasInput(3)) {
    FailureOr<Sizes> some = readIndices(node, 3);
    if (failed(some))
      return failure();
    axes = *some;
  }
  if (failed(checkMagnitude(node, *pads)))
    return failure();
  if (pads->size() != 2 * axes.size())
    return node.error("expected two pads for each of " + Twine(axes.size()) +
                      " axes, found " + Twine(pads->size()));
  ArrayRef<OpFoldResult> both = *pads;
  Sizes none(rank, math.index(0));
  Sizes low = spreadOverAxes(node, both.take_front(axes.size()), axes, none);
  Sizes high = spreadOverAxes(node, both.drop_front(axes.size()), axes, none);
  low.append(high);
  return low;
}

/// The value that constant padding is made of.
static FailureOr<Value> readPadValue(Node &node) {
  Type element = node.elementType(0);
  if (node.getOpset() < 11)
    return scalarConstant(node.b, element, node.floatAttr("value", 0.0));
  if (!node.hasInput(2))
    return scalarConstant(node.b, element, 0);
  FailureOr<SmallVector<Value>> scalars = node.extractScalars(2);
  if (failed(scalars))
    return failure();
  if (scalars->size() != 1 || node.elementType(2) != element)
    return node.error("expected one constant value of the input's type");
  return scalars->front();
}

static LogicalResult importPad(Node &node) {
  IndexMath math(node.b);
  std::string name = node.stringAttr("mode", "constant");
  auto mode = llvm::StringSwitch<std::optional<PadMode>>(name)
                  .Case("constant", PadMode::Constant)
                  .Case("edge", PadMode::Edge)
                  .Case("reflect", PadMode::Reflect)
                  .Case("wrap", PadMode::Wrap)
                  .Default(std::nullopt);
  if (!mode)
    return node.error("expected mode constant, edge, reflect or wrap, found '" +
                      name + "'");
  FailureOr<Sizes> pads = readPads(node);
  if (failed(pads) || node.hasError())
    return failure();
  FailureOr<Value> fill = readPadValue(node);
  if (failed(fill))
    return failure();
  int64_t rank = node.rank(0);
  ArrayRef<OpFoldResult> low = ArrayRef(*pads).take_front(rank);
  ArrayRef<OpFoldResult> high = ArrayRef(*pads).drop_front(rank);
  Sizes sizes;
  for (auto [size, lo, hi] : llvm::zip_equal(node.sizes(0), low, high))
    sizes.push_back(math.max(math.add(math.add(size, lo), hi), math.index(0)));
  bool grows = llvm::all_of(*pads, [](OpFoldResult pad) {
    return getConstantIntValue(pad).value_or(-1) >= 0;
  });
  if (*mode == PadMode::Constant && grows)
    return node.setOutputLike(
        0,
        tensor::PadOp::create(node.b, Type(), node.value(0), low, high, *fill));
  return node.setOutputLike(0, padByPosition(node, *mode, low, sizes, *fill));
}

static LogicalResult importTrilu(Node &node) {
  IndexMath math(node.b);
  int64_t rank = node.rank(0);
  if (rank < 2)
    return node.error("expected two dimensions at least, found " + Twine(rank));
  bool upper = node.intAttr("upper", 1) != 0;
  OpFoldResult diagonal = math.index(0);
  if (node.hasInput(1)) {
    FailureOr<Sizes> k = readIndices(node, 1);
    if (failed(k))
      return failure();
    if (k->size() != 1)
      return node.error("expected one diagonal, found " + Twine(k->size()));
    diagonal = k->front();
  }
  Type element = node.elementType(0);
  Value result = mapElements(
      node, node.value(0), element,
      [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
        IndexMath math(b);
        Value row = linalg::IndexOp::create(b, rank - 2);
        Value column = linalg::IndexOp::create(b, rank - 1);
        auto keeps = upper ? CmpIPredicate::sge : CmpIPredicate::sle;
        Value kept = compareIndex(b, keeps, math.sub(column, row), diagonal);
        return arith::SelectOp::create(b, kept, args[0],
                                       scalarConstant(b, element, 0));
      });
  return node.setOutputLike(0, result);
}

void frontend::addSlicingOperators(OperatorTable &table) {
  table["Concat"] = {importConcat, 1, variadic, 1, 4};
  table["Pad"] = {importPad, 1, 4, 1, 2};
  table["Slice"] = {importSlice, 1, 5};
  table["Split"] = {importSplit, 1, 2, variadic, 2};
  table["Tile"] = {importTile, 2, 2, 1, 6};
  table["Trilu"] = {importTrilu, 1, 2, 1, 14};
}
