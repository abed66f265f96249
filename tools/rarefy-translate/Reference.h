#ifndef RAREFY_TOOLS_RAREFYTRANSLATE_REFERENCE_H
#define RAREFY_TOOLS_RAREFYTRANSLATE_REFERENCE_H

#include "mlir/IR/DialectRegistry.h"
#include <string>

namespace rarefy {

/// Adds the instruction sets that a program can have.
void registerInstructions(mlir::DialectRegistry &registry);

/// Prints the reference page of an instruction set, and ends the tool.
void printReferenceAndExit(const std::string &dialect);

} // namespace rarefy

#endif // RAREFY_TOOLS_RAREFYTRANSLATE_REFERENCE_H
