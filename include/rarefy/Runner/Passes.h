#ifndef RAREFY_RUNNER_PASSES_H
#define RAREFY_RUNNER_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "rarefy/Support/LLVM.h"
#include "llvm/Support/Error.h"

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace rarefy {

/// Adds the passes that `text` names to `pm`, a manager of modules. Passes on
/// functions need not be nested, and "builtin.module(...)" may surround all.
llvm::Error parsePasses(StringRef text, OpPassManager &pm);

/// Runs the passes that `text` names on `module`. Where a pass has reported
/// what is wrong, the error has no text.
llvm::Error runPasses(ModuleOp module, StringRef text);

} // namespace rarefy

#endif // RAREFY_RUNNER_PASSES_H
