#ifndef RAREFY_TOOLS_RAREFYSIM_LOAD_H
#define RAREFY_TOOLS_RAREFYSIM_LOAD_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "rarefy/ISA/ISA.h"
#include "llvm/Support/Error.h"

namespace rarefy {

/// The module in `path`, a program file or MLIR. Errors that went to the
/// context's handler are returned without a text.
llvm::Expected<OwningOpRef<ModuleOp>> loadProgram(StringRef path,
                                                  MLIRContext &context);

/// The one program of `module`.
llvm::Expected<program::ProgramOp> findProgram(ModuleOp module);

/// Prints "file:line:column: error: text".
void printDiagnostic(Diagnostic &diagnostic);

} // namespace rarefy

#endif // RAREFY_TOOLS_RAREFYSIM_LOAD_H
