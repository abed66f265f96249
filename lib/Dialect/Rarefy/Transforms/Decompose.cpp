// Asks every `rarefy` op for its own definition.

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
#include "rarefy/Dialect/Rarefy/IR/Rarefy.h"
#include "rarefy/Dialect/Rarefy/Transforms/Passes.h"

namespace rarefy {
#define GEN_PASS_DEF_RAREFYDECOMPOSE
#include "rarefy/Dialect/Rarefy/Transforms/Passes.h.inc"

/// Whether `op` is an attention that has kernels of its own: one on floats.
static bool isFused(Operation *op) {
  auto attention = dyn_cast<AttentionOp>(op);
  return attention && !attention.isInteger();
}

namespace {
struct RarefyDecompose : impl::RarefyDecomposeBase<RarefyDecompose> {
  using Base::Base;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    WalkResult result =
        getOperation()->walk([&](linalg::AggregatedOpInterface op) {
          if (!isa_and_nonnull<RarefyDialect>(op->getDialect()) ||
              (!attention && isFused(op)))
            return WalkResult::advance();
          rewriter.setInsertionPoint(op);
          FailureOr<SmallVector<Value>> values =
              op.decomposeOperation(rewriter);
          if (failed(values))
            return WalkResult::interrupt();
          rewriter.replaceOp(op, *values);
          return WalkResult::advance();
        });
    if (result.wasInterrupted())
      signalPassFailure();
  }
};
} // namespace
} // namespace rarefy
