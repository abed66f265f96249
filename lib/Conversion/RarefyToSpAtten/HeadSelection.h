#ifndef RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_HEADSELECTION_H
#define RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_HEADSELECTION_H

#include "AttentionRows.h"
#include "rarefy/Dialect/Rarefy/IR/Rarefy.h"

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
  /// Whether `op` takes places of a list that were selected from it: the
  /// selection itself.
  bool isSelection(GatherOp op) const;
  LogicalResult select(TopKOp op);
  /// Makes `list` that of the kept heads.
  LogicalResult activate(Operation *op, Value list);
  /// Whether the counters hold `importance`, that of all heads.
  bool isOfAll(Value importance) const;

  /// Whether `value` has the type of an importance of heads.
  static bool isImportance(Value value);

private:
  Value resolve(Value list) const;

  ProgramBuilder &program;
  RowStream &stream;
  /// What the counters hold, and the list whose heads it is of, if not all.
  DenseMap<Value, Value> counted;
  /// Selected places among those of another list.
  DenseMap<Value, Value> local;
  /// The list of kept heads, none if it is all, and a selection that is not yet
  /// the list.
  Value active, pending;
};

} // namespace rarefy::spatten

#endif // RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_HEADSELECTION_H
