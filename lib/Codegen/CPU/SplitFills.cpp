// A fill for every use.

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "rarefy/Codegen/CPU/Passes.h"

namespace rarefy {
#define GEN_PASS_DEF_RAREFYCPUSPLITFILLS
#include "rarefy/Codegen/CPU/Passes.h.inc"

namespace {
bool isFill(linalg::LinalgOp op) {
  return op.hasPureTensorSemantics() && op->getNumResults() == 1 &&
         !op.payloadUsesValueFromOperand(op.getDpsInitOperand(0)) &&
         llvm::none_of(op.getDpsInputs(), [](Value input) {
           return isa<TensorType>(input.getType());
         });
}

struct RarefyCPUSplitFills
    : impl::RarefyCPUSplitFillsBase<RarefyCPUSplitFills> {
  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> fills;
    getOperation()->walk([&](linalg::LinalgOp op) {
      if (isFill(op) && !op->getResult(0).use_empty())
        fills.push_back(op);
    });
    IRRewriter b(&getContext());
    for (linalg::LinalgOp fill : fills) {
      auto empty = fill.getDpsInits()[0].getDefiningOp<tensor::EmptyOp>();
      if (!empty)
        continue;
      for (OpOperand &use :
           llvm::make_early_inc_range(llvm::drop_begin(fill->getUses()))) {
        b.setInsertionPoint(use.getOwner());
        IRMapping mapping;
        mapping.map(empty.getResult(), b.clone(*empty)->getResult(0));
        use.set(b.clone(*fill, mapping)->getResult(0));
      }
      b.setInsertionPoint(fill);
      b.modifyOpInPlace(fill, [&] {
        fill.getDpsInitOperand(0)->set(b.clone(*empty)->getResult(0));
      });
    }
  }
};
} // namespace
} // namespace rarefy
