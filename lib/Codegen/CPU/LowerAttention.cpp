// rarefy.attention on buffers to loops whose scores stay in cache.

#include "AttentionEmitter.h"
#include "TargetOption.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "rarefy/Codegen/CPU/Passes.h"

namespace rarefy {
#define GEN_PASS_DEF_RAREFYCPULOWERATTENTION
#include "rarefy/Codegen/CPU/Passes.h.inc"

namespace {
struct RarefyCPULowerAttention
    : impl::RarefyCPULowerAttentionBase<RarefyCPULowerAttention> {
  using Base::Base;

  void runOnOperation() override {
    FailureOr<CPUTarget> target = getTarget(getOperation(), cpu);
    if (failed(target))
      return signalPassFailure();
    IRRewriter rewriter(&getContext());
    getOperation()->walk([&](AttentionOp op) {
      if (!op.hasPureBufferSemantics())
        return;
      bool nested = op->getParentOfType<scf::ParallelOp>() ||
                    op->getParentOfType<scf::ForallOp>();
      rewriter.setInsertionPoint(op);
      AttentionEmitter(rewriter, op, *target).emit(parallel && !nested);
      rewriter.eraseOp(op);
    });
  }
};
} // namespace
} // namespace rarefy
