// Math functions as polynomials, which vectorise, instead of library calls.

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "rarefy/Codegen/CPU/Passes.h"
#include "llvm/ADT/StringSet.h"

namespace rarefy {
#define GEN_PASS_DEF_RAREFYCPUAPPROXIMATEMATH
#include "rarefy/Codegen/CPU/Passes.h.inc"

namespace {
/// What has a polynomial good to a few units in the last place of f32.
bool isApproximated(StringRef name) {
  static const llvm::StringSet<> names = {
      math::ExpOp::getOperationName(),   math::LogOp::getOperationName(),
      math::Log2Op::getOperationName(),  math::Log1pOp::getOperationName(),
      math::ExpM1Op::getOperationName(), math::TanhOp::getOperationName(),
      math::ErfOp::getOperationName()};
  return names.contains(name);
}

struct RarefyCPUApproximateMath
    : impl::RarefyCPUApproximateMathBase<RarefyCPUApproximateMath> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    populateMathF32ExpansionPatterns(patterns, [](StringRef) { return true; });
    populateMathPolynomialApproximationPatterns(patterns, isApproximated);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
} // namespace rarefy
