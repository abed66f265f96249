// The meaning of `rarefy.attention` in linalg and arith, step by step.

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "rarefy/Dialect/Rarefy/IR/Rarefy.h"

using namespace rarefy;

namespace {

using LoopList = SmallVector<unsigned>;

/// Builds the definition of one attention op. Intermediate values are f32 over
/// the loops [batch.., heads, rows, keys].
class AttentionBuilder {
public:
  AttentionBuilder(AttentionOp op, OpBuilder &b);
  SmallVector<Value> build();

private:
  using Body = function_ref<Value(OpBuilder &, ValueRange)>;

  /// A generic whose operands (the last is the init) run over these loops.
  Value generic(ValueRange ins, Value init, ArrayRef<LoopList> operandLoops,
                Body body);
  Value generic(ValueRange ins, Value init, ArrayRef<AffineMap> maps,
                Body body);
  Value filled(const LoopList &loops, Value fill);

  OpFoldResult numKeys();
  Value forEachHead(Value v);
  AffineMap maskMap(ShapedType type);

  Value product();
  Value maskedScores(Value scores);
  Value causalOffset();
  Value probabilities(Value scores);
  Value tokenImportance(Value probs);
  Value largestOnly(Value probs, int64_t k);
  Value outputF32(Value probs);
  Value rounded(Value output);
  Value headImportance(Value output);

  Value f32(double value) {
    return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value));
  }
  Value toF32(OpBuilder &nested, Value v) {
    return v.getType().isF32()
               ? v
               : arith::ExtFOp::create(nested, loc, b.getF32Type(), v);
  }

  AttentionOp op;
  OpBuilder &b;
  Location loc;
  int64_t batch;
  /// Key and value with as many heads as the query.
  Value key, value;
  /// Loops of a batch, of a head, of a row of scores and of one score; the last
  /// loop of a contraction is `inner`.
  LoopList batches, head, row, score;
  unsigned inner;
  /// Sizes of the loops of one score.
  SmallVector<OpFoldResult> sizes;
};

} // namespace

static LoopList with(LoopList loops, std::initializer_list<unsigned> more) {
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

Value AttentionBuilder::product() {
  return generic({op.getQuery(), key}, filled(score, f32(0)),
                 {with(row, {inner}), with(head, {score.back(), inner}), score},
                 [&](OpBuilder &nested, ValueRange args) -> Value {
                   Value product = arith::MulFOp::create(
                       nested, loc, toF32(nested, args[0]),
                       toF32(nested, args[1]));
                   return arith::AddFOp::create(nested, loc, args[2], product);
                 });
}

/// With `causal`, row i sees the keys up to i + this.
Value AttentionBuilder::causalOffset() {
  return arith::SubIOp::create(
      b, loc, getValueOrCreateConstantIndexOp(b, loc, sizes.back()),
      getValueOrCreateConstantIndexOp(b, loc, sizes[row.back()]));
}

Value AttentionBuilder::maskedScores(Value scores) {
  SmallVector<Value> ins;
  SmallVector<AffineMap> maps;
  if (Value mask = op.getMask()) {
    ins.push_back(mask);
    maps.push_back(maskMap(cast<ShapedType>(mask.getType())));
  }
  Value scale = f32(op.getScale().convertToDouble());
  Value hidden = arith::ConstantOp::create(
      b, loc, b.getF32FloatAttr(-std::numeric_limits<float>::infinity()));
  Value offset = op.getCausal() ? causalOffset() : Value();
  maps.push_back(b.getMultiDimIdentityMap(score.size()));
  return generic(ins, scores, maps, [&](OpBuilder &nested, ValueRange args) {
    Value value = arith::MulFOp::create(nested, loc, args.back(), scale);
    if (!ins.empty() && args[0].getType().isInteger(1))
      value = arith::SelectOp::create(nested, loc, args[0], value, hidden);
    else if (!ins.empty())
      value = arith::AddFOp::create(nested, loc, value, toF32(nested, args[0]));
    if (!offset)
      return value;
    Value i = linalg::IndexOp::create(nested, loc, row.back());
    Value j = linalg::IndexOp::create(nested, loc, score.back());
    Value last = arith::AddIOp::create(nested, loc, i, offset);
    Value seen =
        arith::CmpIOp::create(nested, loc, arith::CmpIPredicate::sle, j, last);
    return Value(arith::SelectOp::create(nested, loc, seen, value, hidden));
  });
}

Value AttentionBuilder::probabilities(Value scores) {
  Value zero = f32(0), one = f32(1);
  Value lowest = f32(-std::numeric_limits<double>::infinity());
  Value max =
      generic(scores, filled(row, lowest), {score, row},
              [&](OpBuilder &nested, ValueRange args) -> Value {
                return arith::MaxNumFOp::create(nested, loc, args[0], args[1]);
              });
  // The largest score of a row that sees no key is -inf: take 0 instead, and
  // all its exponentials are 0 and not NaN.
  Value exps = generic(
      max, scores, {row, score},
      [&](OpBuilder &nested, ValueRange args) -> Value {
        Value none = arith::CmpFOp::create(
            nested, loc, arith::CmpFPredicate::OEQ, args[0], lowest);
        Value shift = arith::SelectOp::create(nested, loc, none, zero, args[0]);
        Value below = arith::SubFOp::create(nested, loc, args[1], shift);
        return math::ExpOp::create(nested, loc, below);
      });
  Value sum =
      generic(exps, filled(row, zero), {score, row},
              [&](OpBuilder &nested, ValueRange args) -> Value {
                return arith::AddFOp::create(nested, loc, args[1], args[0]);
              });
  return generic(sum, exps, {row, score},
                 [&](OpBuilder &nested, ValueRange args) -> Value {
                   Value none = arith::CmpFOp::create(
                       nested, loc, arith::CmpFPredicate::OEQ, args[0], zero);
                   Value divisor =
                       arith::SelectOp::create(nested, loc, none, one, args[0]);
                   return arith::DivFOp::create(nested, loc, args[1], divisor);
                 });
}

Value AttentionBuilder::tokenImportance(Value probs) {
  return generic(probs, op.getTokenImportanceInit(),
                 {score, with(batches, {score.back()})},
                 [&](OpBuilder &nested, ValueRange args) -> Value {
                   return arith::AddFOp::create(nested, loc, args[1], args[0]);
                 });
}

/// Zeroes all but the `k` largest probabilities of each row.
Value AttentionBuilder::largestOnly(Value probs, int64_t k) {
  // How many probabilities of the row go before each.
  Value zero = arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(0));
  Value before = generic(
      {probs, probs}, filled(score, zero), {score, with(row, {inner}), score},
      [&](OpBuilder &nested, ValueRange args) -> Value {
        Value larger = arith::CmpFOp::create(
            nested, loc, arith::CmpFPredicate::OGT, args[1], args[0]);
        Value equal = arith::CmpFOp::create(
            nested, loc, arith::CmpFPredicate::OEQ, args[1], args[0]);
        Value earlier = arith::CmpIOp::create(
            nested, loc, arith::CmpIPredicate::ult,
            linalg::IndexOp::create(nested, loc, inner),
            linalg::IndexOp::create(nested, loc, score.back()));
        Value tie = arith::AndIOp::create(nested, loc, equal, earlier);
        Value first = arith::OrIOp::create(nested, loc, larger, tie);
        Value one = arith::ExtUIOp::create(nested, loc, b.getI64Type(), first);
        return arith::AddIOp::create(nested, loc, args[2], one);
      });
  Value limit = arith::ConstantOp::create(b, loc, b.getI64IntegerAttr(k));
  Value none = f32(0);
  return generic(before, probs, {score, score},
                 [&](OpBuilder &nested, ValueRange args) -> Value {
                   Value kept = arith::CmpIOp::create(
                       nested, loc, arith::CmpIPredicate::slt, args[0], limit);
                   return arith::SelectOp::create(nested, loc, kept, args[1],
                                                  none);
                 });
}

/// The product with the values; in the op's own init where that is f32.
Value AttentionBuilder::outputF32(Value probs) {
  Value init = op.getOutputInit();
  auto type = cast<RankedTensorType>(init.getType());
  if (!type.getElementType().isF32())
    init = tensor::EmptyOp::create(b, loc, tensor::getMixedSizes(b, loc, init),
                                   b.getF32Type());
  init = linalg::FillOp::create(b, loc, f32(0), init).getResult(0);
  unsigned depth = score.back();
  return generic(
      {probs, value}, init,
      {with(row, {inner}), with(head, {inner, depth}), with(row, {depth})},
      [&](OpBuilder &nested, ValueRange args) -> Value {
        Value product =
            arith::MulFOp::create(nested, loc, args[0], toF32(nested, args[1]));
        return arith::AddFOp::create(nested, loc, args[2], product);
      });
}

/// The output in the element type of its init.
Value AttentionBuilder::rounded(Value output) {
  Type element = getElementTypeOrSelf(op.getOutputInit());
  if (element.isF32())
    return output;
  LoopList all = with(row, {score.back()});
  return generic(output, op.getOutputInit(), {all, all},
                 [&](OpBuilder &nested, ValueRange args) -> Value {
                   return arith::TruncFOp::create(nested, loc, element,
                                                  args[0]);
                 });
}

Value AttentionBuilder::headImportance(Value output) {
  return generic(output, op.getHeadImportanceInit(),
                 {with(row, {score.back()}), head},
                 [&](OpBuilder &nested, ValueRange args) -> Value {
                   Value size = math::AbsFOp::create(nested, loc, args[0]);
                   return arith::AddFOp::create(nested, loc, args[1], size);
                 });
}

SmallVector<Value> AttentionBuilder::build() {
  Value probs = probabilities(maskedScores(product()));
  Value token;
  if (op.getTokenImportanceInit())
    token = tokenImportance(probs);
  int64_t numKeys =
      cast<ShapedType>(op.getKey().getType()).getDimSize(batch + 1);
  if (std::optional<int64_t> k = op.getKeepValues())
    if (ShapedType::isDynamic(numKeys) || *k < numKeys)
      probs = largestOnly(probs, *k);
  Value output = outputF32(probs);
  SmallVector<Value> results{rounded(output)};
  if (token)
    results.push_back(token);
  if (op.getHeadImportanceInit())
    results.push_back(headImportance(output));
  return results;
}

FailureOr<SmallVector<Value>> AttentionOp::decomposeOperation(OpBuilder &b) {
  if (!hasPureTensorSemantics())
    return emitOpError("expected tensors to decompose, found memrefs");
  return AttentionBuilder(*this, b).build();
}
