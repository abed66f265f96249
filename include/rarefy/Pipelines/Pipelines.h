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

/// Those of the CPU's pipeline, and those of the passes in front of it.
struct SpAttenPipelineOptions : CPUPipelineOptions {
  PassOptions::Option<std::string> config{
      *this, "config",
      llvm::cl::desc("File with the parameters of the machine, "
                     "configs/spatten.yaml for example")};
  PassOptions::ListOption<std::string> set{
      *this, "set",
      llvm::cl::desc("Parameters that replace those of the file, each as "
                     "key=value")};
};

/// From tensors to buffers, each freed where its last use ends.
void buildBufferizationPipeline(OpPassManager &pm);

/// Takes a module of tensor functions to the LLVM dialect. Public functions get
/// a C interface; each result is memory of its own, which the caller frees.
void buildCPUPipeline(OpPassManager &pm, const CPUPipelineOptions &options);

/// Takes a module of tensor functions to the LLVM dialect, as buildCPUPipeline
/// does, with the attention on integers that SpAtten takes in programs: the
/// code calls the runtime, see `rarefy/Conversion/Launch.h`.
void buildSpAttenPipeline(OpPassManager &pm,
                          const SpAttenPipelineOptions &options);

/// Registers `rarefy-cpu-pipeline` and `rarefy-spatten-pipeline`.
void registerPipelines();

} // namespace rarefy

#endif // RAREFY_PIPELINES_PIPELINES_H
