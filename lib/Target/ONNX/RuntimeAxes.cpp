// Axes that are known only at run time: shapes and loops that ask for them.

#include "RuntimeAxes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace rarefy;
using namespace rarefy::frontend;

int64_t frontend::countAxes(Node &node, unsigned i) {
  return node.type(i).hasStaticShape() ? node.type(i).getNumElements() : 0;
}

FailureOr<Sizes> frontend::readAxisFlags(Node &node, unsigned i, int64_t rank) {
  FailureOr<Sizes> axes = readIndices(node, i);
  if (failed(axes))
    return failure();
  Sizes ones(axes->size(), node.b.getIndexAttr(1));
  return spreadOverAxes(node, ones, *axes, Sizes(rank, node.b.getIndexAttr(0)));
}

/// For each dimension, the number of unflagged ones in front of it; -1 for a
/// flagged one.
static Sizes numberUnflagged(Node &node, ArrayRef<OpFoldResult> flags) {
  IndexMath math(node.b);
  Sizes numbers;
  OpFoldResult next = math.index(0);
  for (OpFoldResult flag : flags) {
    numbers.push_back(
        math.selectEqual(flag, math.index(0), next, math.index(-1)));
    next = math.add(next, math.sub(math.index(1), flag));
  }
  return numbers;
}

Sizes frontend::dropFlagged(Node &node, ArrayRef<OpFoldResult> sizes,
                            ArrayRef<OpFoldResult> flags, int64_t count) {
  IndexMath math(node.b);
  Sizes numbers = numberUnflagged(node, flags);
  Sizes result;
  for (int64_t i = 0, rank = sizes.size(); i < rank - count; ++i) {
    OpFoldResult size = math.index(1);
    for (int64_t d = 0; d < rank; ++d)
      size = math.selectEqual(numbers[d], math.index(i), sizes[d], size);
    result.push_back(size);
  }
  return result;
}

Sizes frontend::insertFlagged(Node &node, ArrayRef<OpFoldResult> sizes,
                              ArrayRef<OpFoldResult> flags) {
  IndexMath math(node.b);
  Sizes result;
  for (OpFoldResult number : numberUnflagged(node, flags)) {
    OpFoldResult size = math.index(1);
    for (auto [i, from] : llvm::enumerate(sizes))
      size = math.selectEqual(number, math.index(i), from, size);
    result.push_back(size);
  }
  return result;
}

Sizes frontend::flattenFlagged(Node &node, ArrayRef<OpFoldResult> sizes,
                               ArrayRef<OpFoldResult> flags) {
  IndexMath math(node.b);
  Sizes result;
  for (auto [size, flag] : llvm::zip_equal(sizes, flags))
    result.push_back(
        math.selectEqual(flag, math.index(1), math.index(1), size));
  return result;
}

Value frontend::reduceFlagged(Node &node, Value value,
                              ArrayRef<OpFoldResult> flags, Value init,
                              ScalarBody body) {
  Sizes sizes = node.importer.getSizes(value);
  Sizes kept = flattenFlagged(node, sizes, flags);
  Value filled = filledTensor(node, kept, init);
  Value result = loopOver(
      node, sizes, filled,
      [&](ImplicitLocOpBuilder &b, ValueRange position, Value carried) {
        IndexMath math(b);
        Sizes target;
        for (auto [i, flag] : llvm::zip_equal(position, flags))
          target.push_back(
              math.selectEqual(flag, math.index(1), math.index(0), i));
        Value element = tensor::ExtractOp::create(b, value, position);
        Value sum = body(b, {element, extractAt(b, carried, target)});
        return insertAt(b, sum, carried, target);
      });
  node.importer.recordSizes(result, kept);
  return result;
}
