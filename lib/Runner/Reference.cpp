// The plain way down: definitions, one loop nest for each op, no vectors.
//
// A comparison with it cannot see what both ways have in common: an op's own
// definition (rarefy-decompose), what rarefy-cpu-prepare makes of softmax,
// concat and pack, with MLIR's patterns, and bufferization.

#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "rarefy/Codegen/CPU/Passes.h"
#include "rarefy/Conversion/Passes.h"
#include "rarefy/Dialect/Rarefy/Transforms/Passes.h"
#include "rarefy/Pipelines/Pipelines.h"
#include "rarefy/Runner/Program.h"

using namespace rarefy;

/// Ops check the sizes of their operands, as far as those vary.
static void addVerification(OpPassManager &pm) {
  std::unique_ptr<Pass> pass = createGenerateRuntimeVerificationPass();
  // Names the op's place alone, not its text.
  (void)pass->initializeOptions("verbose-level=0",
                                [](const Twine &) { return failure(); });
  pm.addPass(std::move(pass));
  pm.addPass(createCanonicalizerPass());
  pm.addPass(createCSEPass());
}

void rarefy::buildReferencePipeline(OpPassManager &pm) {
  pm.addPass(createRarefyDecompose());
  pm.addPass(createRarefyCPUPrepare());
  pm.addPass(createRarefyCPUWidenSums());
  pm.addNestedPass<func::FuncOp>(createConvertElementwiseToLinalgPass());
  buildBufferizationPipeline(pm);
  addVerification(pm);
  pm.addPass(createConvertLaunchToLLVM());
  OpPassManager &functions = pm.nest<func::FuncOp>();
  functions.addPass(createConvertLinalgToLoopsPass());
  functions.addPass(memref::createExpandStridedMetadataPass());
  pm.addPass(createLowerAffinePass());
  pm.addPass(createSCFToControlFlowPass());
  arith::ArithExpandOpsPassOptions expand;
  expand.includeBf16 = true;
  pm.addPass(arith::createArithExpandOpsPass(expand));
  pm.addPass(createConvertMathToLLVMPass());
  pm.addPass(createConvertMathToLibmPass());
  pm.addPass(createFinalizeMemRefToLLVMConversionPass());
  pm.addPass(createConvertToLLVMPass());
  pm.addPass(createReconcileUnrealizedCastsPass());
}
