// What a function costs, for remarks. Not installed.

#ifndef RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_COST_H
#define RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_COST_H

#include "mlir/IR/Operation.h"
#include "rarefy/Support/LLVM.h"
#include <optional>

namespace rarefy {

/// What products, convolutions and attentions do: their multiply-adds, and the
/// bytes of their inputs and results, each once per op.
struct Cost {
  int64_t multiplyAdds = 0, bytes = 0;
};

/// The cost of all in `root`; nothing if a size is dynamic.
std::optional<Cost> computeCost(Operation *root);

} // namespace rarefy

#endif // RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_COST_H
