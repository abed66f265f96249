#ifndef RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_HEADSELECTION_H
#define RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_HEADSELECTION_H

#include "AttentionRows.h"
#include "KeptList.h"

namespace rarefy::spatten {

/// The importance of heads and the heads that are kept, as values of the
/// function. The device has one set of counters and one list of kept heads.
class HeadSelection {
public:
  HeadSelection(ProgramBuilder &program, RowStream &stream)
      : program(program), stream(stream) {}

  /// Has `op`, whose heads are those of `list` or all, count their importance.
  LogicalResult count(AttentionOp op, Value list);
  /// The importance that `op` gathers is that of the heads at its positions.
  LogicalResult gather(GatherOp op);
  bool isSelection(GatherOp op) const { return kept.isSelection(op); }
  bool isPlaces(Value places) const { return kept.isPlaces(places); }
  LogicalResult select(TopKOp op);
  /// Makes `list` that of the kept heads.
  LogicalResult activate(Operation *op, Value list);
  /// Whether the counters hold `importance`, that of all heads.
  bool isOfAll(Value importance) const;

  /// Whether `value` has the type of an importance of heads.
  static bool isImportance(Value value);

private:
  ProgramBuilder &program;
  RowStream &stream;
  /// What the counters hold, and the list whose heads it is of, if not all.
  DenseMap<Value, Value> counted;
  KeptList kept;
};

} // namespace rarefy::spatten

#endif // RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_HEADSELECTION_H
