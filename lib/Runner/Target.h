#ifndef RAREFY_LIB_RUNNER_TARGET_H
#define RAREFY_LIB_RUNNER_TARGET_H

#include "rarefy/Support/LLVM.h"
#include "llvm/Support/Error.h"
#include "llvm/Target/TargetMachine.h"

#include <memory>

namespace rarefy {

/// Code generation for the processor `cpu` ("native" or LLVM's name) of this
/// machine's family; an error where this machine could not run the code.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
createHostTargetMachine(StringRef cpu, unsigned optLevel);

} // namespace rarefy

#endif // RAREFY_LIB_RUNNER_TARGET_H
