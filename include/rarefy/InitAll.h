#ifndef RAREFY_INITALL_H
#define RAREFY_INITALL_H

#include "rarefy/Support/LLVM.h"

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace rarefy {

/// Adds Rarefy's dialects and their external models to `registry`.
void registerDialects(DialectRegistry &registry);

/// Registers Rarefy's passes and pipelines.
void registerPasses();

/// Adds upstream's and Rarefy's dialects, and registers upstream's and
/// Rarefy's passes: what every tool starts with.
void registerAll(DialectRegistry &registry);

} // namespace rarefy

#endif // RAREFY_INITALL_H
