#ifndef RAREFY_LIB_RUNNER_CONSTANTS_H
#define RAREFY_LIB_RUNNER_CONSTANTS_H

#include "mlir/IR/BuiltinOps.h"
#include "rarefy/Runner/Array.h"

#include <string>
#include <vector>

namespace rarefy {

/// A constant that compiled code reads through a symbol.
struct BoundConstant {
  std::string symbol;
  const void *data;
};

struct BoundConstants {
  std::vector<BoundConstant> symbols;
  /// The memory of the constants that had to be copied.
  std::vector<Buffer> copies;
  uint64_t bytes = 0;
};

/// Turns the large constants of a module in the LLVM dialect into external
/// symbols. What LLVM does not see it does not spend time on. The data stays
/// in the module's context where it is aligned well enough.
BoundConstants takeConstants(ModuleOp module);

} // namespace rarefy

#endif // RAREFY_LIB_RUNNER_CONSTANTS_H
