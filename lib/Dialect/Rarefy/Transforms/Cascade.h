// What pruning tokens and pruning heads in cascade share. Not installed.

#ifndef RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_CASCADE_H
#define RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_CASCADE_H

#include "Remarks.h"
#include "Schedule.h"
#include "Shrink.h"

namespace rarefy {

/// Prunes one axis of the attentions of a function, in place: behind a layer
/// some of what is left is chosen, and the layers behind work on that alone.
class CascadePruner {
public:
  explicit CascadePruner(FunctionOpInterface function)
      : shrinker(function->getContext()), function(function) {}
  virtual ~CascadePruner() = default;

  /// Prunes to a schedule. Without one it only counts the layers.
  LogicalResult run(ArrayRef<Keep> entries);

  int64_t getLayers() const { return layers; }
  const Shrinker &getShrinker() const { return shrinker; }
  /// A remark for each choice.
  void reportCuts(Remarks remarks, StringRef name) const;

protected:
  /// Is `op` an attention of the cascade? The first says what the axis is.
  virtual bool isLayer(AttentionOp op) = 0;
  /// Which level of the axis a layer works on.
  virtual unsigned getLevel(AttentionOp op) = 0;
  /// Makes the layer again at its level, adding to the importance if
  /// `needsImportance`.
  virtual LogicalResult rebuild(AttentionOp op, unsigned level) = 0;
  /// How many survive at least.
  virtual int64_t countLeast() const { return 1; }
  /// What survivors are chosen by, for each batch that chooses for itself.
  virtual Value score(Location loc, unsigned level) = 0;
  /// Takes what the layers behind read to the level of a new choice.
  virtual void carry(unsigned from, unsigned to) = 0;

  /// Is a choice still to come, behind this layer or a later one?
  bool needsImportance() const { return layers <= lastCut; }

  Shrinker shrinker;

private:
  /// A choice, for remarks.
  struct Cut {
    Location loc;
    int64_t layer;
    OpFoldResult from, to;
  };

  LogicalResult visitLayer(AttentionOp op);
  void choose(AttentionOp op, unsigned level);

  FunctionOpInterface function;
  ArrayRef<Keep> schedule;
  int64_t layers = 0, lastCut = -1;
  SmallVector<Cut> cuts;
};

/// What the remarks of one cascade are called.
struct CascadeNames {
  StringRef pruned, notPruned;
};

/// Runs a pruner of `clone`, which becomes the function if every op can be
/// followed; otherwise a remark names the op that cannot, and this is false.
bool applyCascade(Remarks remarks, CascadeNames names, Operation *clone,
                  CascadePruner &pruner, ArrayRef<Keep> schedule);

} // namespace rarefy

#endif // RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_CASCADE_H
