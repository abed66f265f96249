// Tiling of attention over batches, heads and rows.

#include "Tiling.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace rarefy;

namespace {
/// What a tile of [batch.., heads, rows] takes of each operand.
class AttentionTile {
public:
  AttentionTile(AttentionOp op, OpBuilder &b, ArrayRef<OpFoldResult> offsets,
                ArrayRef<OpFoldResult> sizes)
      : op(op), b(b), batch(op.getBatchRank()), offsets(offsets), sizes(sizes) {
  }

  Tile query() { return leading(op.getQuery(), batch + 2); }
  Tile output() { return leading(op.getOutputInit(), batch + 2); }
  Tile tokenImportance();
  Tile headImportance() {
    return leading(op.getHeadImportanceInit(), batch + 1);
  }
  Tile refetched() { return leading(op.getRefetchedInit(), batch + 2); }
  FailureOr<Tile> keyOrValue(Value v);
  Tile mask();

private:
  Tile leading(Value v, int64_t count);
  OpFoldResult numKeys();
  FailureOr<std::pair<OpFoldResult, OpFoldResult>> keyHeads();

  OpFoldResult apply(AffineExpr expr, ArrayRef<OpFoldResult> operands) {
    return affine::makeComposedFoldedAffineApply(
        b, op.getLoc(), AffineMap::get(0, operands.size(), expr), operands);
  }
  int64_t sizeOf(Value v, int64_t dim) {
    return cast<ShapedType>(v.getType()).getDimSize(dim);
  }

  AttentionOp op;
  OpBuilder &b;
  int64_t batch;
  ArrayRef<OpFoldResult> offsets, sizes;
};
} // namespace

Tile AttentionTile::leading(Value v, int64_t count) {
  Tile tile = wholeTile(b, op.getLoc(), v);
  std::copy_n(offsets.begin(), count, tile.offsets.begin());
  std::copy_n(sizes.begin(), count, tile.sizes.begin());
  return tile;
}

/// The keys that a tile reads. Without the keys that its last row does not see,
/// a tile of a causal attention is a causal attention.
OpFoldResult AttentionTile::numKeys() {
  OpFoldResult all =
      tensor::getMixedSize(b, op.getLoc(), op.getKey(), batch + 1);
  if (!op.getCausal())
    return all;
  OpFoldResult rows =
      tensor::getMixedSize(b, op.getLoc(), op.getQuery(), batch + 1);
  AffineExpr first, count, n, r;
  bindSymbols(b.getContext(), first, count, n, r);
  AffineMap map =
      AffineMap::get(0, 4, {first + count + n - r, b.getAffineConstantExpr(0)},
                     b.getContext());
  return affine::makeComposedFoldedAffineMax(
      b, op.getLoc(), map, {offsets[batch + 1], sizes[batch + 1], all, rows});
}

Tile AttentionTile::tokenImportance() {
  Tile tile = leading(op.getTokenImportanceInit(), batch);
  tile.sizes[batch] = numKeys();
  return tile;
}

/// Offset and number of the key heads of the tile. Where query heads share one,
/// the tile must be known to hold whole groups or a part of one.
FailureOr<std::pair<OpFoldResult, OpFoldResult>> AttentionTile::keyHeads() {
  OpFoldResult first = offsets[batch], count = sizes[batch];
  int64_t heads = sizeOf(op.getQuery(), batch);
  int64_t numKeyHeads = sizeOf(op.getKey(), batch);
  AffineExpr x, y, z;
  bindSymbols(b.getContext(), x, y, z);
  auto known = getConstantIntValue(count);
  if (ShapedType::isDynamic(heads) || ShapedType::isDynamic(numKeyHeads)) {
    if (known != 1)
      return failure();
    OpFoldResult all =
        tensor::getMixedSize(b, op.getLoc(), op.getQuery(), batch);
    OpFoldResult some =
        tensor::getMixedSize(b, op.getLoc(), op.getKey(), batch);
    OpFoldResult group = apply(x.floorDiv(y), {all, some});
    return std::make_pair(apply(x.floorDiv(y), {first, group}), count);
  }
  if (heads == numKeyHeads)
    return std::make_pair(first, count);
  int64_t group = heads / numKeyHeads;
  if (!known || (*known % group != 0 && group % *known != 0))
    return failure();
  return std::make_pair(
      apply(x.floorDiv(group), {first}),
      OpFoldResult(b.getIndexAttr(llvm::divideCeil(*known, group))));
}

FailureOr<Tile> AttentionTile::keyOrValue(Value v) {
  FailureOr<std::pair<OpFoldResult, OpFoldResult>> heads = keyHeads();
  if (failed(heads))
    return failure();
  Tile tile = leading(v, batch);
  std::tie(tile.offsets[batch], tile.sizes[batch]) = *heads;
  tile.sizes[batch + 1] = numKeys();
  return tile;
}

Tile AttentionTile::mask() {
  Tile tile = wholeTile(b, op.getLoc(), op.getMask());
  int64_t rank = tile.sizes.size(), skipped = batch + 3 - rank;
  for (int64_t i = 0; i < rank; ++i) {
    if (sizeOf(op.getMask(), i) == 1)
      continue;
    if (i == rank - 1) {
      tile.sizes[i] = numKeys();
    } else {
      tile.offsets[i] = offsets[i + skipped];
      tile.sizes[i] = sizes[i + skipped];
    }
  }
  return tile;
}

SmallVector<utils::IteratorType> AttentionOp::getLoopIteratorTypes() {
  int64_t batch = getBatchRank();
  SmallVector<utils::IteratorType> kinds(batch + 2,
                                         utils::IteratorType::parallel);
  // These loops add to the same importance.
  if (getTokenImportanceInit())
    kinds[batch] = utils::IteratorType::reduction;
  if (getTokenImportanceInit() || getHeadImportanceInit())
    kinds[batch + 1] = utils::IteratorType::reduction;
  return kinds;
}

SmallVector<Range> AttentionOp::getIterationDomain(OpBuilder &b) {
  return wholeDomain(b, getLoc(), getQuery(), getBatchRank() + 2);
}

FailureOr<TilingResult>
AttentionOp::getTiledImplementation(OpBuilder &b,
                                    ArrayRef<OpFoldResult> offsets,
                                    ArrayRef<OpFoldResult> sizes) {
  AttentionTile tile(*this, b, offsets, sizes);
  // Heads that select values together stay in one tile.
  int64_t group = getKeepGroup().value_or(1);
  std::optional<int64_t> heads = getConstantIntValue(sizes[getBatchRank()]);
  if (group > 1 && (!heads || *heads % group != 0))
    return failure();
  SmallVector<Value> slices;
  auto add = [&](Value v, const Tile &part) {
    slices.push_back(sliceOf(b, getLoc(), v, part)->getResult(0));
  };
  add(getQuery(), tile.query());
  for (Value v : {getKey(), getValue()}) {
    FailureOr<Tile> part = tile.keyOrValue(v);
    if (failed(part))
      return failure();
    add(v, *part);
  }
  if (getMask())
    add(getMask(), tile.mask());
  add(getOutputInit(), tile.output());
  if (getTokenImportanceInit())
    add(getTokenImportanceInit(), tile.tokenImportance());
  if (getHeadImportanceInit())
    add(getHeadImportanceInit(), tile.headImportance());
  if (getRefetchedInit())
    add(getRefetchedInit(), tile.refetched());
  return tiled(b, *this, slices);
}

LogicalResult AttentionOp::getResultTilePosition(
    OpBuilder &b, unsigned number, ArrayRef<OpFoldResult> offsets,
    ArrayRef<OpFoldResult> sizes, SmallVector<OpFoldResult> &resultOffsets,
    SmallVector<OpFoldResult> &resultSizes) {
  AttentionTile position(*this, b, offsets, sizes);
  Value result = getResult(number);
  Tile tile = result == getOutput()            ? position.output()
              : result == getTokenImportance() ? position.tokenImportance()
              : result == getHeadImportance()  ? position.headImportance()
                                               : position.refetched();
  resultOffsets = tile.offsets;
  resultSizes = tile.sizes;
  return success();
}

FailureOr<TilingResult>
AttentionOp::generateResultTileValue(OpBuilder &b, unsigned number,
                                     ArrayRef<OpFoldResult> offsets,
                                     ArrayRef<OpFoldResult> sizes) {
  // A tile of the output has all of the values' depth, and nothing else is
  // computed with it.
  if (getNumResults() != 1 ||
      !isWhole(getOutputInit(), getBatchRank() + 2, offsets, sizes))
    return failure();
  return getTiledImplementation(b, offsets.drop_back(), sizes.drop_back());
}
