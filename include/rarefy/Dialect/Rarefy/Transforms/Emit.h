#ifndef RAREFY_DIALECT_RAREFY_TRANSFORMS_EMIT_H
#define RAREFY_DIALECT_RAREFY_TRANSFORMS_EMIT_H

#include "mlir/IR/AffineMap.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "rarefy/Support/LLVM.h"

namespace rarefy {

using ScalarBody = function_ref<Value(ImplicitLocOpBuilder &, ValueRange)>;

/// One linalg.generic of parallel loops over `sizes`; `maps` are the inputs'.
Value makeElementwise(ImplicitLocOpBuilder &b, ValueRange inputs,
                      ArrayRef<AffineMap> maps, ArrayRef<OpFoldResult> sizes,
                      Type element, ScalarBody body);

/// One that gives an element for each of the inputs', which have one shape.
Value makeElementwise(ImplicitLocOpBuilder &b, ValueRange inputs, Type element,
                      ScalarBody body);

/// A tensor of `sizes` filled with a constant.
Value makeFilled(ImplicitLocOpBuilder &b, ArrayRef<OpFoldResult> sizes,
                 TypedAttr constant);

/// Reduces the input's loops that `result` lacks; `body` gets the inputs and
/// what was reduced before.
Value makeReduction(ImplicitLocOpBuilder &b, ValueRange inputs,
                    ArrayRef<AffineMap> maps, AffineMap result, Value init,
                    ScalarBody body);

} // namespace rarefy

#endif // RAREFY_DIALECT_RAREFY_TRANSFORMS_EMIT_H
