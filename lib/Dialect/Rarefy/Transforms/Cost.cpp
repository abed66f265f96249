// Multiply-adds of products.

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

std::optional<int64_t> rarefy::countMultiplyAdds(Operation *root) {
  int64_t total = 0;
  WalkResult result = root->walk([&](Operation *op) {
    auto structured = dyn_cast<linalg::LinalgOp>(op);
    bool isProduct =
        structured && (linalg::isaContractionOpInterface(structured) ||
                       linalg::isaConvolutionOpInterface(structured));
    if (!isProduct && !isa<AttentionOp>(op))
      return WalkResult::advance();
    for (Type type : op->getOperandTypes())
      if (auto shaped = dyn_cast<ShapedType>(type);
          shaped && !shaped.hasStaticShape())
        return WalkResult::interrupt();
    if (auto attention = dyn_cast<AttentionOp>(op)) {
      total += countAttention(attention);
      return WalkResult::advance();
    }
    int64_t product = 1;
    for (int64_t range : structured.getStaticLoopRanges())
      product *= range;
    total += product;
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return std::nullopt;
  return total;
}
