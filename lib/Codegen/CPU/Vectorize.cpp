// Every linalg op on buffers that is left, as loops over vectors.

#include "LoopEmitter.h"
#include "TargetOption.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Remarks.h"
#include "rarefy/Codegen/CPU/Passes.h"

namespace rarefy {
#define GEN_PASS_DEF_RAREFYCPUVECTORIZE
#include "rarefy/Codegen/CPU/Passes.h.inc"

namespace {
struct RarefyCPUVectorize : impl::RarefyCPUVectorizeBase<RarefyCPUVectorize> {
  using Base::Base;

  void runOnOperation() override {
    FailureOr<CPUTarget> target = getTarget(getOperation(), cpu);
    if (failed(target))
      return signalPassFailure();
    SmallVector<linalg::LinalgOp> ops;
    getOperation()->walk([&](linalg::LinalgOp op) {
      if (op.hasPureBufferSemantics())
        ops.push_back(op);
    });
    IRRewriter rewriter(&getContext());
    for (linalg::LinalgOp op : ops) {
      rewriter.setInsertionPoint(op);
      auto generic = dyn_cast<linalg::GenericOp>(op.getOperation());
      if (!generic)
        generic = linalg::generalizeNamedOp(rewriter, op).value_or(nullptr);
      if (generic)
        lower(generic, *target, rewriter);
    }
  }

private:
  void lower(linalg::GenericOp op, const CPUTarget &target,
             IRRewriter &rewriter) {
    rewriter.setInsertionPoint(op);
    FailureOr<LoopPlan> plan = planLoops(op, target);
    if (failed(plan))
      return missed(op, "its results are indexed by summed dimensions");
    if (!plan->reason.empty())
      missed(op, plan->reason);
    bool nested = op->getParentOfType<scf::ParallelOp>() ||
                  op->getParentOfType<scf::ForallOp>();
    LoopEmitter(rewriter, op, *plan, target).emit(parallel && !nested);
    rewriter.eraseOp(op);
  }

  void missed(linalg::GenericOp op, StringRef reason) {
    remark::missed(op.getLoc(),
                   remark::RemarkOpts::name("Vectorize").category("rarefy-cpu"))
        << ("left scalar: " + reason).str();
  }
};
} // namespace
} // namespace rarefy
