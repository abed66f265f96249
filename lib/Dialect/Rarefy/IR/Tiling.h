#ifndef RAREFY_LIB_DIALECT_RAREFY_IR_TILING_H
#define RAREFY_LIB_DIALECT_RAREFY_IR_TILING_H

#include "rarefy/Dialect/Rarefy/IR/Rarefy.h"

namespace rarefy {

/// A part of a tensor, without strides.
struct Tile {
  SmallVector<OpFoldResult> offsets, sizes;
};

/// The first `rank` dimensions of `v` as loops.
SmallVector<Range> wholeDomain(OpBuilder &b, Location loc, Value v,
                               int64_t rank);

/// All of `v`.
Tile wholeTile(OpBuilder &b, Location loc, Value v);

/// The op that takes `tile` out of `v`.
Operation *sliceOf(OpBuilder &b, Location loc, Value v, const Tile &tile);

/// `op` on `slices` in place of its operands.
TilingResult tiled(OpBuilder &b, Operation *op, ValueRange slices);

/// Whether a tile is known to have all of dimension `dim` of `v`.
bool isWhole(Value v, int64_t dim, ArrayRef<OpFoldResult> offsets,
             ArrayRef<OpFoldResult> sizes);

} // namespace rarefy

#endif // RAREFY_LIB_DIALECT_RAREFY_IR_TILING_H
