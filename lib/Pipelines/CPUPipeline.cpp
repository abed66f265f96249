// rarefy-cpu-pipeline: tensor functions to the LLVM dialect.

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Bufferization/Pipelines/Passes.h"
#include "mlir/Dialect/Bufferization/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Math/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"
#include "rarefy/Codegen/CPU/Passes.h"
#include "rarefy/Conversion/Passes.h"
#include "rarefy/Dialect/Rarefy/Transforms/Passes.h"
#include "rarefy/Pipelines/Pipelines.h"

namespace rarefy {

namespace {
void simplify(OpPassManager &pm) {
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

/// On tensors: what every op means, in as few passes over memory as possible.
void buildTensorStage(OpPassManager &pm, const CPUPipelineOptions &options) {
  pm.addPass(createRarefyCPUUnfoldGathers());
  pm.addPass(createRarefyDecompose({/*attention=*/false}));
  pm.addNestedPass<func::FuncOp>(createConvertElementwiseToLinalgPass());
  pm.addPass(createRarefyCPUPrepare());
  simplify(pm);
  pm.addNestedPass<func::FuncOp>(createRarefyCPUFuse());
  simplify(pm);
  pm.addPass(createRarefyCPUPackConstants({options.cpu}));
  pm.addPass(createRarefyCPUSplitFills());
}

/// Computations on buffers become few, and short.
void buildBufferStage(OpPassManager &pm) {
  pm.addPass(bufferization::createEmptyTensorEliminationPass());
  pm.addPass(bufferization::createEmptyTensorToAllocTensorPass());
  buildBufferizationPipeline(pm);
  pm.addNestedPass<func::FuncOp>(
      bufferization::createOptimizeAllocationLivenessPass());
  pm.addPass(createRarefyCPULowerCopies());
  pm.addPass(createRarefyCPUOutline());
  pm.addNestedPass<func::FuncOp>(createRarefyCPUPlanMemory());
  simplify(pm);
}

/// From loops and buffers to the LLVM dialect.
void buildLLVMStage(OpPassManager &pm) {
  pm.addPass(createConvertLaunchToLLVM());
  pm.addPass(createRarefyCPUApproximateMath());
  pm.addPass(createConvertVectorToSCFPass());
  pm.addPass(createConvertSCFToOpenMPPass());
  pm.addPass(createRarefyCPULowerScopes());
  pm.addPass(createSCFToControlFlowPass());
  pm.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  // bf16 is computed in f32, and rounded without the library functions that
  // older C runtimes lack.
  arith::ArithEmulateUnsupportedFloatsOptions emulate;
  emulate.sourceTypeStrs = {"bf16"};
  emulate.targetTypeStr = "f32";
  pm.addPass(arith::createArithEmulateUnsupportedFloats(emulate));
  arith::ArithExpandOpsPassOptions expand;
  expand.includeBf16 = true;
  pm.addPass(arith::createArithExpandOpsPass(expand));
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createConvertMathToLibmPass());
  pm.addPass(createConvertVectorToLLVMPass());
  FinalizeMemRefToLLVMConversionPassOptions memref;
  memref.useAlignedAlloc = true;
  pm.addPass(createFinalizeMemRefToLLVMConversionPass(memref));
  pm.addPass(createConvertOpenMPToLLVMPass());
  pm.addPass(createConvertToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
  simplify(pm);
}
} // namespace

void buildBufferizationPipeline(OpPassManager &pm) {
  bufferization::OneShotBufferizePassOptions bufferize;
  bufferize.bufferizeFunctionBoundaries = true;
  bufferize.allowReturnAllocsFromLoops = true;
  bufferize.functionBoundaryTypeConversion =
      bufferization::LayoutMapOption::IdentityLayoutMap;
  pm.addPass(bufferization::createOneShotBufferizePass(bufferize));
  simplify(pm);
  bufferization::buildBufferDeallocationPipeline(pm);
  pm.addPass(createConvertBufferizationToMemRefPass());
}

void buildCPUPipeline(OpPassManager &pm, const CPUPipelineOptions &options) {
  buildTensorStage(pm, options);
  buildBufferStage(pm);
  pm.addPass(createRarefyCPULowerAttention({options.cpu, options.parallel}));
  simplify(pm);
  RarefyCPULowerContractionsOptions contractions{options.cpu, options.parallel};
  pm.addPass(createRarefyCPULowerContractions(contractions));
  pm.addPass(createRarefyCPUVectorize({options.cpu, options.parallel}));
  pm.addNestedPass<func::FuncOp>(createConvertLinalgToLoopsPass());
  buildLLVMStage(pm);
  pm.addPass(createRarefyCPUFinalize({options.cpu}));
}

void registerPipelines() {
  PassPipelineRegistration<CPUPipelineOptions>(
      "rarefy-cpu-pipeline", "Compile tensor functions for the CPU",
      buildCPUPipeline);
  PassPipelineRegistration<SpAttenPipelineOptions>(
      "rarefy-spatten-pipeline",
      "Compile tensor functions for the CPU, and their attention for SpAtten",
      buildSpAttenPipeline);
}

} // namespace rarefy
