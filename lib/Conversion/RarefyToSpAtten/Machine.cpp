// The machine that programs are for, from the options of a pass.

#include "Machine.h"
#include "mlir/IR/Diagnostics.h"

using namespace rarefy;

FailureOr<SpAttenConfig> spatten::readMachine(Location loc, StringRef config,
                                              ArrayRef<std::string> set) {
  if (config.empty())
    return emitError(loc) << "expected option 'config', the machine that "
                             "programs are for";
  llvm::Expected<SpAttenConfig> machine = readSpAttenConfig(config, set);
  if (!machine)
    return emitError(loc) << toString(machine.takeError());
  return std::move(*machine);
}
