#ifndef RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_MACHINE_H
#define RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_MACHINE_H

#include "mlir/IR/Location.h"
#include "rarefy/Hardware/SpAttenConfig.h"
#include "rarefy/Support/LLVM.h"

namespace rarefy::spatten {

/// The machine that the options `config` and `set` of a pass describe; an error
/// at `loc` where there is none.
FailureOr<SpAttenConfig> readMachine(Location loc, StringRef config,
                                     ArrayRef<std::string> set);

} // namespace rarefy::spatten

#endif // RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_MACHINE_H
