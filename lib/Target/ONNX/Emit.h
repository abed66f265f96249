// Helpers that handlers build their IR from. Not installed.

#ifndef RAREFY_LIB_TARGET_ONNX_EMIT_H
#define RAREFY_LIB_TARGET_ONNX_EMIT_H

#include "Importer.h"
#include "mlir/IR/AffineMap.h"

namespace rarefy::frontend {

/// The scalar computation of an elementwise op: operands to result.
using ScalarBody = function_ref<Value(ImplicitLocOpBuilder &, ValueRange)>;

Value emptyTensor(Node &node, ArrayRef<OpFoldResult> sizes, Type element);
Value filledTensor(Node &node, ArrayRef<OpFoldResult> sizes, Value scalar);
/// A scalar constant of an integer or float type.
Value scalarConstant(ImplicitLocOpBuilder &b, Type type, double value);
Value scalarConstant(ImplicitLocOpBuilder &b, Type type, int64_t value);
Value scalarConstant(ImplicitLocOpBuilder &b, Type type, int value);
/// A scalar integer of the graph as a size, and a size as an i64.
OpFoldResult scalarToSize(ImplicitLocOpBuilder &b, Value scalar);
Value sizeToScalar(ImplicitLocOpBuilder &b, OpFoldResult size);

/// The size that operands' sizes broadcast to; an error if they do not.
FailureOr<Sizes> broadcastSizes(Node &node, ArrayRef<Sizes> operands);
/// `value`, whose dimension i runs along loop `dims[i]`, without the dimensions
/// of size 1 that broadcast, and its indexing map: a projected permutation.
std::pair<Value, AffineMap> broadcastOperand(Node &node, Value value,
                                             ArrayRef<OpFoldResult> loops,
                                             ArrayRef<int64_t> dims);
/// A tensor and the loop that each of its dimensions runs along.
struct Operand {
  Value value;
  SmallVector<int64_t> dims;
};
/// The operand whose dimensions run along the last loops, or along all loops
/// but `without`.
Operand trailingOperand(Value value, ArrayRef<OpFoldResult> loops);
Operand keptOperand(Value value, ArrayRef<OpFoldResult> loops,
                    ArrayRef<int64_t> without);

/// One linalg.generic over `sizes` that broadcasts its operands in its indexing
/// maps. Constant operands of one value become scalars of the body.
Value elementwise(Node &node, ArrayRef<Operand> operands,
                  ArrayRef<OpFoldResult> sizes, Type element, ScalarBody body);
Value elementwise(Node &node, ValueRange operands, ArrayRef<OpFoldResult> sizes,
                  Type element, ScalarBody body);
/// `elementwise` on operands of one shape.
Value mapElements(Node &node, Value operand, Type element, ScalarBody body);
/// An elementwise operator from some inputs to output 0: broadcasts, computes
/// on scalars where the inputs are known element by element.
LogicalResult importElementwise(Node &node, ArrayRef<unsigned> inputs,
                                Type element, bool isUnsigned, ScalarBody body);
/// Before opset 7, attributes say how input 1 lies along input 0; an error
/// unless they say what numpy's rule does.
LogicalResult checkOldBroadcast(Node &node);
/// All listed inputs have input 0's element type; an error otherwise.
LogicalResult checkSameType(Node &node, ArrayRef<unsigned> inputs);

/// Converts a scalar between number types as ONNX's Cast does.
Value convertScalar(ImplicitLocOpBuilder &b, Value value, Type to,
                    bool fromUnsigned, bool toUnsigned);
/// The tensor with elements of type `to` (no op if it has).
Value convertElements(Node &node, Value value, Type to,
                      bool fromUnsigned = false, bool toUnsigned = false);

/// The same elements in row-major order with other sizes, of which there must
/// be as many: expand_shape and collapse_shape where the sizes say how.
Value reshapeTo(Node &node, Value value, ArrayRef<OpFoldResult> sizes);
Value transposeTo(Node &node, Value value, ArrayRef<int64_t> permutation);
/// linalg.generic over `loops` that folds `body` (elements, accumulator) along
/// `dims`, which the result lacks, from `init` on.
Value reduceDims(Node &node, ArrayRef<Operand> operands,
                 ArrayRef<OpFoldResult> loops, ArrayRef<int64_t> dims,
                 Value init, ScalarBody body);
/// The same of one tensor's own dimensions.
Value reduceDims(Node &node, Value value, ArrayRef<int64_t> dims, Value init,
                 ScalarBody body);

/// Is this size the static `n`?
bool isSize(OpFoldResult size, int64_t n);
Sizes staticSizes(Node &node, ArrayRef<int64_t> sizes);
RankedTensorType tensorType(ArrayRef<OpFoldResult> sizes, Type element);

} // namespace rarefy::frontend

#endif // RAREFY_LIB_TARGET_ONNX_EMIT_H
