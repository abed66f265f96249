#include "IndexMath.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/MathExtras.h"

using namespace rarefy;
using namespace rarefy::frontend;

using arith::CmpIPredicate;

/// Folds `fold` on static operands, else builds `OpTy`.
template <typename OpTy, typename Fold>
static OpFoldResult foldOrBuild(ImplicitLocOpBuilder &b, IndexMath &math,
                                OpFoldResult x, OpFoldResult y, Fold fold) {
  std::optional<int64_t> xs = getConstantIntValue(x);
  std::optional<int64_t> ys = getConstantIntValue(y);
  if (xs && ys)
    return b.getIndexAttr(fold(*xs, *ys));
  return getAsOpFoldResult(b.createOrFold<OpTy>(math.value(x), math.value(y)));
}

Value IndexMath::value(OpFoldResult x) {
  return getValueOrCreateConstantIndexOp(b, b.getLoc(), x);
}

OpFoldResult IndexMath::add(OpFoldResult x, OpFoldResult y) {
  return foldOrBuild<arith::AddIOp>(b, *this, x, y, std::plus<int64_t>());
}

OpFoldResult IndexMath::sub(OpFoldResult x, OpFoldResult y) {
  return foldOrBuild<arith::SubIOp>(b, *this, x, y, std::minus<int64_t>());
}

OpFoldResult IndexMath::mul(OpFoldResult x, OpFoldResult y) {
  return foldOrBuild<arith::MulIOp>(b, *this, x, y, std::multiplies<int64_t>());
}

OpFoldResult IndexMath::max(OpFoldResult x, OpFoldResult y) {
  return foldOrBuild<arith::MaxSIOp>(
      b, *this, x, y, [](int64_t x, int64_t y) { return std::max(x, y); });
}

OpFoldResult IndexMath::min(OpFoldResult x, OpFoldResult y) {
  return foldOrBuild<arith::MinSIOp>(
      b, *this, x, y, [](int64_t x, int64_t y) { return std::min(x, y); });
}

OpFoldResult IndexMath::floorDiv(OpFoldResult x, OpFoldResult y) {
  return foldOrBuild<arith::FloorDivSIOp>(
      b, *this, x, y,
      [](int64_t x, int64_t y) { return llvm::divideFloorSigned(x, y); });
}

OpFoldResult IndexMath::ceilDiv(OpFoldResult x, OpFoldResult y) {
  return foldOrBuild<arith::CeilDivSIOp>(
      b, *this, x, y,
      [](int64_t x, int64_t y) { return llvm::divideCeilSigned(x, y); });
}

OpFoldResult IndexMath::selectNegative(OpFoldResult x, OpFoldResult negative,
                                       OpFoldResult other) {
  if (std::optional<int64_t> n = getConstantIntValue(x))
    return *n < 0 ? negative : other;
  Value isNegative = compareIndex(b, CmpIPredicate::slt, x, index(0));
  return getAsOpFoldResult(b.createOrFold<arith::SelectOp>(
      isNegative, value(negative), value(other)));
}

OpFoldResult IndexMath::selectEqual(OpFoldResult x, OpFoldResult y,
                                    OpFoldResult same, OpFoldResult other) {
  std::optional<int64_t> xs = getConstantIntValue(x);
  std::optional<int64_t> ys = getConstantIntValue(y);
  if (xs && ys)
    return *xs == *ys ? same : other;
  Value equal = compareIndex(b, CmpIPredicate::eq, x, y);
  return getAsOpFoldResult(
      b.createOrFold<arith::SelectOp>(equal, value(same), value(other)));
}

OpFoldResult IndexMath::wrap(OpFoldResult position, OpFoldResult size) {
  // A static position may be as large as any integer: do not add to it.
  if (getConstantIntValue(position).value_or(-1) >= 0)
    return position;
  return selectNegative(position, add(position, size), position);
}

Value frontend::compareIndex(ImplicitLocOpBuilder &b, CmpIPredicate predicate,
                             OpFoldResult x, OpFoldResult y) {
  IndexMath math(b);
  return b.createOrFold<arith::CmpIOp>(predicate, math.value(x), math.value(y));
}

Value frontend::isInside(ImplicitLocOpBuilder &b, OpFoldResult position,
                         OpFoldResult size) {
  // A negative one is larger than any size.
  return compareIndex(b, CmpIPredicate::ult, position, size);
}

Value frontend::selectLazily(ImplicitLocOpBuilder &b, Value condition,
                             ValueBody yes, ValueBody no) {
  auto branch = [](ValueBody body) {
    return [body](OpBuilder &builder, Location loc) {
      ImplicitLocOpBuilder inner(loc, builder);
      scf::YieldOp::create(inner, body(inner));
    };
  };
  return scf::IfOp::create(b, condition, branch(yes), branch(no)).getResult(0);
}

Value frontend::generate(Node &node, ArrayRef<OpFoldResult> sizes, Type element,
                         PositionBody body) {
  int64_t rank = sizes.size();
  Value init = emptyTensor(node, sizes, element);
  auto map = AffineMap::getMultiDimIdentityMap(rank, node.b.getContext());
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      node.b, init.getType(), ValueRange(), init, map, iterators,
      [&](OpBuilder &builder, Location loc, ValueRange) {
        ImplicitLocOpBuilder b(loc, builder);
        Sizes position;
        for (int64_t d = 0; d < rank; ++d)
          position.push_back(linalg::IndexOp::create(b, d).getResult());
        linalg::YieldOp::create(b, body(b, position));
      });
  node.importer.recordSizes(generic.getResult(0), sizes);
  return generic.getResult(0);
}

Value frontend::extractAt(ImplicitLocOpBuilder &b, Value tensor,
                          ArrayRef<OpFoldResult> position) {
  return tensor::ExtractOp::create(
      b, tensor, getValueOrCreateConstantIndexOp(b, b.getLoc(), position));
}

Value frontend::insertAt(ImplicitLocOpBuilder &b, Value element, Value tensor,
                         ArrayRef<OpFoldResult> position) {
  return tensor::InsertOp::create(
      b, element, tensor,
      getValueOrCreateConstantIndexOp(b, b.getLoc(), position));
}

Value frontend::loopOver(
    Node &node, ArrayRef<OpFoldResult> sizes, Value init,
    function_ref<Value(ImplicitLocOpBuilder &, ValueRange, Value)> body) {
  IndexMath math(node.b);
  SmallVector<Value> zeros(sizes.size(), math.value(math.index(0)));
  SmallVector<Value> ones(sizes.size(), math.value(math.index(1)));
  SmallVector<Value> ends;
  for (OpFoldResult size : sizes)
    ends.push_back(math.value(size));
  scf::LoopNest nest = scf::buildLoopNest(
      node.b, node.b.getLoc(), zeros, ends, ones, init,
      [&](OpBuilder &builder, Location loc, ValueRange position,
          ValueRange carried) -> scf::ValueVector {
        ImplicitLocOpBuilder b(loc, builder);
        return {body(b, position, carried[0])};
      });
  return nest.results.front();
}

void frontend::requireSizes(Node &node, ArrayRef<OpFoldResult> sizes) {
  IndexMath math(node.b);
  OpFoldResult least = math.index(0);
  for (OpFoldResult size : sizes)
    least = math.min(least, size);
  if (!isSize(least, 0))
    node.require(
        compareIndex(node.b, arith::CmpIPredicate::eq, least, math.index(0)),
        "expected sizes that are not negative");
}

FailureOr<Sizes> frontend::readIndices(Node &node, unsigned i) {
  if (node.rank(i) > 1)
    return node.error("input " + Twine(i) + " must have one dimension, found " +
                      Twine(node.rank(i)));
  FailureOr<SmallVector<Value>> scalars = node.extractScalars(i);
  if (failed(scalars))
    return failure();
  Sizes indices;
  for (Value scalar : *scalars)
    indices.push_back(scalarToSize(node.b, scalar));
  return indices;
}

Sizes frontend::spreadOverAxes(Node &node, ArrayRef<OpFoldResult> entries,
                               ArrayRef<OpFoldResult> axes, Sizes defaults) {
  IndexMath math(node.b);
  int64_t rank = defaults.size();
  for (auto [entry, axis] : llvm::zip_equal(entries, axes)) {
    if (std::optional<int64_t> known = getConstantIntValue(axis))
      (void)node.normalizeAxis(*known, rank);
    OpFoldResult wrapped = math.wrap(axis, math.index(rank));
    for (int64_t d = 0; d < rank; ++d)
      defaults[d] =
          math.selectEqual(wrapped, math.index(d), entry, defaults[d]);
  }
  return defaults;
}
