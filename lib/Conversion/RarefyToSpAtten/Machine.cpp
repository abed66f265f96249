// The machine that programs are for, from the options of a pass.

#include "Machine.h"
#include "mlir/IR/Diagnostics.h"
#include "rarefy/Dialect/SpAtten/IR/SpAtten.h"
#include "rarefy/Sim/SpAttenNumbers.h"
#include "llvm/Support/FormatVariadic.h"

using namespace rarefy;
using namespace rarefy::spatten;

/// What of `machine` the instructions of a program cannot say, or do without.
static std::string findMismatch(const SpAttenConfig &machine) {
  struct Bounds {
    const char *key;
    unsigned value, least, most;
  };
  const Bounds parameters[] = {
      {"headSize", machine.headSize, kHeadSize, kHeadSize},
      {"operandBits", machine.operandBits, kOperandBits, kOperandBits},
      {"semaphores", machine.semaphores, kSemaphores, kSemaphores},
      {"sram.handles", machine.sram.handles, kBuffers, kBuffers},
      {"maxContext", machine.maxContext, 1, kMaxTokens},
      {"sram.lines", machine.sram.lines, 1, kMaxTokens}};
  for (auto [key, value, least, most] : parameters)
    if (value < least || value > most)
      return llvm::formatv("{0}: programs expect {1}{2}, found {3}", key,
                           least == most ? "" : "at most ", most, value);
  return "";
}

FailureOr<SpAttenConfig> spatten::readMachine(Location loc, StringRef config,
                                              ArrayRef<std::string> set) {
  if (config.empty())
    return emitError(loc) << "expected option 'config', the machine that "
                             "programs are for";
  llvm::Expected<SpAttenConfig> machine = readSpAttenConfig(config, set);
  if (!machine)
    return emitError(loc) << toString(machine.takeError());
  if (std::string mismatch = findMismatch(*machine); !mismatch.empty())
    return emitError(loc) << config << ": " << mismatch;
  return std::move(*machine);
}
