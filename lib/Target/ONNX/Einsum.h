// Sums of products by their equation. Not installed.

#ifndef RAREFY_LIB_TARGET_ONNX_EINSUM_H
#define RAREFY_LIB_TARGET_ONNX_EINSUM_H

#include "Emit.h"

namespace rarefy::frontend {

/// The sum of products that `equation`, without spaces, says of `operands`;
/// multiplied and summed in `compute`, the result's element type.
FailureOr<Value> emitEinsum(Node &node, StringRef equation, ValueRange operands,
                            Type compute);

} // namespace rarefy::frontend

#endif // RAREFY_LIB_TARGET_ONNX_EINSUM_H
