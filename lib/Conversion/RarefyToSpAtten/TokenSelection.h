#ifndef RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_TOKENSELECTION_H
#define RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_TOKENSELECTION_H

#include "AttentionRows.h"
#include "KeptList.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace rarefy::spatten {

/// The importance of tokens and the tokens that are kept, as values of the
/// function. The device has one set of counters and one list of kept tokens.
class TokenSelection {
public:
  TokenSelection(ProgramBuilder &program, RowStream &stream)
      : program(program), stream(stream) {}

  /// Has `op`, whose keys are the tokens of `list` or the first ones, count
  /// their importance.
  LogicalResult count(AttentionOp op, Value list);
  /// Takes the importance of the first tokens.
  LogicalResult slice(tensor::ExtractSliceOp op);
  /// Puts that of the first tokens back, or protects a token.
  LogicalResult insert(tensor::InsertSliceOp op);
  /// Takes the importance of the tokens of a list, or puts it back.
  LogicalResult gather(GatherOp op);
  LogicalResult scatter(ScatterOp op);

  bool isSelection(GatherOp op) const { return kept.isSelection(op); }
  bool isPlaces(Value places) const { return kept.isPlaces(places); }
  LogicalResult select(TopKOp op);
  /// Makes `list`, or the first `size` tokens, the list of kept tokens.
  LogicalResult activate(Operation *op, Value list, int64_t size);
  /// Whether the counters hold `importance`, that of all tokens.
  bool isOfAll(Value importance) const;

  /// Whether `value` has the type of an importance of tokens.
  static bool isImportance(Value value);

private:
  /// Importance of all of the first `size` tokens, or of those of `list`.
  struct Importance {
    Value list;
    int64_t size;
    /// The importance of all tokens that it is a part of.
    Value whole;
    /// A token that is selected first: nothing but a selection may read it.
    std::optional<unsigned> protectedToken = std::nullopt;

    bool isOfAll() const { return !list && !protectedToken; }
  };
  Importance get(Value value);
  LogicalResult initialize(Operation *op, Value counters);
  LogicalResult protect(tensor::InsertSliceOp op);

  ProgramBuilder &program;
  RowStream &stream;
  DenseMap<Value, Importance> importances;
  /// What the counters hold.
  DenseSet<Value> counted;
  /// How many counters have been zero before anything was counted.
  int64_t cleared = 0;
  KeptList kept;
  /// How many first tokens the list of kept ones has, if it is no selection.
  int64_t keptSize = 0;
};

} // namespace rarefy::spatten

#endif // RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_TOKENSELECTION_H
