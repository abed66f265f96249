// Reductions, Softmax and ArgMax.

#include "Emit.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace rarefy;
using namespace rarefy::frontend;

using B = ImplicitLocOpBuilder;

/// Softmax of f16 and bf16 is computed in f32. A row of -inf gives NaN, as ONNX
/// says: exp(-inf - -inf).
static Value softmax(Node &node, Value value, int64_t axis) {
  Type element = cast<RankedTensorType>(value.getType()).getElementType();
  B &b = node.b;
  value =
      convertElements(node, value, element.isF64() ? element : b.getF32Type());
  Sizes sizes = node.importer.getSizes(value);
  Value init = emptyTensor(
      node, sizes, cast<RankedTensorType>(value.getType()).getElementType());
  Value result =
      linalg::SoftmaxOp::create(b, TypeRange(init.getType()), value, init, axis)
          ->getResult(0);
  node.importer.recordSizes(result, sizes);
  return convertElements(node, result, element);
}

static LogicalResult importSoftmax(Node &node) {
  int64_t axis = node.normalizeAxis(node.intAttr("axis", -1), node.rank(0));
  if (axis < 0)
    return failure();
  if (!isa<FloatType>(node.elementType(0)))
    return node.error("input 0 must have float elements");
  return node.setOutput(0, softmax(node, node.value(0), axis));
}

void frontend::addReductionOperators(OperatorTable &table) {
  table["Softmax"] = {importSoftmax, 1, 1};
}
