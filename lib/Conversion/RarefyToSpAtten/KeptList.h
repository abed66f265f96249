#ifndef RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_KEPTLIST_H
#define RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_KEPTLIST_H

#include "rarefy/Dialect/Rarefy/IR/Rarefy.h"
#include "rarefy/Support/LLVM.h"

namespace rarefy::spatten {

/// The device's list of kept tokens, or that of heads, and its next selection,
/// as values of the function: lists of positions, null for all.
class KeptList {
public:
  /// A list of selected places of another list is the selection itself,
  /// whether a selection is of positions that were selected before or of
  /// places that were: (list[a])[b] is list[a[b]].
  Value resolve(Value list) const;
  /// Whether `op` takes from a list what was selected from it.
  bool isSelection(GatherOp op) const;
  /// Whether `places` were selected from `list`.
  bool isSelectedFrom(Value places, Value list) const;

  /// Whether `list` is of places in another list, and no positions itself.
  bool isPlaces(Value list) const;

  bool isActive(Value list) const { return resolve(list) == active; }
  bool isPending(Value list) const {
    return pending && resolve(list) == pending;
  }

  /// `places` are selected from `list`; the device has them apart until they
  /// are kept.
  void select(Value places, Value list);
  void keepSelection() { active = std::exchange(pending, Value()); }
  void keepAll() { active = Value(); }

private:
  /// The selection that `places` of `list` are, or null.
  Value getSelection(Value list, Value places) const;

  Value active, pending;
  /// Selections, and the lists that they were made from.
  DenseMap<Value, Value> selectedFrom;
};

} // namespace rarefy::spatten

#endif // RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_KEPTLIST_H
