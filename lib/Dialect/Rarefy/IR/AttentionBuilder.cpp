// What the definitions of attention on floats and on integers share.

#include "AttentionBuilder.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <algorithm>

using namespace rarefy;

LoopList rarefy::with(LoopList loops, std::initializer_list<unsigned> more) {
  loops.append(more);
  return loops;
}

AttentionBuilder::AttentionBuilder(AttentionOp op, OpBuilder &b)
    : op(op), b(b), loc(op.getLoc()), batch(op.getBatchRank()),
      sizes(tensor::getMixedSizes(b, loc, op.getQuery())) {
  sizes.back() = numKeys();
  inner = sizes.size();
  score = llvm::to_vector(llvm::seq(inner));
  batches.assign(score.begin(), score.begin() + batch);
  head.assign(score.begin(), score.end() - 2);
  row.assign(score.begin(), score.end() - 1);
  key = forEachHead(op.getKey());
  value = forEachHead(op.getValue());
}

Value AttentionBuilder::generic(ValueRange ins, Value init,
                                ArrayRef<AffineMap> maps, Body body) {
  unsigned numLoops = maps.front().getNumDims();
  SmallVector<utils::IteratorType> kinds(numLoops,
                                         utils::IteratorType::reduction);
  for (AffineExpr result : maps.back().getResults())
    kinds[cast<AffineDimExpr>(result).getPosition()] =
        utils::IteratorType::parallel;
  return linalg::GenericOp::create(
             b, loc, init.getType(), ins, init, maps, kinds,
             [&](OpBuilder &nested, Location, ValueRange args) {
               linalg::YieldOp::create(nested, loc, body(nested, args));
             })
      .getResult(0);
}

Value AttentionBuilder::generic(ValueRange ins, Value init,
                                ArrayRef<LoopList> operandLoops, Body body) {
  unsigned numLoops = 0;
  for (const LoopList &loops : operandLoops)
    for (unsigned loop : loops)
      numLoops = std::max(numLoops, loop + 1);
  SmallVector<AffineMap> maps;
  for (const LoopList &loops : operandLoops)
    maps.push_back(
        AffineMap::getMultiDimMapWithTargets(numLoops, loops, b.getContext()));
  return generic(ins, init, maps, body);
}

Value AttentionBuilder::filled(const LoopList &loops, Value fill) {
  SmallVector<OpFoldResult> shape;
  for (unsigned loop : loops)
    shape.push_back(sizes[loop]);
  Value empty = tensor::EmptyOp::create(b, loc, shape, fill.getType());
  return linalg::FillOp::create(b, loc, fill, empty).getResult(0);
}

/// Keys of a head; none if there are no key heads.
OpFoldResult AttentionBuilder::numKeys() {
  OpFoldResult heads = tensor::getMixedSize(b, loc, op.getKey(), batch);
  OpFoldResult keys = tensor::getMixedSize(b, loc, op.getKey(), batch + 1);
  if (getConstantIntValue(heads))
    return keys;
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  Value none = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                     cast<Value>(heads), zero);
  return arith::SelectOp::create(b, loc, none, zero,
                                 getValueOrCreateConstantIndexOp(b, loc, keys))
      .getResult();
}

/// Key or value `v`, each of its heads repeated for the query heads that share
/// it.
Value AttentionBuilder::forEachHead(Value v) {
  int64_t heads = cast<ShapedType>(op.getQuery().getType()).getDimSize(batch);
  if (!ShapedType::isDynamic(heads) &&
      heads == cast<ShapedType>(v.getType()).getDimSize(batch))
    return v;
  SmallVector<OpFoldResult> shape = tensor::getMixedSizes(b, loc, v);
  // At least one, so that heads can be divided by it.
  auto count = [&](OpFoldResult heads) {
    return getValueOrCreateConstantIndexOp(b, loc, heads);
  };
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  Value divisor = b.createOrFold<arith::MaxUIOp>(loc, count(shape[batch]), one);
  Value group =
      b.createOrFold<arith::DivUIOp>(loc, count(sizes[batch]), divisor);
  group = b.createOrFold<arith::MaxUIOp>(loc, group, one);
  shape[batch] = sizes[batch];
  shape[batch + 1] = sizes.back();
  Value empty = tensor::EmptyOp::create(b, loc, shape, getElementTypeOrSelf(v));
  return generic({}, empty, {score}, [&](OpBuilder &nested, ValueRange) {
    SmallVector<Value> at;
    for (unsigned loop : score)
      at.push_back(linalg::IndexOp::create(nested, loc, loop));
    at[batch] = arith::DivUIOp::create(nested, loc, at[batch], group);
    return Value(tensor::ExtractOp::create(nested, loc, v, at));
  });
}

/// The mask over the loops of one score.
AffineMap AttentionBuilder::maskMap(ShapedType type) {
  SmallVector<AffineExpr> exprs;
  for (auto [i, size] : llvm::enumerate(type.getShape()))
    exprs.push_back(
        size == 1 ? b.getAffineConstantExpr(0)
                  : b.getAffineDimExpr(score.size() - type.getRank() + i));
  return AffineMap::get(score.size(), 0, exprs, b.getContext());
}

Value AttentionBuilder::causalOffset() {
  return arith::SubIOp::create(
      b, loc, getValueOrCreateConstantIndexOp(b, loc, sizes.back()),
      getValueOrCreateConstantIndexOp(b, loc, sizes[row.back()]));
}

Value AttentionBuilder::isSeen(OpBuilder &nested, Value offset) {
  Value i = linalg::IndexOp::create(nested, loc, row.back());
  Value j = linalg::IndexOp::create(nested, loc, score.back());
  Value last = arith::AddIOp::create(nested, loc, i, offset);
  return arith::CmpIOp::create(nested, loc, arith::CmpIPredicate::sle, j, last);
}

/// Whether `x` is larger than `y`, and whether they are equal.
static std::pair<Value, Value> compare(OpBuilder &b, Location loc, Value x,
                                       Value y) {
  if (isa<FloatType>(x.getType()))
    return {arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, x, y),
            arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, x, y)};
  return {arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sgt, x, y),
          arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, x, y)};
}

Value AttentionBuilder::countBefore(Value values) {
  Value zero = constant(b.getI64IntegerAttr(0));
  return generic(
      {values, values}, filled(score, zero), {score, with(row, {inner}), score},
      [&](OpBuilder &nested, ValueRange args) -> Value {
        auto [larger, equal] = compare(nested, loc, args[1], args[0]);
        Value earlier = arith::CmpIOp::create(
            nested, loc, arith::CmpIPredicate::ult,
            linalg::IndexOp::create(nested, loc, inner),
            linalg::IndexOp::create(nested, loc, score.back()));
        Value tie = arith::AndIOp::create(nested, loc, equal, earlier);
        Value first = arith::OrIOp::create(nested, loc, larger, tie);
        Value one = arith::ExtUIOp::create(nested, loc, b.getI64Type(), first);
        return arith::AddIOp::create(nested, loc, args[2], one);
      });
}
