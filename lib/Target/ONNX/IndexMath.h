// Arithmetic on sizes and positions that folds where they are static. Not
// installed.

#ifndef RAREFY_LIB_TARGET_ONNX_INDEXMATH_H
#define RAREFY_LIB_TARGET_ONNX_INDEXMATH_H

#include "Emit.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

namespace rarefy::frontend {

/// Operands and results are index attributes or values of type index.
class IndexMath {
public:
  explicit IndexMath(ImplicitLocOpBuilder &b) : b(b) {}

  OpFoldResult index(int64_t n) { return b.getIndexAttr(n); }
  Value value(OpFoldResult x);
  OpFoldResult add(OpFoldResult x, OpFoldResult y);
  OpFoldResult sub(OpFoldResult x, OpFoldResult y);
  OpFoldResult mul(OpFoldResult x, OpFoldResult y);
  OpFoldResult max(OpFoldResult x, OpFoldResult y);
  OpFoldResult min(OpFoldResult x, OpFoldResult y);
  /// Quotients rounded down and up, of any sign.
  OpFoldResult floorDiv(OpFoldResult x, OpFoldResult y);
  OpFoldResult ceilDiv(OpFoldResult x, OpFoldResult y);
  /// x < 0 ? negative : other, and x == y ? same : other.
  OpFoldResult selectNegative(OpFoldResult x, OpFoldResult negative,
                              OpFoldResult other);
  OpFoldResult selectEqual(OpFoldResult x, OpFoldResult y, OpFoldResult same,
                           OpFoldResult other);
  /// A position counted from the end of `size` if it is negative.
  OpFoldResult wrap(OpFoldResult position, OpFoldResult size);

private:
  ImplicitLocOpBuilder &b;
};

/// Computes a scalar from its position, inside a linalg.generic.
using PositionBody =
    function_ref<Value(ImplicitLocOpBuilder &, ArrayRef<OpFoldResult>)>;

/// A tensor given position by position.
Value generate(Node &node, ArrayRef<OpFoldResult> sizes, Type element,
               PositionBody body);
/// The element of `tensor` at `position`.
Value extractAt(ImplicitLocOpBuilder &b, Value tensor,
                ArrayRef<OpFoldResult> position);
/// `tensor` with `element` at `position`.
Value insertAt(ImplicitLocOpBuilder &b, Value element, Value tensor,
               ArrayRef<OpFoldResult> position);
/// A loop nest over `sizes`, the last the innermost, that carries one tensor.
Value loopOver(
    Node &node, ArrayRef<OpFoldResult> sizes, Value init,
    function_ref<Value(ImplicitLocOpBuilder &, ValueRange, Value)> body);
/// One of two values of which only the one that counts is computed.
using ValueBody = function_ref<Value(ImplicitLocOpBuilder &)>;
Value selectLazily(ImplicitLocOpBuilder &b, Value condition, ValueBody yes,
                   ValueBody no);
/// Is there such a position among `size`?
Value isInside(ImplicitLocOpBuilder &b, OpFoldResult position,
               OpFoldResult size);
/// Two positions compared.
Value compareIndex(ImplicitLocOpBuilder &b, arith::CmpIPredicate predicate,
                   OpFoldResult x, OpFoldResult y);

/// Has the model check at run time that none of `sizes` is negative.
void requireSizes(Node &node, ArrayRef<OpFoldResult> sizes);

/// The elements of input `i` as positions; an error unless it has one
/// dimension at most, of static size.
FailureOr<Sizes> readIndices(Node &node, unsigned i);
/// One entry for each of `rank` dimensions: `entries[j]` for the dimension that
/// `axes[j]` names, from the end if negative, and `defaults` for the others. A
/// static axis out of range is an error of the node.
Sizes spreadOverAxes(Node &node, ArrayRef<OpFoldResult> entries,
                     ArrayRef<OpFoldResult> axes, Sizes defaults);

} // namespace rarefy::frontend

#endif // RAREFY_LIB_TARGET_ONNX_INDEXMATH_H
