// Stack buffers whose scope is not a function.

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/PatternMatch.h"
#include "rarefy/Codegen/CPU/Passes.h"

namespace rarefy {
#define GEN_PASS_DEF_RAREFYCPULOWERSCOPES
#include "rarefy/Codegen/CPU/Passes.h.inc"

namespace {
void lowerScope(memref::AllocaScopeOp scope, IRRewriter &rewriter) {
  Operation *end = scope.getBodyRegion().front().getTerminator();
  Type pointer = LLVM::LLVMPointerType::get(scope.getContext());
  rewriter.setInsertionPoint(scope);
  Value stack = LLVM::StackSaveOp::create(rewriter, scope.getLoc(), pointer);
  SmallVector<Value> results(end->getOperands());
  rewriter.setInsertionPoint(end);
  LLVM::StackRestoreOp::create(rewriter, scope.getLoc(), stack);
  rewriter.eraseOp(end);
  rewriter.inlineBlockBefore(&scope.getBodyRegion().front(), scope);
  rewriter.replaceOp(scope, results);
}

struct RarefyCPULowerScopes
    : impl::RarefyCPULowerScopesBase<RarefyCPULowerScopes> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    getOperation()->walk<WalkOrder::PostOrder>(
        [&](memref::AllocaScopeOp scope) { lowerScope(scope, rewriter); });
  }
};
} // namespace
} // namespace rarefy
