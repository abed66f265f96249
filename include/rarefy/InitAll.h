#ifndef RAREFY_INITALL_H
#define RAREFY_INITALL_H

#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "mlir/InitAllPasses.h"
#include "rarefy/Dialect/Rarefy/IR/Rarefy.h"
#include "rarefy/Dialect/Rarefy/Transforms/Passes.h"

namespace rarefy {

/// Adds Rarefy's dialects and their external models to `registry`.
inline void registerDialects(DialectRegistry &registry) {
  registry.insert<RarefyDialect>();
}

/// Registers Rarefy's passes and pipelines.
inline void registerPasses() { registerRarefyPasses(); }

/// Adds upstream's and Rarefy's dialects, and registers upstream's and
/// Rarefy's passes: what every tool starts with.
inline void registerAll(DialectRegistry &registry) {
  registerAllDialects(registry);
  registerAllExtensions(registry);
  registerAllPasses();
  registerDialects(registry);
  registerPasses();
}

} // namespace rarefy

#endif // RAREFY_INITALL_H
