// Recognises attention by its structure. Not installed.

#ifndef RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_ATTENTIONMATCHER_H
#define RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_ATTENTIONMATCHER_H

#include "Expr.h"

namespace rarefy {

/// A mask of the scores: added, or boolean. A boolean one keeps where it is
/// true, or where it is false.
struct MaskPart {
  Place place;
  bool isBoolean = false;
  bool isInverted = false;
};

/// One attention: what of its operands there is to read, in the atoms of one
/// table. Operands hold every tensor that has the right elements, the one next
/// to the contraction first.
struct AttentionMatch {
  AtomTable table;
  linalg::LinalgOp root;
  double scale = 1.0;
  Trail query, key, value;
  SmallVector<MaskPart> masks;
  Atoms rows, keys, depth, valueDepth;
  /// Loops that query, key and value share, outermost first, and the trailing
  /// ones of them that key and value repeat over.
  Atoms batch;
  Layout result;
};

/// Is a mask that is computed from positions the causal one, row i seeing the
/// keys up to i + keys - rows? Atoms are resolved.
bool isComputedCausal(AttentionMatch &match, const MaskPart &part);

/// Matches attention whose last product is `root`.
class AttentionMatcher {
public:
  explicit AttentionMatcher(linalg::LinalgOp root) { match.root = root; }

  /// The match; nothing if there is none.
  std::optional<AttentionMatch> run();

  /// If `root` multiplies by a softmax and yet did not match: the op that is
  /// in the way, and why.
  Operation *getBlocker() const { return blocker; }
  StringRef getReason() const { return reason; }

private:
  bool matchProbabilities(Expr expr, Expr &scores);
  bool matchGuard(const Expr &expr, Expr &scores);
  bool matchDecomposedSoftmax(const Expr &expr, Expr &scores);
  bool matchExponentials(const Expr &exponential, const Expr &sum,
                         Expr &scores);
  std::optional<Expr> getReduced(const Expr &expr, bool isSum);
  bool containsSoftmax(const Expr &expr, unsigned depth);

  bool matchScores(const Expr &expr);
  bool matchScale(const Expr &expr);
  bool matchAddedMask(const Expr &expr);
  bool matchSelectedMask(const Expr &expr);
  bool matchProduct(const Expr &expr);
  Trail peelScale(Value value, const Layout &layout);
  bool block(Operation *op, StringRef why);

  AttentionMatch match;
  Operation *blocker = nullptr;
  StringRef reason;
};

} // namespace rarefy

#endif // RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_ATTENTIONMATCHER_H
