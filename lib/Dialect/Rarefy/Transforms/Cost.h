// What a function costs, for remarks. Not installed.

#ifndef RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_COST_H
#define RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_COST_H

#include "mlir/IR/Operation.h"
#include "rarefy/Support/LLVM.h"
#include <optional>

namespace rarefy {

/// The multiply-adds of the products, convolutions and attentions in `root`;
/// nothing if a size is dynamic.
std::optional<int64_t> countMultiplyAdds(Operation *root);

} // namespace rarefy

#endif // RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_COST_H
