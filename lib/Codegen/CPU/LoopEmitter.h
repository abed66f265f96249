#ifndef RAREFY_LIB_CODEGEN_CPU_LOOPEMITTER_H
#define RAREFY_LIB_CODEGEN_CPU_LOOPEMITTER_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "rarefy/Hardware/CPUTarget.h"
#include "rarefy/Support/LLVM.h"

namespace rarefy {

/// How a linalg.generic on buffers becomes loops over vectors.
struct LoopPlan {
  /// The loop dimension whose consecutive values share a vector; missing if the
  /// op stays scalar, for `reason`.
  std::optional<unsigned> vectorDim;
  std::string reason;
  bool reducesVector = false;
  /// Lanes of the successive loops over `vectorDim`; the last may be one.
  SmallVector<int64_t> widths;
  /// The combination that each result is reduced by, if the op reduces.
  SmallVector<vector::CombiningKind> kinds;
  SmallVector<unsigned> parallel, reduction;
  /// Estimated clocks of one core.
  int64_t clocks = 0;
};

/// Decides how `op` becomes loops; fails if its results are indexed by summed
/// dimensions.
FailureOr<LoopPlan> planLoops(linalg::GenericOp op, const CPUTarget &target);

/// Emits the loops in front of `op`.
class LoopEmitter {
public:
  LoopEmitter(RewriterBase &b, linalg::GenericOp op, const LoopPlan &plan,
              const CPUTarget &target);
  void emit(bool shareAmongThreads);

private:
  /// Sums of one width on their way through the loops of a reduction.
  using Sums = SmallVector<SmallVector<Value>>;

  SmallVector<unsigned> chooseShared();
  void emitParallel(ArrayRef<unsigned> dims);
  void emitVectorLoops(unsigned dim,
                       function_ref<void(int64_t, Value, Value)> body);
  void emitElements(int64_t width);
  void emitReduction(int64_t width);
  Sums reduceOver(ArrayRef<unsigned> dims, int64_t width, const Sums &sums);
  Sums reduceVectors(const Sums &sums);
  SmallVector<Value> emitBody(int64_t width, ArrayRef<Value> sums);
  Type sumTypeOf(unsigned result);
  Type vectorOf(Type element, int64_t width);
  Value emitWideSum(unsigned result, int64_t width, IRMapping &mapping);
  Value emitOp(Operation &inner, int64_t width, IRMapping &mapping);
  Value emitLoadInBody(Operation &inner, int64_t width, IRMapping &mapping);
  Value load(OpOperand *operand, int64_t width);
  void store(OpOperand *operand, int64_t width, Value value);
  SmallVector<Value> indices(OpOperand *operand);
  Value widened(Value value, int64_t width);
  Value neutral(unsigned result, int64_t width);
  Value combine(unsigned result, Value x, Value y);
  Value index(int64_t value);

  RewriterBase &b;
  Location loc;
  linalg::GenericOp op;
  const LoopPlan &plan;
  const CPUTarget &target;
  SmallVector<Value> iv;
  SmallVector<Range> ranges;
};
} // namespace rarefy

#endif // RAREFY_LIB_CODEGEN_CPU_LOOPEMITTER_H
