#ifndef RAREFY_LIB_CODEGEN_CPU_TARGETOPTION_H
#define RAREFY_LIB_CODEGEN_CPU_TARGETOPTION_H

#include "mlir/IR/Operation.h"
#include "rarefy/Hardware/CPUTarget.h"
#include "rarefy/Support/LLVM.h"

namespace rarefy {

/// The processor that a pass's option `cpu` names; an error at `root`, which
/// the pass runs on, if there is none.
FailureOr<CPUTarget> getTarget(Operation *root, StringRef cpu);

} // namespace rarefy

#endif // RAREFY_LIB_CODEGEN_CPU_TARGETOPTION_H
