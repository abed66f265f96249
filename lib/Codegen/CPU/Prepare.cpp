// Brings tensor code to the few op kinds that the later CPU passes know.

#include "PreparePatterns.h"
#include "mlir/Conversion/ControlFlowToSCF/ControlFlowToSCF.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Dialect/UB/IR/UBOps.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "rarefy/Codegen/CPU/Passes.h"

namespace rarefy {
#define GEN_PASS_DEF_RAREFYCPUPREPARE
#include "rarefy/Codegen/CPU/Passes.h.inc"

namespace {
/// Replaces an op that defines itself by smaller ones.
struct DecomposeAggregate
    : OpInterfaceRewritePattern<linalg::AggregatedOpInterface> {
  using OpInterfaceRewritePattern::OpInterfaceRewritePattern;

  LogicalResult matchAndRewrite(linalg::AggregatedOpInterface op,
                                PatternRewriter &rewriter) const override {
    if (!isa<linalg::LinalgDialect>(op->getDialect()))
      return rewriter.notifyMatchFailure(op, "not an op of linalg");
    FailureOr<SmallVector<Value>> values = op.decomposeOperation(rewriter);
    if (failed(values))
      return rewriter.notifyMatchFailure(op, "has no decomposition");
    rewriter.replaceOp(op, *values);
    return success();
  }
};

/// Loops and branches in place of jumps between blocks.
struct ToStructured : ControlFlowToSCFTransformation {
  /// A tensor that nobody reads; bufferization knows no poison.
  Value getUndefValue(Location loc, OpBuilder &b, Type type) override {
    auto tensor = dyn_cast<RankedTensorType>(type);
    if (!tensor)
      return ControlFlowToSCFTransformation::getUndefValue(loc, b, type);
    Value zero = arith::ConstantIndexOp::create(b, loc, 0);
    SmallVector<Value> sizes(tensor.getNumDynamicDims(), zero);
    return tensor::EmptyOp::create(b, loc, tensor, sizes);
  }
};

/// Says so where later passes would have no way down for `op`, or only find
/// out when the op is no longer what the user wrote.
LogicalResult checkSupported(Operation *op) {
  auto isShort = [](Type type) {
    auto element = dyn_cast<FloatType>(getElementTypeOrSelf(type));
    return element && element.getWidth() < 16;
  };
  SmallVector<Type> types(op->getOperandTypes());
  llvm::append_range(types, op->getResultTypes());
  bool computes = isa<arith::ArithDialect, math::MathDialect>(op->getDialect());
  if (const Type *found = llvm::find_if(types, isShort);
      computes && found != types.end())
    return op->emitOpError("expected floats of 16 bits or more, found ")
           << getElementTypeOrSelf(*found);
  bool onTensors = llvm::any_of(types, llvm::IsaPred<TensorType>);
  if (onTensors && isa<tensor::TensorDialect>(op->getDialect()) &&
      !isa<bufferization::BufferizableOpInterface>(op))
    return op->emitOpError("expected an op that has a form on buffers");
  return success();
}

struct RarefyCPUPrepare : impl::RarefyCPUPrepareBase<RarefyCPUPrepare> {
  void runOnOperation() override {
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      if (func.isPublic() && !func.isDeclaration())
        prepareInterface(func);
      ToStructured transformation;
      DominanceInfo dominance(func);
      if (!func.isDeclaration() && !func.getBody().hasOneBlock() &&
          failed(transformCFGToSCF(func.getBody(), transformation, dominance)))
        return signalPassFailure();
    }

    RewritePatternSet patterns(&getContext());
    patterns.add<DecomposeAggregate>(&getContext());
    tensor::populateDecomposeTensorConcatPatterns(patterns);
    populatePreparePatterns(patterns);
    linalg::populateLinalgNamedOpsGeneralizationPatterns(patterns);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      return signalPassFailure();
    WalkResult result = getOperation()->walk([](Operation *op) {
      return failed(checkSupported(op)) ? WalkResult::interrupt()
                                        : WalkResult::advance();
    });
    if (result.wasInterrupted())
      signalPassFailure();
  }

private:
  void prepareInterface(func::FuncOp func) {
    Builder b(&getContext());
    func->setAttr(LLVM::LLVMDialect::getEmitCWrapperAttrName(),
                  b.getUnitAttr());
    for (auto [i, type] : llvm::enumerate(func.getArgumentTypes()))
      if (isa<TensorType>(type))
        func.setArgAttr(i,
                        bufferization::BufferizationDialect::kWritableAttrName,
                        b.getBoolAttr(false));
  }
};
} // namespace
} // namespace rarefy
