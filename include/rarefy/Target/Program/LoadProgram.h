#ifndef RAREFY_TARGET_PROGRAM_LOADPROGRAM_H
#define RAREFY_TARGET_PROGRAM_LOADPROGRAM_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "rarefy/ISA/ISA.h"
#include "rarefy/Support/LLVM.h"
#include "llvm/Support/Error.h"

namespace rarefy {

/// The module that `source` holds: a program file, or MLIR as text or bytecode.
/// Null after a diagnostic. Locations call it `name`.
OwningOpRef<ModuleOp> parseModule(StringRef source, StringRef name,
                                  MLIRContext &context);

/// The same of the file `path`; "-" is standard input. Errors that went to the
/// context's handler are returned without a text.
llvm::Expected<OwningOpRef<ModuleOp>> loadProgram(StringRef path,
                                                  MLIRContext &context);

/// The one program of `module`.
llvm::Expected<program::ProgramOp> findProgram(ModuleOp module);

} // namespace rarefy

#endif // RAREFY_TARGET_PROGRAM_LOADPROGRAM_H
