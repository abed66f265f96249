// What attention on buffers does to a block of scores: softmax, importance,
// local value pruning, and the output.

#include "AttentionEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <algorithm>
#include <limits>

namespace rarefy {

/// Rows that are reduced side by side, to hide the latency of one.
constexpr int64_t together = 4;

Value AttentionEmitter::loadScores(Value row, Value key) {
  Value x =
      vector::LoadOp::create(b, loc, vector, scores, ValueRange{row, key});
  if (!biased)
    return x;
  Value added = vector::LoadOp::create(b, loc, vector, bias, key);
  return arith::AddFOp::create(b, loc, x, added);
}

/// The largest score of each row; 0 where all keys are hidden.
void AttentionEmitter::findLargest() {
  int64_t count = std::min(block, together);
  Value lowest = f32(-std::numeric_limits<double>::infinity());
  loop(index(block), count, [&](Value first) {
    SmallVector<Value> some, start(count, splat(lowest));
    for (int64_t i = 0; i < count; ++i)
      some.push_back(min(add(first, index(i)), index(block - 1)));
    SmallVector<Value> best = reduce(
        alignTo(keys, lanes), lanes, start, [&](Value key, ValueRange best) {
          SmallVector<Value> next;
          for (auto [row, old] : llvm::zip_equal(some, best)) {
            Value x = loadScores(row, key);
            Value more = arith::CmpFOp::create(
                b, loc, arith::CmpFPredicate::OGT, x, old);
            next.push_back(arith::SelectOp::create(b, loc, more, x, old));
          }
          return next;
        });
    for (auto [row, lanewise] : llvm::zip_equal(some, best)) {
      Value one = vector::ReductionOp::create(
          b, loc, vector::CombiningKind::MAXNUMF, lanewise);
      one = arith::SelectOp::create(b, loc, isHidden(one), f32(0), one);
      memref::StoreOp::create(b, loc, one, largest, row);
    }
  });
}

/// 2^x for x <= 0: the fraction by a polynomial whose relative error is below
/// 2.2e-7 in f32, the whole part by the exponent's bits.
Value AttentionEmitter::exp2(Value x) {
  constexpr double coefficients[] = {1.327647199e-3, 9.675541334e-3,
                                     5.550713273e-2, 2.402211972e-1,
                                     6.931469671e-1, 1.0};
  // Adding this rounds to an integer and leaves it in the low bits.
  Value shifter = splat(f32(12582912.0));
  Value shifted = arith::AddFOp::create(b, loc, x, shifter);
  Value whole = arith::SubFOp::create(b, loc, shifted, shifter);
  Value fraction = arith::SubFOp::create(b, loc, x, whole);
  Value p = splat(f32(coefficients[0]));
  for (double c : ArrayRef(coefficients).drop_front())
    p = vector::FMAOp::create(b, loc, p, fraction, splat(f32(c)));
  auto bits = VectorType::get({lanes}, b.getI32Type());
  Value exponent = arith::ShLIOp::create(
      b, loc, arith::BitcastOp::create(b, loc, bits, shifted), splat(i32(23)));
  Value sum = arith::AddIOp::create(
      b, loc, arith::BitcastOp::create(b, loc, bits, p), exponent);
  // Less has no exponent; so much for hidden keys.
  Value tiny = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, x,
                                     splat(f32(-126)));
  return arith::SelectOp::create(b, loc, tiny, splat(f32(0)),
                                 arith::BitcastOp::create(b, loc, vector, sum));
}

/// Turns scores into exponentials, and finds what divides them; that is zero
/// for all but the first `count` rows.
void AttentionEmitter::exponentiate(Value count) {
  Value zero = f32(0);
  loop(index(block), 1, [&](Value row) {
    Value shift = splat(memref::LoadOp::create(b, loc, largest, row));
    Value total = reduce(
        alignTo(keys, lanes), lanes, splat(zero),
        [&](Value key, ValueRange sum) -> SmallVector<Value> {
          Value x = arith::SubFOp::create(b, loc, loadScores(row, key), shift);
          Value e = exp2(x);
          vector::StoreOp::create(b, loc, e, scores, ValueRange{row, key});
          return {arith::AddFOp::create(b, loc, sum[0], e)};
        })[0];
    Value sum =
        vector::ReductionOp::create(b, loc, vector::CombiningKind::ADD, total);
    Value factor = arith::DivFOp::create(b, loc, f32(1), sum);
    Value none =
        arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, sum, zero);
    factor = arith::SelectOp::create(b, loc, none, zero, factor);
    Value exists =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, row, count);
    factor = arith::SelectOp::create(b, loc, exists, factor, zero);
    memref::StoreOp::create(b, loc, factor, inverse, row);
  });
}

/// Adds the block's probabilities to the head's partial sums.
void AttentionEmitter::addTokenImportance(ValueRange at) {
  loop(index(block), together, [&](Value first) {
    SmallVector<Value> some, factors;
    for (int64_t i = 0; i < together; ++i) {
      Value row = add(first, index(i));
      factors.push_back(splat(memref::LoadOp::create(b, loc, inverse, row)));
      some.push_back(min(row, index(block - 1)));
    }
    loop(alignTo(keys, lanes), lanes, [&](Value key) {
      SmallVector<Value> to(at);
      to.push_back(key);
      Value sum = vector::LoadOp::create(b, loc, vector, partials, to);
      for (auto [row, factor] : llvm::zip_equal(some, factors)) {
        Value e = vector::LoadOp::create(b, loc, vector, scores,
                                         ValueRange{row, key});
        sum = vector::FMAOp::create(b, loc, e, factor, sum);
      }
      vector::StoreOp::create(b, loc, sum, partials, to);
    });
  });
}

/// How many exponentials of the row are `bound` at least, as bits: numbers
/// that are not negative have the order of their bits.
Value AttentionEmitter::countReaching(Value row, Value bound) {
  return reduce(
      keys, 1, i32(0), [&](Value key, ValueRange sum) -> SmallVector<Value> {
        Value e = memref::LoadOp::create(b, loc, scores, ValueRange{row, key});
        e = arith::BitcastOp::create(b, loc, b.getI32Type(), e);
        Value reached =
            arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sge, e, bound);
        reached = arith::ExtUIOp::create(b, loc, b.getI32Type(), reached);
        return {arith::AddIOp::create(b, loc, sum[0], reached)};
      })[0];
}

/// The bits of the k-th largest exponential, from the highest bit down.
Value AttentionEmitter::findThreshold(Value row, Value k) {
  Value highest = i32(1 << 30);
  return reduce(
      index(31), 1, i32(0),
      [&](Value i, ValueRange bits) -> SmallVector<Value> {
        Value shift = arith::IndexCastOp::create(b, loc, b.getI32Type(), i);
        Value bit = arith::ShRUIOp::create(b, loc, highest, shift);
        Value higher = arith::OrIOp::create(b, loc, bits[0], bit);
        Value enough = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sge,
                                             countReaching(row, higher), k);
        return {arith::SelectOp::create(b, loc, enough, higher, bits[0])};
      })[0];
}

/// Zeroes all but the `k` largest exponentials of each row.
void AttentionEmitter::keepLargest(int64_t k) {
  Value limit = i32(std::min<int64_t>(k, std::numeric_limits<int32_t>::max()));
  auto cmp = [&](arith::CmpIPredicate than, Value x, Value y) -> Value {
    return arith::CmpIOp::create(b, loc, than, x, y);
  };
  loop(index(block), 1, [&](Value row) {
    Value bound = findThreshold(row, limit);
    Value above =
        countReaching(row, arith::AddIOp::create(b, loc, bound, i32(1)));
    Value ties = arith::SubIOp::create(b, loc, limit, above);
    reduce(keys, 1, ties,
           [&](Value key, ValueRange left) -> SmallVector<Value> {
             SmallVector<Value> at{row, key};
             Value e = memref::LoadOp::create(b, loc, scores, at);
             Value bits = arith::BitcastOp::create(b, loc, b.getI32Type(), e);
             Value tie = arith::AndIOp::create(
                 b, loc, cmp(arith::CmpIPredicate::eq, bits, bound),
                 cmp(arith::CmpIPredicate::sgt, left[0], i32(0)));
             Value keep = arith::OrIOp::create(
                 b, loc, tie, cmp(arith::CmpIPredicate::sgt, bits, bound));
             e = arith::SelectOp::create(b, loc, keep, e, f32(0));
             memref::StoreOp::create(b, loc, e, scores, at);
             Value one = arith::ExtUIOp::create(b, loc, b.getI32Type(), tie);
             return {arith::SubIOp::create(b, loc, left[0], one)};
           });
  });
}

/// Divides the block's output by the sums of its rows, and writes it.
void AttentionEmitter::storeOutput(ValueRange at, Value firstRow, Value count) {
  loop(count, 1, [&](Value row) {
    Value factor = splat(memref::LoadOp::create(b, loc, inverse, row));
    auto load = [&](Value d) -> Value {
      Value sum =
          vector::LoadOp::create(b, loc, vector, output, ValueRange{row, d});
      return arith::MulFOp::create(b, loc, sum, factor);
    };
    vectors(valueDepth, [&](Value d, Value rest) {
      SmallVector<Value> to(at);
      to.append({add(firstRow, row), d});
      storeVector(load(d), op.getOutputInit(), to, rest);
    });
    if (!headSum)
      return;
    Value old = vector::LoadOp::create(b, loc, vector, headSum, index(0));
    Value sum = reduce(alignTo(valueDepth, lanes), lanes, old,
                       [&](Value d, ValueRange sum) -> SmallVector<Value> {
                         Value size = math::AbsFOp::create(b, loc, load(d));
                         return {arith::AddFOp::create(b, loc, sum[0], size)};
                       })[0];
    vector::StoreOp::create(b, loc, sum, headSum, index(0));
  });
}

void AttentionEmitter::addHeadImportance(ValueRange at) {
  Value importance = op.getHeadImportanceInit();
  Value lanewise = vector::LoadOp::create(b, loc, vector, headSum, index(0));
  Value old = memref::LoadOp::create(b, loc, importance, at);
  Value sum = vector::ReductionOp::create(b, loc, vector::CombiningKind::ADD,
                                          lanewise, old);
  memref::StoreOp::create(b, loc, sum, importance, at);
}

/// Adds the heads' partial sums, in order, to the importance of tokens.
void AttentionEmitter::sumPartials() {
  Value importance = op.getTokenImportanceInit();
  SmallVector<Value> ends, zeros(batch + 1, index(0)),
      ones(batch + 1, index(1));
  for (int64_t i = 0; i < batch; ++i)
    ends.push_back(sizeOf(op.getQuery(), i));
  ends.push_back(heads);
  OpBuilder::InsertionGuard guard(b);
  scf::LoopNest nest = scf::buildLoopNest(b, loc, zeros, ends, ones);
  SmallVector<Value> at;
  for (scf::ForOp loop : nest.loops)
    at.push_back(loop.getInductionVar());
  b.setInsertionPointToStart(nest.loops.back().getBody());
  vectors(keys, [&](Value key, Value count) {
    ArrayRef<Value> batch = ArrayRef<Value>(at).drop_back();
    SmallVector<Value> from(at), to(batch);
    from.push_back(key);
    to.push_back(key);
    Value sum = arith::AddFOp::create(b, loc, loadVector(importance, to, count),
                                      loadVector(partials, from));
    storeVector(sum, importance, to, count);
  });
}

} // namespace rarefy
