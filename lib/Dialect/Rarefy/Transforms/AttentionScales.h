// What observing attention and quantizing it share. Not installed.

#ifndef RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_ATTENTIONSCALES_H
#define RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_ATTENTIONSCALES_H

#include "mlir/Interfaces/FunctionInterfaces.h"
#include "rarefy/Dialect/Rarefy/IR/Rarefy.h"

namespace rarefy {

/// What one step of each quantized operand of an attention is worth.
struct AttentionScales {
  double query, key, value;
};

/// The attentions on tensors of floats of a function, in the order in which
/// scales are listed.
SmallVector<AttentionOp> findFloatAttentions(FunctionOpInterface function);

/// Reads a JSON list of `count` objects with the numbers `query`, `key` and
/// `value`; anything else is an error at `loc`.
FailureOr<SmallVector<AttentionScales>>
readAttentionScales(StringRef path, size_t count, Location loc);

} // namespace rarefy

#endif // RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_ATTENTIONSCALES_H
