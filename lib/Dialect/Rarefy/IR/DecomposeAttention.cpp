// The meaning of `rarefy.attention` on floats in linalg and arith, step by
// step.

#include "AttentionBuilder.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <limits>

using namespace rarefy;

namespace {

/// Builds the definition of one attention op. Intermediate values are f32.
class FloatAttention : AttentionBuilder {
public:
  using AttentionBuilder::AttentionBuilder;
  SmallVector<Value> build();

private:
  Value product();
  Value maskedScores(Value scores);
  Value probabilities(Value scores);
  Value tokenImportance(Value probs);
  Value largestOnly(Value probs, int64_t k);
  Value outputF32(Value probs);
  Value rounded(Value output);
  Value headImportance(Value output);

  Value toF32(OpBuilder &nested, Value v) {
    return v.getType().isF32()
               ? v
               : arith::ExtFOp::create(nested, loc, b.getF32Type(), v);
  }
};

} // namespace

Value FloatAttention::product() {
  return generic({op.getQuery(), key}, filled(score, f32(0)),
                 {with(row, {inner}), with(head, {score.back(), inner}), score},
                 [&](OpBuilder &nested, ValueRange args) -> Value {
                   Value product = arith::MulFOp::create(
                       nested, loc, toF32(nested, args[0]),
                       toF32(nested, args[1]));
                   return arith::AddFOp::create(nested, loc, args[2], product);
                 });
}

Value FloatAttention::maskedScores(Value scores) {
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
    return Value(arith::SelectOp::create(nested, loc, isSeen(nested, offset),
                                         value, hidden));
  });
}

Value FloatAttention::probabilities(Value scores) {
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

Value FloatAttention::tokenImportance(Value probs) {
  return generic(probs, op.getTokenImportanceInit(),
                 {score, with(batches, {score.back()})},
                 [&](OpBuilder &nested, ValueRange args) -> Value {
                   return arith::AddFOp::create(nested, loc, args[1], args[0]);
                 });
}

/// Zeroes all but the `k` largest probabilities of each row.
Value FloatAttention::largestOnly(Value probs, int64_t k) {
  Value limit = constant(b.getI64IntegerAttr(k));
  Value none = f32(0);
  return generic(countBefore(probs), probs, {score, score},
                 [&](OpBuilder &nested, ValueRange args) -> Value {
                   Value kept = arith::CmpIOp::create(
                       nested, loc, arith::CmpIPredicate::slt, args[0], limit);
                   return arith::SelectOp::create(nested, loc, kept, args[1],
                                                  none);
                 });
}

/// The product with the values; in the op's own init where that is f32.
Value FloatAttention::outputF32(Value probs) {
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
Value FloatAttention::rounded(Value output) {
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

Value FloatAttention::headImportance(Value output) {
  return generic(output, op.getHeadImportanceInit(),
                 {with(row, {score.back()}), head},
                 [&](OpBuilder &nested, ValueRange args) -> Value {
                   Value size = math::AbsFOp::create(nested, loc, args[0]);
                   return arith::AddFOp::create(nested, loc, args[1], size);
                 });
}

SmallVector<Value> FloatAttention::build() {
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
  if (isInteger())
    return decomposeIntegerAttention(*this, b);
  return FloatAttention(*this, b).build();
}
