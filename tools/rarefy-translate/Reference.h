#ifndef RAREFY_TOOLS_RAREFYTRANSLATE_REFERENCE_H
#define RAREFY_TOOLS_RAREFYTRANSLATE_REFERENCE_H

#include "mlir/IR/DialectRegistry.h"

namespace rarefy {

/// Adds the instruction sets that a program can have.
void registerInstructions(mlir::DialectRegistry &registry);

} // namespace rarefy

#endif // RAREFY_TOOLS_RAREFYTRANSLATE_REFERENCE_H
