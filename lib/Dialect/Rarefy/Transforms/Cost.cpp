// Multiply-adds and bytes of products.

#include "Cost.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "rarefy/Dialect/Rarefy/IR/Rarefy.h"

using namespace rarefy;

static int64_t countAttention(AttentionOp op) {
  auto query = cast<ShapedType>(op.getQuery().getType());
  auto value = cast<ShapedType>(op.getValue().getType());
  int64_t rank = query.getRank();
  int64_t keys = value.getDimSize(rank - 2);
  int64_t values =
      op.getKeepValues() ? std::min<int64_t>(*op.getKeepValues(), keys) : keys;
  int64_t rows = ShapedType::getNumElements(query.getShape().drop_back());
  return rows * (keys * query.getDimSize(rank - 1) +
                 values * value.getDimSize(rank - 1));
}

static int64_t countProduct(linalg::LinalgOp op) {
  int64_t product = 1;
  for (int64_t range : op.getStaticLoopRanges())
    product *= range;
  return product;
}

static int64_t countBytes(DestinationStyleOpInterface op) {
  int64_t bytes = 0;
  auto add = [&](Value value) {
    if (auto type = dyn_cast<ShapedType>(value.getType()))
      bytes += llvm::divideCeil(
          type.getNumElements() * type.getElementTypeBitWidth(), 8);
  };
  for (Value input : op.getDpsInputs())
    add(input);
  for (Value init : op.getDpsInits())
    add(init);
  return bytes;
}

std::optional<Cost> rarefy::computeCost(Operation *root) {
  Cost cost;
  WalkResult result = root->walk([&](DestinationStyleOpInterface op) {
    auto attention = dyn_cast<AttentionOp>(*op);
    auto structured = dyn_cast<linalg::LinalgOp>(*op);
    bool isProduct =
        structured && (linalg::isaContractionOpInterface(structured) ||
                       linalg::isaConvolutionOpInterface(structured));
    if (!isProduct && !attention)
      return WalkResult::advance();
    for (Type type : op->getOperandTypes())
      if (auto shaped = dyn_cast<ShapedType>(type);
          shaped && !shaped.hasStaticShape())
        return WalkResult::interrupt();
    cost.multiplyAdds +=
        attention ? countAttention(attention) : countProduct(structured);
    cost.bytes += countBytes(op);
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return std::nullopt;
  return cost;
}
