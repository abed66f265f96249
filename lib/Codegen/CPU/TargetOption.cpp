// The option that says what processor a pass generates code for.

#include "TargetOption.h"

namespace rarefy {

FailureOr<CPUTarget> getTarget(Operation *root, StringRef cpu) {
  llvm::Expected<CPUTarget> target = CPUTarget::get(cpu);
  if (!target)
    return root->emitError(llvm::toString(target.takeError()));
  return *target;
}

} // namespace rarefy
