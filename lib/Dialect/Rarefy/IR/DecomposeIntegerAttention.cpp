// The meaning of `rarefy.attention` on integers: the numbers of SpAtten's
// datapath, so that its simulator and the CPU agree bit for bit.

#include "AttentionBuilder.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <cmath>
#include <limits>

using namespace rarefy;

namespace {

/// Builds the definition of one attention op.
class IntegerAttention : AttentionBuilder {
public:
  using AttentionBuilder::AttentionBuilder;
  SmallVector<Value> build();

private:
  Value bits(Value v, unsigned width, unsigned dropped);
  Value scores(Value keys);
  Value exponentials(Value scores);
  Value exponential(OpBuilder &nested, Value score, Value largest);
  Value probabilities(Value keys);
  Value needsMore(Value probs);
  Value selectRows(Value flags, Value yes, Value no);
  Value largestOnly(Value probs, int64_t k);
  Value sumOfGroups(Value probs, int64_t group);
  Value tokenImportance(Value probs);
  Value output(Value probs);
  Value headImportance(Value output);

  Value i16(int64_t value) { return constant(b.getI16IntegerAttr(value)); }
  Value i32(int64_t value) { return constant(b.getI32IntegerAttr(value)); }
  Value i64(int64_t value) { return constant(b.getI64IntegerAttr(value)); }

  /// The probability of 1, in units of 2^-11; the largest that is written.
  static constexpr int64_t kOne = 2048, kLargest = 2047;
  /// Stands for the score of a key that the row does not see.
  static constexpr int64_t kHidden = std::numeric_limits<int32_t>::min();
};

} // namespace

/// The low `width` bits of `v`, sign-extended, the `dropped` lowest of them 0.
Value IntegerAttention::bits(Value v, unsigned width, unsigned dropped) {
  Value up = i16(16 - width), down = i16(16 - width + dropped),
        back = i16(dropped);
  Value empty = tensor::EmptyOp::create(
      b, loc, tensor::getMixedSizes(b, loc, v), b.getI16Type());
  return generic(v, empty, {score, score},
                 [&](OpBuilder &nested, ValueRange args) -> Value {
                   Value x = arith::ShLIOp::create(nested, loc, args[0], up);
                   x = arith::ShRSIOp::create(nested, loc, x, down);
                   return arith::ShLIOp::create(nested, loc, x, back);
                 });
}

/// Exact products with the keys in i32; those that a row does not see are
/// hidden.
Value IntegerAttention::scores(Value keys) {
  Value query = bits(op.getQuery(), 12, 0);
  Value product = generic(
      {query, keys}, filled(score, i32(0)),
      {with(row, {inner}), with(head, {score.back(), inner}), score},
      [&](OpBuilder &nested, ValueRange args) -> Value {
        Value x = arith::ExtSIOp::create(nested, loc, b.getI32Type(), args[0]);
        Value y = arith::ExtSIOp::create(nested, loc, b.getI32Type(), args[1]);
        Value xy = arith::MulIOp::create(nested, loc, x, y);
        return arith::AddIOp::create(nested, loc, args[2], xy);
      });
  if (!op.getMask() && !op.getCausal())
    return product;
  SmallVector<Value> ins;
  SmallVector<AffineMap> maps;
  if (Value mask = op.getMask()) {
    ins.push_back(mask);
    maps.push_back(maskMap(cast<ShapedType>(mask.getType())));
  }
  maps.push_back(b.getMultiDimIdentityMap(score.size()));
  Value hidden = i32(kHidden);
  Value offset = op.getCausal() ? causalOffset() : Value();
  return generic(ins, product, maps, [&](OpBuilder &nested, ValueRange args) {
    Value value = args.back();
    if (!ins.empty())
      value = arith::SelectOp::create(nested, loc, args[0], value, hidden);
    if (offset)
      value = arith::SelectOp::create(nested, loc, isSeen(nested, offset),
                                      value, hidden);
    return value;
  });
}

/// e^(scale * (score - largest)) by a Taylor polynomial of order 5 of the
/// fraction of the exponent of two, in binary32 (SpAtten section IV-F); zero
/// below 2^-126 and for a hidden score.
Value IntegerAttention::exponential(OpBuilder &nested, Value score,
                                    Value largest) {
  auto c = [&](float value) {
    return arith::ConstantOp::create(nested, loc, nested.getF32FloatAttr(value))
        .getResult();
  };
  Type f32Type = nested.getF32Type(), i32Type = nested.getI32Type();
  Value below = arith::SubIOp::create(nested, loc, score, largest);
  Value t = arith::SIToFPOp::create(nested, loc, f32Type, below);
  Value scale = c(op.getScale().convertToFloat());
  t = arith::MulFOp::create(nested, loc, t, scale);
  Value y = arith::MulFOp::create(nested, loc, t, c(1.44269504f));
  Value tiny = arith::CmpFOp::create(nested, loc, arith::CmpFPredicate::OLT, y,
                                     c(-126.0f));
  y = arith::SelectOp::create(nested, loc, tiny, c(0.0f), y);
  Value n = math::FloorOp::create(nested, loc, y);
  Value f = arith::SubFOp::create(nested, loc, y, n);
  f = arith::MulFOp::create(nested, loc, f, c(0.69314718f));
  Value p = c(1.0f / 120);
  for (float next : {1.0f / 24, 1.0f / 6, 0.5f, 1.0f, 1.0f})
    p = math::FmaOp::create(nested, loc, p, f, c(next));
  Value exponent = arith::FPToSIOp::create(nested, loc, i32Type, n);
  auto integer = [&](int64_t value) {
    return arith::ConstantOp::create(nested, loc,
                                     nested.getI32IntegerAttr(value))
        .getResult();
  };
  exponent = arith::AddIOp::create(nested, loc, exponent, integer(127));
  exponent = arith::ShLIOp::create(nested, loc, exponent, integer(23));
  Value power = arith::BitcastOp::create(nested, loc, f32Type, exponent);
  Value e = arith::MulFOp::create(nested, loc, p, power);
  Value hidden = arith::CmpIOp::create(nested, loc, arith::CmpIPredicate::eq,
                                       score, integer(kHidden));
  Value none = arith::OrIOp::create(nested, loc, tiny, hidden);
  return arith::SelectOp::create(nested, loc, none, c(0.0f), e);
}

Value IntegerAttention::exponentials(Value scores) {
  Value largest =
      generic(scores, filled(row, i32(kHidden)), {score, row},
              [&](OpBuilder &nested, ValueRange args) -> Value {
                return arith::MaxSIOp::create(nested, loc, args[0], args[1]);
              });
  return generic({scores, largest}, filled(score, f32(0)), {score, row, score},
                 [&](OpBuilder &nested, ValueRange args) -> Value {
                   return exponential(nested, args[0], args[1]);
                 });
}

/// Probabilities in units of 2^-11. The exponentials are summed in units of
/// 2^-30, so that no order of additions gives another sum.
Value IntegerAttention::probabilities(Value keys) {
  Value exps = exponentials(scores(keys));
  Value unit = f32(std::ldexp(1.0, 30)), step = f32(std::ldexp(1.0, -30));
  Value sum =
      generic(exps, filled(row, i64(0)), {score, row},
              [&](OpBuilder &nested, ValueRange args) -> Value {
                Value e = arith::MulFOp::create(nested, loc, args[0], unit);
                e = math::RoundEvenOp::create(nested, loc, e);
                e = arith::FPToSIOp::create(nested, loc, b.getI64Type(), e);
                return arith::AddIOp::create(nested, loc, args[1], e);
              });
  Value none = i64(0), one = f32(1), scale = f32(kOne), largest = i32(kLargest);
  return generic(
      {exps, sum}, filled(score, i32(0)), {score, row, score},
      [&](OpBuilder &nested, ValueRange args) -> Value {
        Value empty = arith::CmpIOp::create(
            nested, loc, arith::CmpIPredicate::eq, args[1], none);
        Value total =
            arith::SIToFPOp::create(nested, loc, b.getF32Type(), args[1]);
        total = arith::MulFOp::create(nested, loc, total, step);
        total = arith::SelectOp::create(nested, loc, empty, one, total);
        Value p = arith::DivFOp::create(nested, loc, args[0], total);
        p = arith::MulFOp::create(nested, loc, p, scale);
        p = math::RoundEvenOp::create(nested, loc, p);
        Value whole = arith::FPToSIOp::create(nested, loc, b.getI32Type(), p);
        return arith::MinSIOp::create(nested, loc, whole, largest);
      });
}

/// Rows whose largest probability is below the threshold, as i1.
Value IntegerAttention::needsMore(Value probs) {
  Value largest =
      generic(probs, filled(row, i32(0)), {score, row},
              [&](OpBuilder &nested, ValueRange args) -> Value {
                return arith::MaxSIOp::create(nested, loc, args[0], args[1]);
              });
  Value threshold = i32(op.getPlanesAttr().getThresholdSteps());
  Value no = constant(b.getBoolAttr(false));
  return generic(largest, filled(row, no), {row, row},
                 [&](OpBuilder &nested, ValueRange args) -> Value {
                   return arith::CmpIOp::create(nested, loc,
                                                arith::CmpIPredicate::slt,
                                                args[0], threshold);
                 });
}

Value IntegerAttention::selectRows(Value flags, Value yes, Value no) {
  return generic({flags, yes}, no, {row, score, score},
                 [&](OpBuilder &nested, ValueRange args) -> Value {
                   return arith::SelectOp::create(nested, loc, args[0], args[1],
                                                  args[2]);
                 });
}

/// In each head the sum of the probabilities of the `group` heads around it.
Value IntegerAttention::sumOfGroups(Value probs, int64_t group) {
  if (group == 1)
    return probs;
  // [batch.., groups, group, rows, keys] from [batch.., heads, rows, keys].
  SmallVector<ReassociationIndices> apart;
  SmallVector<OpFoldResult> shape(sizes);
  for (int64_t i = 0, at = 0, e = shape.size(); i < e; ++i, ++at) {
    apart.push_back({at});
    if (i == batch)
      apart.back().push_back(++at);
  }
  int64_t heads = *getConstantIntValue(shape[batch]);
  shape[batch] = b.getIndexAttr(heads / group);
  shape.insert(shape.begin() + batch + 1, b.getIndexAttr(group));
  SmallVector<int64_t> sizesKnown;
  for (OpFoldResult size : shape)
    sizesKnown.push_back(
        getConstantIntValue(size).value_or(ShapedType::kDynamic));
  auto type = RankedTensorType::get(sizesKnown, b.getI32Type());
  Value split =
      tensor::ExpandShapeOp::create(b, loc, type, probs, apart, shape);
  // Loops: those of `split`, then the heads of the group to sum over.
  LoopList all = llvm::to_vector(llvm::seq<unsigned>(shape.size()));
  LoopList other = all;
  other[batch + 1] = shape.size();
  Value empty = tensor::EmptyOp::create(b, loc, shape, b.getI32Type());
  Value zero = linalg::FillOp::create(b, loc, i32(0), empty).getResult(0);
  Value sum =
      generic(split, zero, {other, all},
              [&](OpBuilder &nested, ValueRange args) -> Value {
                return arith::AddIOp::create(nested, loc, args[0], args[1]);
              });
  return tensor::CollapseShapeOp::create(b, loc, probs.getType(), sum, apart);
}

Value IntegerAttention::largestOnly(Value probs, int64_t k) {
  Value before = countBefore(sumOfGroups(probs, op.getKeepGroup().value_or(1)));
  Value limit = i64(k), none = i32(0);
  return generic(before, probs, {score, score},
                 [&](OpBuilder &nested, ValueRange args) -> Value {
                   Value kept = arith::CmpIOp::create(
                       nested, loc, arith::CmpIPredicate::slt, args[0], limit);
                   return arith::SelectOp::create(nested, loc, kept, args[1],
                                                  none);
                 });
}

/// Adds without sign, up to the largest number of 32 bits.
Value IntegerAttention::tokenImportance(Value probs) {
  Value largest = i64(std::numeric_limits<uint32_t>::max());
  return generic(
      probs, op.getTokenImportanceInit(),
      {score, with(batches, {score.back()})},
      [&](OpBuilder &nested, ValueRange args) -> Value {
        Value x = arith::ExtUIOp::create(nested, loc, b.getI64Type(), args[0]);
        Value sum =
            arith::ExtUIOp::create(nested, loc, b.getI64Type(), args[1]);
        sum = arith::AddIOp::create(nested, loc, sum, x);
        sum = arith::MinUIOp::create(nested, loc, sum, largest);
        return arith::TruncIOp::create(nested, loc, b.getI32Type(), sum);
      });
}

/// The sum of probabilities times values, rounded to the values' unit.
Value IntegerAttention::output(Value probs) {
  unsigned kept = op.getValueBits().value_or(12);
  Value values = bits(value, 12, 12 - kept);
  unsigned depth = score.back();
  Value init = op.getOutputInit();
  Value empty = tensor::EmptyOp::create(
      b, loc, tensor::getMixedSizes(b, loc, init), b.getI32Type());
  Value zero = linalg::FillOp::create(b, loc, i32(0), empty).getResult(0);
  Value sum = generic(
      {probs, values}, zero,
      {with(row, {inner}), with(head, {inner, depth}), with(row, {depth})},
      [&](OpBuilder &nested, ValueRange args) -> Value {
        Value v = arith::ExtSIOp::create(nested, loc, b.getI32Type(), args[1]);
        Value product = arith::MulIOp::create(nested, loc, args[0], v);
        return arith::AddIOp::create(nested, loc, args[2], product);
      });
  Value half = i32(kOne / 2), shift = i32(11), low = i32(-2048),
        high = i32(2047);
  LoopList all = with(row, {depth});
  return generic(
      sum, init, {all, all}, [&](OpBuilder &nested, ValueRange args) -> Value {
        Value x = arith::AddIOp::create(nested, loc, args[0], half);
        x = arith::ShRSIOp::create(nested, loc, x, shift);
        x = arith::MaxSIOp::create(nested, loc, x, low);
        x = arith::MinSIOp::create(nested, loc, x, high);
        return arith::TruncIOp::create(nested, loc, b.getI16Type(), x);
      });
}

Value IntegerAttention::headImportance(Value output) {
  return generic(
      output, op.getHeadImportanceInit(), {with(row, {score.back()}), head},
      [&](OpBuilder &nested, ValueRange args) -> Value {
        Value x = arith::ExtSIOp::create(nested, loc, b.getI64Type(), args[0]);
        x = math::AbsIOp::create(nested, loc, x);
        return arith::AddIOp::create(nested, loc, args[1], x);
      });
}

SmallVector<Value> IntegerAttention::build() {
  PlanesAttr planes = op.getPlanesAttr();
  unsigned keyBits = planes ? planes.getMsb() + planes.getLsb() : 12;
  Value probs = probabilities(bits(key, keyBits, planes ? planes.getLsb() : 0));
  Value refetched;
  if (planes && planes.getLsb() > 0) {
    refetched = needsMore(probs);
    probs = selectRows(refetched, probabilities(bits(key, keyBits, 0)), probs);
  }
  Value token;
  if (op.getTokenImportanceInit())
    token = tokenImportance(probs);
  if (std::optional<int64_t> k = op.getKeepValues())
    probs = largestOnly(probs, *k);
  SmallVector<Value> results{output(probs)};
  if (token)
    results.push_back(token);
  if (op.getHeadImportanceInit())
    results.push_back(headImportance(results.front()));
  if (Value init = op.getRefetchedInit())
    results.push_back(
        generic(refetched, init, {row, row},
                [](OpBuilder &, ValueRange args) { return args[0]; }));
  return results;
}

SmallVector<Value> rarefy::decomposeIntegerAttention(AttentionOp op,
                                                     OpBuilder &b) {
  return IntegerAttention(op, b).build();
}
