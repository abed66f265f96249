#ifndef RAREFY_PIPELINES_PIPELINES_H
#define RAREFY_PIPELINES_PIPELINES_H

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"
#include "rarefy/Support/LLVM.h"

namespace rarefy {

struct CPUPipelineOptions : PassPipelineOptions<CPUPipelineOptions> {
  PassOptions::Option<std::string> cpu{
      *this, "cpu",
      llvm::cl::desc("Processor to generate code for, as LLVM names it, or "
                     "native"),
      llvm::cl::init("native")};
  PassOptions::Option<bool> parallel{
      *this, "parallel",
      llvm::cl::desc("Share loops that are worth it among OpenMP threads"),
      llvm::cl::init(true)};
};

/// From tensors to buffers, each freed where its last use ends.
void buildBufferizationPipeline(OpPassManager &pm);

/// Takes a module of tensor functions to the LLVM dialect. Public functions get
/// a C interface; each result is memory of its own, which the caller frees.
void buildCPUPipeline(OpPassManager &pm, const CPUPipelineOptions &options);

/// Registers `rarefy-cpu-pipeline`.
void registerPipelines();

} // namespace rarefy

#endif // RAREFY_PIPELINES_PIPELINES_H
