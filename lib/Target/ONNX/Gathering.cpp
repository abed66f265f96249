// Operators that read or write at positions held in tensors, and running sums.

#include "IndexMath.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace rarefy;
using namespace rarefy::frontend;

/// An integer element as a position, counted from the end if negative.
static OpFoldResult toPosition(ImplicitLocOpBuilder &b, Value element,
                               OpFoldResult size) {
  Value index = b.createOrFold<arith::IndexCastOp>(b.getIndexType(), element);
  return IndexMath(b).wrap(getAsOpFoldResult(index), size);
}

/// The same, but the last position where there is none such: reading there is
/// safe if the size is not zero.
static OpFoldResult toPositionInside(ImplicitLocOpBuilder &b, Value element,
                                     OpFoldResult size) {
  IndexMath math(b);
  Value position = math.value(toPosition(b, element, size));
  Value last = math.value(math.sub(size, math.index(1)));
  // A negative one is larger than any size.
  return getAsOpFoldResult(b.createOrFold<arith::MinUIOp>(position, last));
}

/// The element at `position`, or zero if `size`, of the dimension that a
/// position inside was computed for, is zero.
static Value readInside(ImplicitLocOpBuilder &b, Value tensor,
                        const Sizes &position, OpFoldResult size) {
  auto read = [&](ImplicitLocOpBuilder &b) {
    return extractAt(b, tensor, position);
  };
  if (getConstantIntValue(size).value_or(0) > 0)
    return read(b);
  auto zero = [&](ImplicitLocOpBuilder &b) {
    return scalarConstant(b, getElementTypeOrSelf(tensor), 0);
  };
  Value isAny = isInside(b, b.getIndexAttr(0), size);
  return selectLazily(b, isAny, read, zero);
}

static LogicalResult checkIndexType(Node &node, unsigned i) {
  if (node.elementType(i).isInteger(32) || node.elementType(i).isInteger(64))
    return success();
  return node.error("input " + Twine(i) +
                    " must have elements of type int32 or int64");
}

/// Gather at one position known at import: a slice. Null if it is not that.
static Value gatherSlice(Node &node, int64_t axis) {
  IndexMath math(node.b);
  std::optional<SmallVector<Value>> indices = node.scalars(1);
  Sizes sizes = node.sizes(0);
  if (!indices || indices->size() != 1 || node.rank(1) > 1 ||
      !getConstantIntValue(sizes[axis]))
    return Value();
  int64_t size = *getConstantIntValue(sizes[axis]);
  OpFoldResult at =
      math.wrap(scalarToSize(node.b, indices->front()), sizes[axis]);
  std::optional<int64_t> position = getConstantIntValue(at);
  if (!position || *position < 0 || *position >= size)
    return Value();
  Sizes offsets(sizes.size(), math.index(0));
  Sizes strides(sizes.size(), math.index(1));
  offsets[axis] = at;
  sizes[axis] = math.index(1);
  SmallVector<int64_t> shape(node.type(0).getShape());
  if (node.rank(1) == 0)
    shape.erase(shape.begin() + axis);
  else
    shape[axis] = 1;
  return tensor::ExtractSliceOp::create(node.b, node.type(0).clone(shape),
                                        node.value(0), offsets, sizes, strides);
}

/// Gather of known elements at known positions; nothing if it is not that.
static std::optional<SmallVector<Value>> gatherScalars(Node &node) {
  std::optional<SmallVector<Value>> data = node.scalars(0);
  std::optional<SmallVector<Value>> indices = node.scalars(1);
  if (!data || !indices || node.rank(0) != 1)
    return std::nullopt;
  SmallVector<Value> picked;
  int64_t size = data->size();
  for (Value index : *indices) {
    std::optional<int64_t> at = getConstantIntValue(index);
    if (!at || *at < -size || *at >= size)
      return std::nullopt;
    picked.push_back((*data)[*at < 0 ? *at + size : *at]);
  }
  return picked;
}

static LogicalResult importGather(Node &node) {
  int64_t axis = node.normalizeAxis(node.intAttr("axis", 0), node.rank(0));
  if (node.hasError() || failed(checkIndexType(node, 1)))
    return failure();
  if (auto scalars = gatherScalars(node))
    return node.setScalars(0, node.type(0).clone(node.type(1).getShape()),
                           *scalars, node.isUnsigned(0));
  if (Value slice = gatherSlice(node, axis))
    return node.setOutputLike(0, slice);
  Sizes dataSizes = node.sizes(0);
  Sizes indexSizes = node.sizes(1);
  Sizes sizes(dataSizes);
  sizes.erase(sizes.begin() + axis);
  sizes.insert(sizes.begin() + axis, indexSizes.begin(), indexSizes.end());
  int64_t rank = sizes.size();
  int64_t indexRank = indexSizes.size();

  MLIRContext *context = node.b.getContext();
  SmallVector<AffineExpr> exprs;
  for (int64_t d = 0; d < indexRank; ++d)
    exprs.push_back(getAffineDimExpr(axis + d, context));
  SmallVector<AffineMap> maps{AffineMap::get(rank, 0, exprs, context),
                              AffineMap::getMultiDimIdentityMap(rank, context)};
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  Value data = node.value(0);
  OpFoldResult size = dataSizes[axis];
  // Once for each position, not for each element that is read there.
  Type integer = node.b.getI64Type();
  Value positions =
      mapElements(node, node.value(1), integer,
                  [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
                    Value at =
                        IndexMath(b).value(toPositionInside(b, args[0], size));
                    return arith::IndexCastOp::create(b, integer, at);
                  });
  Value init = emptyTensor(node, sizes, node.elementType(0));
  auto generic = linalg::GenericOp::create(
      node.b, init.getType(), positions, init, maps, iterators,
      [&](OpBuilder &builder, Location loc, ValueRange args) {
        ImplicitLocOpBuilder b(loc, builder);
        Sizes source;
        for (int64_t d = 0; d < rank; ++d)
          if (d < axis || d >= axis + indexRank)
            source.push_back(linalg::IndexOp::create(b, d).getResult());
        Value at = arith::IndexCastOp::create(b, b.getIndexType(), args[0]);
        source.insert(source.begin() + axis, at);
        linalg::YieldOp::create(b, readInside(b, data, source, size));
      });
  return node.setOutputLike(0, generic.getResult(0));
}

static LogicalResult importGatherElements(Node &node) {
  int64_t rank = node.rank(0);
  int64_t axis = node.normalizeAxis(node.intAttr("axis", 0), rank);
  if (node.hasError() || failed(checkIndexType(node, 1)))
    return failure();
  if (node.rank(1) != rank)
    return node.error("expected indices with " + Twine(rank) +
                      " dimensions like the data, found " +
                      Twine(node.rank(1)));
  Value data = node.value(0);
  OpFoldResult size = node.sizes(0)[axis];
  Value result = mapElements(
      node, node.value(1), node.elementType(0),
      [&](ImplicitLocOpBuilder &b, ValueRange args) {
        Sizes source;
        for (int64_t d = 0; d < rank; ++d)
          source.push_back(linalg::IndexOp::create(b, d).getResult());
        source[axis] = toPositionInside(b, args[0], size);
        return readInside(b, data, source, size);
      });
  return node.setOutputLike(0, result);
}

/// What ScatterND's `reduction` does to an element; null if there is no such.
static Value combine(ImplicitLocOpBuilder &b, StringRef reduction, Value old,
                     Value update, bool isUnsigned) {
  using Kind = arith::AtomicRMWKind;
  bool isFloat = isa<FloatType>(old.getType());
  auto reduce = [&](Kind floatKind, Kind signedKind, Kind unsignedKind) {
    Kind kind = isFloat ? floatKind : isUnsigned ? unsignedKind : signedKind;
    return arith::getReductionOp(kind, b, b.getLoc(), old, update);
  };
  if (reduction == "none")
    return update;
  if (reduction == "add")
    return reduce(Kind::addf, Kind::addi, Kind::addi);
  if (reduction == "mul")
    return reduce(Kind::mulf, Kind::muli, Kind::muli);
  if (reduction == "max")
    return reduce(Kind::maximumf, Kind::maxs, Kind::maxu);
  if (reduction == "min")
    return reduce(Kind::minimumf, Kind::mins, Kind::minu);
  return Value();
}

static LogicalResult importScatterND(Node &node) {
  std::string reduction = node.stringAttr("reduction", "none");
  if (!llvm::is_contained({"none", "add", "mul", "max", "min"}, reduction))
    return node.error("expected reduction none, add, mul, max or min, found '" +
                      reduction + "'");
  if (failed(checkIndexType(node, 1)) || failed(checkSameType(node, {0, 2})))
    return failure();
  int64_t rank = node.rank(0);
  int64_t indexRank = node.rank(1);
  if (indexRank < 1 || node.type(1).isDynamicDim(indexRank - 1))
    return node.error("expected indices whose last dimension is static");
  int64_t depth = node.type(1).getDimSize(indexRank - 1);
  if (depth > rank || node.rank(2) != indexRank - 1 + rank - depth)
    return node.error("expected updates with " +
                      Twine(indexRank - 1 + rank - depth) +
                      " dimensions, found " + Twine(node.rank(2)));
  Value indices = node.value(1);
  Value updates = node.value(2);
  Sizes sizes = node.sizes(0);
  bool isUnsigned = node.isUnsigned(0);
  auto body = [&](ImplicitLocOpBuilder &b, ValueRange position, Value carried) {
    Sizes at = getAsOpFoldResult(position.take_front(indexRank - 1));
    Sizes target;
    Value inside = arith::ConstantOp::create(b, b.getBoolAttr(true));
    for (int64_t d = 0; d < depth; ++d) {
      Sizes of(at);
      of.push_back(b.getIndexAttr(d));
      target.push_back(toPosition(b, extractAt(b, indices, of), sizes[d]));
      inside = b.createOrFold<arith::AndIOp>(
          inside, isInside(b, target.back(), sizes[d]));
    }
    for (Value inner : position.drop_front(indexRank - 1))
      target.push_back(inner);
    // What would land outside is dropped.
    auto write = [&](ImplicitLocOpBuilder &b) {
      Value update = tensor::ExtractOp::create(b, updates, position);
      if (reduction != "none")
        update = combine(b, reduction, extractAt(b, carried, target), update,
                         isUnsigned);
      return insertAt(b, update, carried, target);
    };
    return selectLazily(b, inside, write,
                        [&](ImplicitLocOpBuilder &) { return carried; });
  };
  return node.setOutputLike(0,
                            loopOver(node, node.sizes(2), node.value(0), body));
}

static LogicalResult importCumSum(Node &node) {
  bool exclusive = node.intAttr("exclusive", 0) != 0;
  bool reverse = node.intAttr("reverse", 0) != 0;
  FailureOr<Sizes> axis = readIndices(node, 1);
  if (failed(axis))
    return failure();
  if (axis->size() != 1)
    return node.error("expected one axis, found " + Twine(axis->size()));
  if (std::optional<int64_t> known = getConstantIntValue(axis->front()))
    if (node.normalizeAxis(*known, node.rank(0)) < 0)
      return failure();
  Sizes sizes = node.sizes(0);
  int64_t rank = sizes.size();
  Value input = node.value(0);
  Type element = node.elementType(0);
  OpFoldResult along =
      IndexMath(node.b).wrap(axis->front(), node.b.getIndexAttr(rank));
  // The sum at each position from the one before it.
  auto body = [&](ImplicitLocOpBuilder &b, ValueRange counters, Value sums) {
    IndexMath math(b);
    OpFoldResult zero = math.index(0);
    OpFoldResult count = zero;
    Sizes here, before;
    for (auto [d, counter] : llvm::enumerate(counters)) {
      auto onAxis = [&](OpFoldResult yes, OpFoldResult no) {
        return math.selectEqual(along, math.index(d), yes, no);
      };
      OpFoldResult last = math.sub(sizes[d], math.index(1));
      OpFoldResult mirrored = math.sub(last, counter);
      OpFoldResult at = reverse ? onAxis(mirrored, counter) : counter;
      OpFoldResult previous = reverse
                                  ? math.min(math.add(at, math.index(1)), last)
                                  : math.max(math.sub(at, math.index(1)), zero);
      here.push_back(at);
      before.push_back(onAxis(previous, at));
      count = onAxis(counter, count);
    }
    Value isFirst = compareIndex(b, arith::CmpIPredicate::eq, count, zero);
    Value nothing = scalarConstant(b, element, 0);
    Value sum = extractAt(b, sums, before);
    Value term = extractAt(b, input, exclusive ? before : here);
    sum = arith::SelectOp::create(b, isFirst, nothing, sum);
    if (exclusive)
      term = arith::SelectOp::create(b, isFirst, nothing, term);
    return insertAt(b, combine(b, "add", sum, term, false), sums, here);
  };
  Value zeros = filledTensor(node, sizes, scalarConstant(node.b, element, 0));
  return node.setOutputLike(0, loopOver(node, sizes, zeros, body));
}

void frontend::addGatheringOperators(OperatorTable &table) {
  table["CumSum"] = {importCumSum, 2, 2, 1, 11};
  table["Gather"] = {importGather, 2, 2};
  table["GatherElements"] = {importGatherElements, 2, 2, 1, 11};
  table["ScatterND"] = {importScatterND, 3, 3, 1, 11};
}
