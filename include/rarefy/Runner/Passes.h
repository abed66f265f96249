#ifndef RAREFY_RUNNER_PASSES_H
#define RAREFY_RUNNER_PASSES_H

#include "llvm/Support/Error.h"
#include "rarefy/Support/LLVM.h"

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace rarefy {

/// Adds the passes that `text` names to `pm`, a manager of modules. Passes on
/// functions need not be nested, and "builtin.module(...)" may surround all.
llvm::Error parsePasses(StringRef text, OpPassManager &pm);

} // namespace rarefy

#endif // RAREFY_RUNNER_PASSES_H
