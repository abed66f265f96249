// The one list of what Rarefy consists of, for tools, plugin and C API.

#include "rarefy/InitAll.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "rarefy/Codegen/CPU/Passes.h"
#include "rarefy/Conversion/Passes.h"
#include "rarefy/Dialect/Rarefy/IR/Rarefy.h"
#include "rarefy/Dialect/Rarefy/Transforms/Passes.h"
#include "rarefy/Dialect/SpAtten/IR/SpAtten.h"
#include "rarefy/Pipelines/Pipelines.h"

void rarefy::registerDialects(DialectRegistry &registry) {
  registry
      .insert<RarefyDialect, program::ISADialect, spatten::SpAttenDialect>();
  registerBufferization(registry);
  program::registerBufferization(registry);
}

void rarefy::registerPasses() {
  registerRarefyPasses();
  registerRarefyCPUPasses();
  registerRarefyConversionPasses();
  registerPipelines();
}

void rarefy::registerAll(DialectRegistry &registry) {
  registerAllDialects(registry);
  registerAllExtensions(registry);
  registerAllPasses();
  registerDialects(registry);
  registerPasses();
}
