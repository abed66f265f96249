// Makes everything behind a compacted tensor smaller. Not installed.

#ifndef RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_SHRINK_H
#define RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_SHRINK_H

#include "Expr.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "rarefy/Dialect/Rarefy/IR/Rarefy.h"
#include <array>

namespace rarefy {

/// Follows one pruned axis (the tokens, or the heads) through the ops of a
/// function, in their order, by the atoms of dimensions. An op that reads a
/// compacted tensor is made again on smaller operands; those of its operands
/// that were not compacted yet are gathered along the loops that are.
class Shrinker {
public:
  /// A compaction: `positions` of the survivors in the previous level, in the
  /// full axis, and how many there are. Level 0 is the full axis.
  struct Level {
    Value positions, absolute;
    OpFoldResult size;
  };
  /// A tensor of the original function that has the axis.
  struct Tracked {
    Value now;
    Layout layout;
    unsigned level;
  };
  /// What an op does: the layouts of operands that have the axis, of results,
  /// and whether a sum runs over the axis.
  struct Flow {
    SmallVector<std::optional<Layout>> operands;
    SmallVector<Layout> results;
    bool sums = false;
  };
  /// What depends on the axis, at a level: a sum over survivors made one over
  /// all (null if it cannot be), and where the slice of one position finds it
  /// (null if it need not be there).
  using Rescale =
      std::function<Value(OpBuilder &, Value, const Layout &, unsigned level)>;
  using Remap = std::function<OpFoldResult(OpBuilder &, Location, int64_t,
                                           unsigned level)>;

  explicit Shrinker(MLIRContext *context) : b(context) {}

  /// Sets the axis and the batch loops that its positions differ over, those of
  /// a size other than 1. Returns the layout of batch and axis.
  Layout setAxis(OpFoldResult size, ArrayRef<OpFoldResult> batchSizes);
  bool hasAxis() const { return !levels.empty(); }
  Atom getAxis() const { return axis; }
  ArrayRef<Atom> getBatch() const { return batch; }
  ArrayRef<OpFoldResult> getBatchSizes() const { return batchSizes; }

  /// Sums over the axis stay as they are without `rescale`; slices of one
  /// position cannot be followed without `remap`.
  Rescale rescale;
  Remap remap;
  /// Whether a product may sum over the axis.
  bool allowsProducts = false;

  void track(Value original, Tracked tracked) {
    values[original] = std::move(tracked);
  }
  /// `now` stands for `original`, which at level 0 it replaces; returns which
  /// of them the ops behind know.
  Value replace(Value original, Value now, const Layout &layout,
                unsigned level);
  const Tracked *lookup(Value value) const;
  /// The axis has a new level.
  unsigned addLevel(OpBuilder &builder, Location loc, Value positions);
  const Level &getLevel(unsigned level) const { return levels[level]; }

  /// Follows the axis through `op`. At level 0 what cannot be followed is
  /// forgotten; later it is a failure.
  LogicalResult visit(Operation *op);
  /// The layouts of an op's operands and results.
  FailureOr<Flow> infer(Operation *op);
  /// An operand with the axis at `level`; null if it cannot be gathered.
  Value shrink(Value original, const Layout &layout, unsigned level);
  Value gather(Value value, const Layout &layout, unsigned from, unsigned to);
  /// The same as `shrink`, but by making what computes the operand again on
  /// compacted operands, up to constants: what is pruned is not computed.
  Value pull(Value value, const Layout &layout, unsigned level);
  /// A tensor of `level` in another layout.
  Value relayoutAt(Value value, const Layout &from, const Layout &to,
                   unsigned level);
  SmallVector<OpFoldResult> getSizes(Value original, const Layout &layout,
                                     unsigned level);
  RankedTensorType getType(Type original, const Layout &layout,
                           unsigned level) const;
  unsigned getOperandLevel(Operation *op) const;
  /// A mask without the batch that positions differ over, of an attention whose
  /// operands have `rank` dimensions.
  Value gatherMask(Value mask, const Layout &layout, unsigned level,
                   unsigned rank);
  /// A new dimension that is not special.
  Atoms makeDim(int64_t size) { return table.makeDim(size); }
  /// A tensor without batch dimensions with them in front.
  Value broadcastBatch(Value value, Layout &layout);
  bool hasAxisIn(const Layout &layout) const;
  bool hasBatchIn(const Layout &layout) const;

  OpBuilder &getBuilder() { return b; }
  /// `op` was made again and goes at the end.
  void markDead(Operation *op) { dead.push_back(op); }
  void eraseDead();
  LogicalResult block(Operation *op, StringRef why);
  Operation *getBlocker() const { return blocker; }
  StringRef getReason() const { return reason; }
  /// The ops that compute in full what `pull` then gathers.
  ArrayRef<Location> getGathered() const {
    return gatheredResults.getArrayRef();
  }

private:
  FailureOr<Flow> inferStructured(linalg::LinalgOp op);
  LogicalResult checkReduction(linalg::LinalgOp op, const Layout &loops,
                               Flow &flow);
  std::array<Layout, 3> layOutAttention(AttentionOp op);
  FailureOr<Flow> inferAttention(AttentionOp op);
  FailureOr<Flow> inferGather(Operation *op, int64_t dim);
  FailureOr<Flow> inferSlice(tensor::ExtractSliceOp op);
  FailureOr<Flow> inferInsert(tensor::InsertSliceOp op);
  FailureOr<Flow> inferSame(Operation *op, std::optional<int64_t> except = {});
  FailureOr<Flow> inferReshape(Operation *op);

  LogicalResult rebuild(Operation *op, const Flow &flow, unsigned level);
  Operation *create(Operation *op, const Flow &flow, TypeRange types,
                    ArrayRef<Value> operands, unsigned level);
  Operation *createSlice(tensor::ExtractSliceOp op, const Flow &flow,
                         RankedTensorType type, Value source, unsigned level);
  Operation *createInsert(tensor::InsertSliceOp op, const Flow &flow,
                          ArrayRef<Value> operands, unsigned level);
  Operation *createBatched(linalg::LinalgOp op, const Flow &flow,
                           TypeRange types, SmallVector<Value> operands,
                           unsigned level);
  Value sliceOfPart(tensor::ExtractSliceOp op, unsigned dim);
  Value pullThrough(Operation *op, const Layout &layout, unsigned level);
  Value shrinkOperand(OpOperand &operand, const Layout &layout, unsigned level);
  LogicalResult visitReturn(Operation *op);
  LogicalResult visitDim(tensor::DimOp op);
  Value gatherDim(Value value, const Layout &layout, unsigned dim,
                  Value positions, OpFoldResult size);
  OpFoldResult getSize(ArrayRef<Atom> atoms, unsigned level);
  std::optional<Layout> layoutOf(Value value) const;
  bool isWhole(Value source, int64_t dim, OpFoldResult offset,
               OpFoldResult size, OpFoldResult stride) const;

  OpBuilder b;
  AtomTable table;
  Atom axis = 0;
  Atoms batch;
  SmallVector<OpFoldResult> batchSizes;
  SmallVector<Level> levels;
  unsigned current = 0;
  llvm::MapVector<Value, Tracked> values;
  llvm::DenseMap<std::pair<Value, unsigned>, Value> gathered, pulled;
  llvm::SetVector<Location> gatheredResults;
  SmallVector<Operation *> dead;
  Operation *blocker = nullptr;
  std::string reason;
};

} // namespace rarefy

#endif // RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_SHRINK_H
