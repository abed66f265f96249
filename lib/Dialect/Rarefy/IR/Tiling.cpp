// Tiling of `topk`, `gather` and `scatter`.

#include "Tiling.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace rarefy {

SmallVector<Range> wholeDomain(OpBuilder &b, Location loc, Value v,
                               int64_t rank) {
  SmallVector<Range> ranges;
  for (int64_t i = 0; i < rank; ++i)
    ranges.push_back({b.getIndexAttr(0), tensor::getMixedSize(b, loc, v, i),
                      b.getIndexAttr(1)});
  return ranges;
}

Tile wholeTile(OpBuilder &b, Location loc, Value v) {
  Tile tile;
  tile.sizes = tensor::getMixedSizes(b, loc, v);
  tile.offsets.assign(tile.sizes.size(), b.getIndexAttr(0));
  return tile;
}

Operation *sliceOf(OpBuilder &b, Location loc, Value v, const Tile &tile) {
  SmallVector<OpFoldResult> strides(tile.offsets.size(), b.getIndexAttr(1));
  return tensor::ExtractSliceOp::create(b, loc, v, tile.offsets, tile.sizes,
                                        strides);
}

TilingResult tiled(OpBuilder &b, Operation *op, ValueRange slices) {
  SmallVector<Value> operands(slices);
  SmallVector<Type> types;
  auto dps = cast<DestinationStyleOpInterface>(op);
  for (OpResult result : op->getResults())
    types.push_back(
        operands[dps.getTiedOpOperand(result)->getOperandNumber()].getType());
  Operation *tile = mlir::clone(b, op, types, operands);
  SmallVector<Operation *> made;
  for (Value slice : slices)
    if (auto extract = slice.getDefiningOp<tensor::ExtractSliceOp>())
      made.push_back(extract);
  return {{tile}, SmallVector<Value>(tile->getResults()), made};
}

bool isWhole(Value v, int64_t dim, ArrayRef<OpFoldResult> offsets,
             ArrayRef<OpFoldResult> sizes) {
  int64_t size = cast<ShapedType>(v.getType()).getDimSize(dim);
  if (ShapedType::isDynamic(size)) {
    // The size of the tile may be this very dimension.
    auto taken = dyn_cast<Value>(sizes[dim]);
    auto dimOp = taken ? taken.getDefiningOp<tensor::DimOp>() : tensor::DimOp();
    return isConstantIntValue(offsets[dim], 0) && dimOp &&
           dimOp.getSource() == v && dimOp.getConstantIndex() == dim;
  }
  return isConstantIntValue(offsets[dim], 0) &&
         isConstantIntValue(sizes[dim], size);
}
} // namespace rarefy

using namespace rarefy;

/// `whole` with the first dimensions, as many as `offsets` has, cut to a tile.
static Tile leading(Tile whole, ArrayRef<OpFoldResult> offsets,
                    ArrayRef<OpFoldResult> sizes) {
  llvm::copy(offsets, whole.offsets.begin());
  llvm::copy(sizes, whole.sizes.begin());
  return whole;
}

static Value slice(OpBuilder &b, Location loc, Value v, const Tile &tile) {
  return sliceOf(b, loc, v, tile)->getResult(0);
}

//===----------------------------------------------------------------------===//
// topk: parallel over batches
//===----------------------------------------------------------------------===//

static int64_t batchRank(Value positions) {
  return cast<ShapedType>(positions.getType()).getRank() - 1;
}

SmallVector<utils::IteratorType> TopKOp::getLoopIteratorTypes() {
  return SmallVector<utils::IteratorType>(batchRank(getInit()),
                                          utils::IteratorType::parallel);
}

SmallVector<Range> TopKOp::getIterationDomain(OpBuilder &b) {
  return wholeDomain(b, getLoc(), getScores(), batchRank(getInit()));
}

FailureOr<TilingResult>
TopKOp::getTiledImplementation(OpBuilder &b, ArrayRef<OpFoldResult> offsets,
                               ArrayRef<OpFoldResult> sizes) {
  SmallVector<Value> slices;
  for (Value v : {getScores(), getInit()})
    slices.push_back(slice(b, getLoc(), v,
                           leading(wholeTile(b, getLoc(), v), offsets, sizes)));
  return tiled(b, *this, slices);
}

LogicalResult TopKOp::getResultTilePosition(
    OpBuilder &b, unsigned, ArrayRef<OpFoldResult> offsets,
    ArrayRef<OpFoldResult> sizes, SmallVector<OpFoldResult> &resultOffsets,
    SmallVector<OpFoldResult> &resultSizes) {
  Tile tile = leading(wholeTile(b, getLoc(), getInit()), offsets, sizes);
  resultOffsets = tile.offsets;
  resultSizes = tile.sizes;
  return success();
}

FailureOr<TilingResult>
TopKOp::generateResultTileValue(OpBuilder &b, unsigned,
                                ArrayRef<OpFoldResult> offsets,
                                ArrayRef<OpFoldResult> sizes) {
  if (!isWhole(getInit(), batchRank(getInit()), offsets, sizes))
    return failure();
  return getTiledImplementation(b, offsets.drop_back(), sizes.drop_back());
}

//===----------------------------------------------------------------------===//
// gather: parallel over all of its result
//===----------------------------------------------------------------------===//

SmallVector<utils::IteratorType> GatherOp::getLoopIteratorTypes() {
  return SmallVector<utils::IteratorType>(
      cast<ShapedType>(getInit().getType()).getRank(),
      utils::IteratorType::parallel);
}

SmallVector<Range> GatherOp::getIterationDomain(OpBuilder &b) {
  return wholeDomain(b, getLoc(), getInit(),
                     cast<ShapedType>(getInit().getType()).getRank());
}

/// The part of `positions` that a tile of the compact tensor goes by.
static Tile positionsTile(OpBuilder &b, Value positions, int64_t dim,
                          ArrayRef<OpFoldResult> offsets,
                          ArrayRef<OpFoldResult> sizes) {
  int64_t batch = batchRank(positions);
  Tile tile;
  tile.offsets.assign(offsets.begin(), offsets.begin() + batch);
  tile.sizes.assign(sizes.begin(), sizes.begin() + batch);
  tile.offsets.push_back(offsets[dim]);
  tile.sizes.push_back(sizes[dim]);
  return tile;
}

FailureOr<TilingResult>
GatherOp::getTiledImplementation(OpBuilder &b, ArrayRef<OpFoldResult> offsets,
                                 ArrayRef<OpFoldResult> sizes) {
  Tile from{SmallVector<OpFoldResult>(offsets),
            SmallVector<OpFoldResult>(sizes)};
  Tile at = positionsTile(b, getPositions(), getDim(), offsets, sizes);
  if (llvm::all_of(at.sizes, [](OpFoldResult size) {
        return isConstantIntValue(size, 1);
      })) {
    Value position = tensor::ExtractOp::create(
        b, getLoc(), getPositions(),
        getValueOrCreateConstantIndexOp(b, getLoc(), at.offsets));
    from.offsets[getDim()] =
        arith::IndexCastOp::create(b, getLoc(), b.getIndexType(), position)
            .getResult();
    Operation *view = sliceOf(b, getLoc(), getSource(), from);
    return TilingResult{{view}, {view->getResult(0)}, {view}};
  }
  Tile whole = wholeTile(b, getLoc(), getSource());
  from.offsets[getDim()] = whole.offsets[getDim()];
  from.sizes[getDim()] = whole.sizes[getDim()];
  Tile to{SmallVector<OpFoldResult>(offsets), SmallVector<OpFoldResult>(sizes)};
  SmallVector<Value> slices{slice(b, getLoc(), getSource(), from),
                            slice(b, getLoc(), getPositions(), at),
                            slice(b, getLoc(), getInit(), to)};
  return tiled(b, *this, slices);
}

LogicalResult GatherOp::getResultTilePosition(
    OpBuilder &b, unsigned, ArrayRef<OpFoldResult> offsets,
    ArrayRef<OpFoldResult> sizes, SmallVector<OpFoldResult> &resultOffsets,
    SmallVector<OpFoldResult> &resultSizes) {
  resultOffsets.assign(offsets.begin(), offsets.end());
  resultSizes.assign(sizes.begin(), sizes.end());
  return success();
}

FailureOr<TilingResult>
GatherOp::generateResultTileValue(OpBuilder &b, unsigned,
                                  ArrayRef<OpFoldResult> offsets,
                                  ArrayRef<OpFoldResult> sizes) {
  return getTiledImplementation(b, offsets, sizes);
}

//===----------------------------------------------------------------------===//
// scatter: parallel over its source, but sequential over positions
//===----------------------------------------------------------------------===//

SmallVector<utils::IteratorType> ScatterOp::getLoopIteratorTypes() {
  SmallVector<utils::IteratorType> kinds(
      cast<ShapedType>(getInit().getType()).getRank(),
      utils::IteratorType::parallel);
  kinds[getDim()] = utils::IteratorType::reduction;
  return kinds;
}

SmallVector<Range> ScatterOp::getIterationDomain(OpBuilder &b) {
  return wholeDomain(b, getLoc(), getSource(),
                     cast<ShapedType>(getInit().getType()).getRank());
}

FailureOr<TilingResult>
ScatterOp::getTiledImplementation(OpBuilder &b, ArrayRef<OpFoldResult> offsets,
                                  ArrayRef<OpFoldResult> sizes) {
  Tile from{SmallVector<OpFoldResult>(offsets),
            SmallVector<OpFoldResult>(sizes)};
  Tile to;
  if (failed(getResultTilePosition(b, 0, offsets, sizes, to.offsets, to.sizes)))
    return failure();
  Tile at = positionsTile(b, getPositions(), getDim(), offsets, sizes);
  SmallVector<Value> slices{slice(b, getLoc(), getSource(), from),
                            slice(b, getLoc(), getPositions(), at),
                            slice(b, getLoc(), getInit(), to)};
  return tiled(b, *this, slices);
}

LogicalResult ScatterOp::getResultTilePosition(
    OpBuilder &b, unsigned, ArrayRef<OpFoldResult> offsets,
    ArrayRef<OpFoldResult> sizes, SmallVector<OpFoldResult> &resultOffsets,
    SmallVector<OpFoldResult> &resultSizes) {
  resultOffsets.assign(offsets.begin(), offsets.end());
  resultSizes.assign(sizes.begin(), sizes.end());
  resultOffsets[getDim()] = b.getIndexAttr(0);
  resultSizes[getDim()] =
      tensor::getMixedSize(b, getLoc(), getInit(), getDim());
  return success();
}

FailureOr<TilingResult>
ScatterOp::generateResultTileValue(OpBuilder &b, unsigned,
                                   ArrayRef<OpFoldResult> offsets,
                                   ArrayRef<OpFoldResult> sizes) {
  if (!isWhole(getInit(), getDim(), offsets, sizes))
    return failure();
  SmallVector<OpFoldResult> from(offsets), count(sizes);
  count[getDim()] = tensor::getMixedSize(b, getLoc(), getSource(), getDim());
  return getTiledImplementation(b, from, count);
}
