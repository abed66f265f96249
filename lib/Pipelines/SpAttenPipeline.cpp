// rarefy-spatten-pipeline: tensor functions to the LLVM dialect and to
// programs.

#include "mlir/Transforms/Passes.h"
#include "rarefy/Conversion/Passes.h"
#include "rarefy/Pipelines/Pipelines.h"

namespace rarefy {

void buildSpAttenPipeline(OpPassManager &pm,
                          const SpAttenPipelineOptions &options) {
  // Importance that nobody reads is not computed.
  pm.addPass(createCanonicalizerPass());
  RarefyOutlineAttentionOptions outline{options.config,
                                        llvm::to_vector(options.set)};
  pm.addPass(createRarefyOutlineAttention(outline));
  ConvertRarefyToSpAttenOptions convert{options.config,
                                        llvm::to_vector(options.set)};
  pm.addPass(createConvertRarefyToSpAtten(convert));
  buildCPUPipeline(pm, options);
}

} // namespace rarefy
