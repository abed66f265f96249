// The meaning of `topk`, `gather` and `scatter` in upstream dialects.

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "rarefy/Dialect/Rarefy/IR/Rarefy.h"
#include <limits>

using namespace rarefy;

static Value i32(OpBuilder &b, Location loc, int32_t value) {
  return arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(value));
}

/// The least signed number of an integer type.
static Value leastOf(OpBuilder &b, Location loc, Type type) {
  APInt least = APInt::getSignedMinValue(type.getIntOrFloatBitWidth());
  return arith::ConstantOp::create(b, loc, b.getIntegerAttr(type, least));
}

static Value toI32(OpBuilder &b, Location loc, Value v) {
  return v.getType().isIndex()
             ? Value(arith::IndexCastOp::create(b, loc, b.getI32Type(), v))
             : Value(arith::ExtUIOp::create(b, loc, b.getI32Type(), v));
}

static Value size(OpBuilder &b, Location loc, Value v, int64_t dim) {
  return getValueOrCreateConstantIndexOp(b, loc,
                                         tensor::getMixedSize(b, loc, v, dim));
}

/// Loops over the first `count` dimensions of `v` that carry `init`.
static Value
loopNest(OpBuilder &b, Location loc, Value v, int64_t count, Value init,
         function_ref<Value(OpBuilder &, ValueRange ivs, Value carried)> body) {
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  SmallVector<Value> ends;
  for (int64_t dim = 0; dim < count; ++dim)
    ends.push_back(size(b, loc, v, dim));
  return scf::buildLoopNest(
             b, loc, SmallVector<Value>(count, zero), ends,
             SmallVector<Value>(count, one), init,
             [&](OpBuilder &nested, Location, ValueRange ivs, ValueRange args) {
               return scf::ValueVector{body(nested, ivs, args[0])};
             })
      .results[0];
}

//===----------------------------------------------------------------------===//
// topk
//===----------------------------------------------------------------------===//

/// The key of a float: equal for -0 and 0, least for NaN.
static Value orderedKey(OpBuilder &b, Location loc, Value score) {
  Value zero = i32(b, loc, 0), signShift = i32(b, loc, 31);
  Value allButSign = i32(b, loc, std::numeric_limits<int32_t>::max());
  Value least = i32(b, loc, std::numeric_limits<int32_t>::min());
  Value zeroF = arith::ConstantOp::create(b, loc, b.getF32FloatAttr(0));
  Value bits = arith::BitcastOp::create(b, loc, b.getI32Type(), score);
  Value sign = arith::ShRSIOp::create(b, loc, bits, signShift);
  Value flip = arith::AndIOp::create(b, loc, sign, allButSign);
  Value key = arith::XOrIOp::create(b, loc, bits, flip);
  Value isZero =
      arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, score, zeroF);
  key = arith::SelectOp::create(b, loc, isZero, zero, key);
  Value isNaN =
      arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, score, score);
  return arith::SelectOp::create(b, loc, isNaN, least, key);
}

/// Signed integers in the order of the scores, floats or unsigned integers.
static Value orderedKeys(OpBuilder &b, Location loc, Value scores) {
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, scores);
  Type element = getElementTypeOrSelf(scores.getType());
  if (element.isF32())
    element = b.getI32Type();
  Value empty = tensor::EmptyOp::create(b, loc, sizes, element);
  AffineMap identity = b.getMultiDimIdentityMap(sizes.size());
  SmallVector<utils::IteratorType> kinds(sizes.size(),
                                         utils::IteratorType::parallel);
  auto body = [&](OpBuilder &nested, Location, ValueRange args) {
    Value key;
    if (args[0].getType().isF32())
      key = orderedKey(nested, loc, args[0]);
    else
      key = arith::XOrIOp::create(nested, loc, args[0],
                                  leastOf(nested, loc, element));
    linalg::YieldOp::create(nested, loc, key);
  };
  return linalg::GenericOp::create(b, loc, empty.getType(), scores, empty,
                                   {identity, identity}, kinds, body)
      .getResult(0);
}

namespace {
/// Selects the k largest of one row of keys without a copy of the row.
struct RowSelector {
  Location loc;
  Value keys;
  ValueRange row;
  /// Length of the row and k, both as index and as i32.
  Value n, k, k32;

  Value load(OpBuilder &b, Value i) const {
    SmallVector<Value> at(row);
    at.push_back(i);
    return tensor::ExtractOp::create(b, loc, keys, at);
  }
  Value count(OpBuilder &b, arith::CmpIPredicate than, Value bound) const;
  Value threshold(OpBuilder &b) const;
  Value compact(OpBuilder &b, Value positions) const;
};
} // namespace

/// How many keys compare so with `bound`.
Value RowSelector::count(OpBuilder &b, arith::CmpIPredicate than,
                         Value bound) const {
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  auto body = [&](OpBuilder &nested, Location, Value i, ValueRange args) {
    Value holds =
        arith::CmpIOp::create(nested, loc, than, load(nested, i), bound);
    Value next =
        arith::AddIOp::create(nested, loc, args[0], toI32(nested, loc, holds));
    scf::YieldOp::create(nested, loc, next);
  };
  return scf::ForOp::create(b, loc, zero, n, one, i32(b, loc, 0), body)
      .getResult(0);
}

/// The k-th largest key, found bit by bit from the highest: the largest number
/// that at least k keys reach.
Value RowSelector::threshold(OpBuilder &b) const {
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  Type type = getElementTypeOrSelf(keys.getType());
  Value bits =
      arith::ConstantIndexOp::create(b, loc, type.getIntOrFloatBitWidth());
  Value least = leastOf(b, loc, type);
  auto body = [&](OpBuilder &nested, Location, Value i, ValueRange args) {
    Value place = arith::IndexCastOp::create(nested, loc, type, i);
    Value bit = arith::ShRUIOp::create(nested, loc, least, place);
    Value higher = arith::AddIOp::create(nested, loc, args[0], bit);
    Value reached = count(nested, arith::CmpIPredicate::sge, higher);
    Value enough = arith::CmpIOp::create(nested, loc, arith::CmpIPredicate::sge,
                                         reached, k32);
    Value next = arith::SelectOp::create(nested, loc, enough, higher, args[0]);
    scf::YieldOp::create(nested, loc, next);
  };
  return scf::ForOp::create(b, loc, zero, bits, one, least, body).getResult(0);
}

/// Writes the positions of the k largest to this row of `positions`: all keys
/// above the threshold, and of those equal to it the earliest.
Value RowSelector::compact(OpBuilder &b, Value positions) const {
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  Value bound = threshold(b);
  Value ties = arith::SubIOp::create(
      b, loc, k32, count(b, arith::CmpIPredicate::sgt, bound));
  // There is no slot to write when k is 0.
  Value none = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, k, zero);
  Value end = arith::SelectOp::create(b, loc, none, zero, n);
  Value last = arith::SubIOp::create(b, loc, k, one);
  auto body = [&](OpBuilder &nested, Location, Value i, ValueRange args) {
    Value filled = args[1], tiesLeft = args[2], key = load(nested, i);
    auto cmp = [&](arith::CmpIPredicate than, Value lhs, Value rhs) -> Value {
      return arith::CmpIOp::create(nested, loc, than, lhs, rhs);
    };
    Value tie = cmp(arith::CmpIPredicate::eq, key, bound);
    Value left = cmp(arith::CmpIPredicate::sgt, tiesLeft, i32(nested, loc, 0));
    tie = arith::AndIOp::create(nested, loc, tie, left);
    Value above = cmp(arith::CmpIPredicate::sgt, key, bound);
    Value keep = arith::OrIOp::create(nested, loc, above, tie);
    // A slot is written at every step, so that there is no branch to guess.
    SmallVector<Value> slot(row);
    slot.push_back(arith::MinUIOp::create(nested, loc, filled, last));
    Value old = tensor::ExtractOp::create(nested, loc, args[0], slot);
    Value next =
        arith::SelectOp::create(nested, loc, keep, toI32(nested, loc, i), old);
    Value stored = tensor::InsertOp::create(nested, loc, next, args[0], slot);
    Value step =
        arith::IndexCastUIOp::create(nested, loc, nested.getIndexType(), keep);
    filled = arith::AddIOp::create(nested, loc, filled, step);
    tiesLeft =
        arith::SubIOp::create(nested, loc, tiesLeft, toI32(nested, loc, tie));
    scf::YieldOp::create(nested, loc, ValueRange{stored, filled, tiesLeft});
  };
  return scf::ForOp::create(b, loc, zero, end, one,
                            ValueRange{positions, zero, ties}, body)
      .getResult(0);
}

FailureOr<SmallVector<Value>> TopKOp::decomposeOperation(OpBuilder &b) {
  if (!hasPureTensorSemantics())
    return emitOpError("expected tensors to decompose, found memrefs");
  Location loc = getLoc();
  int64_t batch = cast<ShapedType>(getScores().getType()).getRank() - 1;
  Value keys = orderedKeys(b, loc, getScores());
  Value n = size(b, loc, keys, batch), k = size(b, loc, getInit(), batch);
  Value k32 = toI32(b, loc, k);
  return SmallVector<Value>{loopNest(
      b, loc, keys, batch, getInit(),
      [&](OpBuilder &nested, ValueRange row, Value carried) {
        return RowSelector{loc, keys, row, n, k, k32}.compact(nested, carried);
      })};
}

//===----------------------------------------------------------------------===//
// gather and scatter
//===----------------------------------------------------------------------===//

FailureOr<SmallVector<Value>> GatherOp::decomposeOperation(OpBuilder &b) {
  if (!hasPureTensorSemantics())
    return emitOpError("expected tensors to decompose, found memrefs");
  Location loc = getLoc();
  int64_t rank = cast<ShapedType>(getInit().getType()).getRank();
  int64_t batch = cast<ShapedType>(getPositions().getType()).getRank() - 1;
  unsigned dim = getDim();
  SmallVector<unsigned> positionLoops =
      llvm::to_vector(llvm::seq<unsigned>(0, batch));
  positionLoops.push_back(dim);
  SmallVector<AffineMap> maps{
      AffineMap::getMultiDimMapWithTargets(rank, positionLoops, b.getContext()),
      b.getMultiDimIdentityMap(rank)};
  SmallVector<utils::IteratorType> kinds(rank, utils::IteratorType::parallel);
  auto body = [&](OpBuilder &nested, Location, ValueRange args) {
    SmallVector<Value> at;
    for (int64_t i = 0; i < rank; ++i)
      at.push_back(i == dim ? Value(arith::IndexCastOp::create(
                                  nested, loc, nested.getIndexType(), args[0]))
                            : linalg::IndexOp::create(nested, loc, i));
    Value element = tensor::ExtractOp::create(nested, loc, getSource(), at);
    linalg::YieldOp::create(nested, loc, element);
  };
  auto generic =
      linalg::GenericOp::create(b, loc, getInit().getType(), getPositions(),
                                getInit(), maps, kinds, body);
  return SmallVector<Value>{generic.getResult(0)};
}

FailureOr<SmallVector<Value>> ScatterOp::decomposeOperation(OpBuilder &b) {
  if (!hasPureTensorSemantics())
    return emitOpError("expected tensors to decompose, found memrefs");
  Location loc = getLoc();
  int64_t posRank = cast<ShapedType>(getPositions().getType()).getRank();
  OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1);
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, getSource());
  SmallVector<OpFoldResult> ones(sizes.size(), one);
  // One slice of the source for each position.
  auto slice = [&](ValueRange batches, OpFoldResult at) {
    SmallVector<OpFoldResult> offsets(sizes.size(), zero);
    llvm::copy(batches, offsets.begin());
    offsets[getDim()] = at;
    return offsets;
  };
  std::fill_n(sizes.begin(), posRank - 1, one);
  sizes[getDim()] = one;
  Value result = loopNest(
      b, loc, getPositions(), posRank, getInit(),
      [&](OpBuilder &nested, ValueRange ivs, Value carried) -> Value {
        Value position =
            tensor::ExtractOp::create(nested, loc, getPositions(), ivs);
        Value target = arith::IndexCastOp::create(
            nested, loc, nested.getIndexType(), position);
        Value moved = tensor::ExtractSliceOp::create(
            nested, loc, getSource(), slice(ivs.drop_back(), ivs.back()), sizes,
            ones);
        return tensor::InsertSliceOp::create(nested, loc, moved, carried,
                                             slice(ivs.drop_back(), target),
                                             sizes, ones);
      });
  return SmallVector<Value>{result};
}
