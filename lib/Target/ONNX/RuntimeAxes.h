// Axes that are known only at run time. Not installed.

#ifndef RAREFY_LIB_TARGET_ONNX_RUNTIMEAXES_H
#define RAREFY_LIB_TARGET_ONNX_RUNTIMEAXES_H

#include "IndexMath.h"

namespace rarefy::frontend {

/// 1 for each of `rank` dimensions that input `i` names, 0 for the others.
FailureOr<Sizes> readAxisFlags(Node &node, unsigned i, int64_t rank);
/// Number of dimensions that input `i` names; they are taken to be different.
int64_t countAxes(Node &node, unsigned i);
/// The sizes without the flagged dimensions, of which there are `count`.
Sizes dropFlagged(Node &node, ArrayRef<OpFoldResult> sizes,
                  ArrayRef<OpFoldResult> flags, int64_t count);
/// The sizes with 1 in front of flagged dimensions of the result.
Sizes insertFlagged(Node &node, ArrayRef<OpFoldResult> sizes,
                    ArrayRef<OpFoldResult> flags);
/// The sizes with 1 for flagged dimensions.
Sizes flattenFlagged(Node &node, ArrayRef<OpFoldResult> sizes,
                     ArrayRef<OpFoldResult> flags);
/// Folds `body` (element, accumulator) along the flagged dimensions, which have
/// size 1 in the result, from `init` on.
Value reduceFlagged(Node &node, Value value, ArrayRef<OpFoldResult> flags,
                    Value init, ScalarBody body);

} // namespace rarefy::frontend

#endif // RAREFY_LIB_TARGET_ONNX_RUNTIMEAXES_H
