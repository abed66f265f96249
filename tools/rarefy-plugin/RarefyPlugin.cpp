// Rarefy's dialects, passes and pipelines for the stock mlir-opt-22, which
// takes this library twice: --load-dialect-plugin and --load-pass-plugin. A
// tool that has them already, as rarefy-opt does, keeps its own.

#include "mlir/Pass/PassRegistry.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include "mlir/Tools/Plugins/PassPlugin.h"
#include "rarefy/InitAll.h"
#include "llvm/Config/llvm-config.h"

extern "C" LLVM_ATTRIBUTE_VISIBILITY_DEFAULT mlir::DialectPluginLibraryInfo
mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "rarefy", LLVM_VERSION_STRING,
          [](mlir::DialectRegistry *registry) {
            if (!registry->getDialectAllocator("rarefy"))
              rarefy::registerDialects(*registry);
          }};
}

extern "C" LLVM_ATTRIBUTE_VISIBILITY_DEFAULT mlir::PassPluginLibraryInfo
mlirGetPassPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "rarefy", LLVM_VERSION_STRING, [] {
            if (!mlir::PassInfo::lookup("rarefy-decompose"))
              rarefy::registerPasses();
          }};
}
