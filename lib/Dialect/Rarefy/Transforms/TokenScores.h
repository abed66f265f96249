// What tokens are chosen by. Not installed.

#ifndef RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_TOKENSCORES_H
#define RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_TOKENSCORES_H

#include "Shrink.h"

namespace rarefy {

/// The scores that `rarefy.topk` reads: importance, except that protected
/// positions come first and keys that a mask hides from every row come last.
class TokenScores {
public:
  TokenScores(Shrinker &shrinker, ArrayRef<int64_t> protect);

  /// Zeros to accumulate importance into.
  Value makeZeros(Location loc);
  /// `op` of `level` is in the cascade: its mask says which keys there are,
  /// unless one before did.
  void noteMask(AttentionOp op, unsigned level);
  Value score(Location loc, Value importance, unsigned level);
  int64_t countProtected() const;
  /// The layout of scores: batch and tokens.
  Layout getLayout() const;

private:
  Value rescale(OpBuilder &b, Value sum, const Layout &layout, unsigned level);
  OpFoldResult remap(OpBuilder &b, Location loc, int64_t position,
                     unsigned level);
  bool isProtected(int64_t position) const;
  Value countBelow(OpBuilder &b, Location loc, int64_t position,
                   unsigned level);
  Value visibleAt(unsigned level);
  Value sumVisible(OpBuilder &b, Location loc, unsigned level);
  Value makeFactor(OpBuilder &b, Location loc, unsigned level);

  Shrinker &shrinker;
  SmallVector<int64_t> protect;
  /// 1 for each key of the full axis that some row sees, 0 for others; null if
  /// no mask says.
  Value visible;
};

} // namespace rarefy

#endif // RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_TOKENSCORES_H
