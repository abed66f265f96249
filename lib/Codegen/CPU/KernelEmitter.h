#ifndef RAREFY_LIB_CODEGEN_CPU_KERNELEMITTER_H
#define RAREFY_LIB_CODEGEN_CPU_KERNELEMITTER_H

#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/PatternMatch.h"
#include "rarefy/Codegen/CPU/Contraction.h"

namespace rarefy {

/// The value `operation` gives for `operand`, at the element or vector type
/// that `operand` has; `operand` itself if there is no operation.
Value castLike(OpBuilder &b, Location loc, Operation *operation, Value operand);

/// `value`, a float or a vector of floats, at the element type `element`, which
/// is as wide or wider.
Value widen(OpBuilder &b, Location loc, Value value, Type element);

/// A loop that runs `body` at `lower`, `lower + step`, .. below `upper`; just
/// the body where that is known to be one time.
void emitFor(OpBuilder &b, Location loc, OpFoldResult lower, OpFoldResult upper,
             int64_t step, function_ref<void(Value)> body);

/// Transposes as many vectors as each has lanes.
void transpose(OpBuilder &b, Location loc, SmallVectorImpl<Value> &rows);

/// How the micro-kernel reads `rhs`.
enum class RhsAccess {
  /// Panels packed at compile time.
  Packed,
  /// Panels packed into a buffer, each before the rows that use it.
  Copied,
  /// In place: too few rows repay packing.
  Direct,
};

/// Emits a contraction on buffers as loops around a micro-kernel that keeps a
/// block of sums in vector registers.
class KernelEmitter {
public:
  KernelEmitter(RewriterBase &b, Contraction &contraction,
                const CPUTarget &target, bool startsAtZero);

  void emit(bool parallel);

private:
  /// Half-open intervals of rows and columns.
  struct Block {
    OpFoldResult rowBegin, rowEnd, columnBegin, columnEnd;
  };
  /// The vectors of one panel, masked if columns are missing.
  struct Panel {
    int64_t vectors;
    SmallVector<Value> masks;
  };

  void emitOuter(ArrayRef<unsigned> dims, function_ref<void()> body);
  void emitParallel(ArrayRef<unsigned> others);
  void emitScope(ArrayRef<unsigned> dims, const Block &block);
  void emitDepth(const Block &block);
  void emitRowBlocks(const Block &block, Value depthBegin, Value depthEnd);
  void emitPanels(const Block &block, Value depthBegin, Value depthEnd);
  void emitPanel(const Block &block, const Panel &panel, Value depthBegin,
                 Value depthEnd);
  void emitRows(OpFoldResult begin, OpFoldResult end,
                function_ref<void(int64_t)> kernel);
  void emitKernel(int64_t rows, const Panel &panel, Value depthBegin,
                  Value depthEnd);
  Value isFirstStep(Value depthBegin);
  Value addOld(Value sum, ValueRange at, Value mask, Value isFirst);
  void storeSums(int64_t rows, const Panel &panel, ValueRange sums,
                 Value depthBegin);
  SmallVector<Value> emitDepthLoop(int64_t rows, const Panel &panel,
                                   Value begin, Value end, int64_t unroll,
                                   Value panelBegin, ValueRange sums);
  SmallVector<Value> emitProducts(int64_t rows, const Panel &panel,
                                  Value panelBegin, ValueRange sums);

  void copyPanel(const Panel &panel, Value depthBegin, Value depthEnd);
  void copyRowsOfRhs(const Panel &panel, Value depthBegin, Value depthEnd);
  void copyColumnsOfRhs(const Panel &panel, Value depthBegin, Value depthEnd);
  void copyTile(ArrayRef<Value> columns, Value depthBegin, int64_t vector,
                int64_t count);

  Panel makePanel(Value count);
  Value loadRhs(const Panel &panel, int64_t vector, Value panelBegin);
  SmallVector<Value> indices(OpOperand *operand);
  SmallVector<Value> withOffset(SmallVector<Value> indices, int64_t offset);
  Value index(int64_t value);
  Value plus(Value value, int64_t offset);
  OpFoldResult sizeOf(unsigned dim);
  int64_t guessSize(unsigned dim);
  VectorType vectorOf(Type element) const;

  RewriterBase &b;
  Location loc;
  Contraction &c;
  const CPUTarget &target;
  bool startsAtZero;
  KernelShape shape;
  RhsAccess access;
  /// Rows of `rhs` that stay in the first-level cache.
  int64_t depth;
  Type sumType;
  Value buffer;
  /// The current index of each loop dimension, and its size.
  SmallVector<Value> iv;
  SmallVector<Range> ranges;
};
} // namespace rarefy

#endif // RAREFY_LIB_CODEGEN_CPU_KERNELEMITTER_H
