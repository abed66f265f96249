// Walks dimensions back to the tensors that they come from.

#include "Lineage.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/SetVector.h"

using namespace rarefy;

namespace {
using Dim = std::pair<Value, int64_t>;
using Dims = llvm::SetVector<Dim>;
} // namespace

static void addStructured(linalg::LinalgOp op, const Dim &dim, Dims &dims) {
  AffineMap map = op.getIndexingMapMatchingResult(cast<OpResult>(dim.first));
  AffineExpr loop = map.getResult(dim.second);
  for (OpOperand *input : op.getDpsInputOperands())
    for (auto [i, expr] :
         llvm::enumerate(op.getMatchingIndexingMap(input).getResults()))
      if (expr == loop)
        dims.insert({input->get(), i});
}

/// The dimensions of operands that result dimension `dim` is.
static void addSources(const Dim &dim, Dims &dims) {
  Operation *op = dim.first.getDefiningOp();
  if (!op)
    return;
  if (auto structured = dyn_cast<linalg::LinalgOp>(op))
    return addStructured(structured, dim, dims);
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    for (auto [i, group] : llvm::enumerate(expand.getReassociationIndices()))
      if (llvm::is_contained(group, dim.second))
        dims.insert({expand.getSrc(), i});
    return;
  }
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    if (!collapse.getReassociationIndices().empty())
      for (int64_t i : collapse.getReassociationIndices()[dim.second])
        if (collapse.getSrcType().getDimSize(i) != 1)
          dims.insert({collapse.getSrc(), i});
    return;
  }
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    int64_t at = 0;
    llvm::SmallBitVector dropped = slice.getDroppedDims();
    for (int64_t i = 0; i < slice.getSourceType().getRank(); ++i)
      if (!dropped.test(i) && at++ == dim.second)
        dims.insert({slice.getSource(), i});
    return;
  }
  // Everything else that keeps its shape.
  bool keeps = isa<tensor::CastOp, tensor::ConcatOp, tensor::InsertSliceOp,
                   linalg::SoftmaxOp>(op) ||
               OpTrait::hasElementwiseMappableTraits(op);
  for (Value operand : op->getOperands())
    if (auto type = dyn_cast<RankedTensorType>(operand.getType());
        keeps && type && type.getRank() > dim.second)
      dims.insert({operand, dim.second});
}

static Dims getLineage(Value value, int64_t dim) {
  Dims dims;
  dims.insert({value, dim});
  for (size_t i = 0; i < dims.size(); ++i)
    addSources(Dim(dims[i]), dims);
  return dims;
}

bool rarefy::isSelfAttention(AttentionOp op) {
  auto query = dyn_cast<RankedTensorType>(op.getQuery().getType());
  auto key = dyn_cast<RankedTensorType>(op.getKey().getType());
  if (!query || !key)
    return false;
  int64_t dim = query.getRank() - 2;
  if (query.getDimSize(dim) != key.getDimSize(dim) ||
      query.getDimSize(dim) == 1)
    return false;
  Dims rows = getLineage(op.getQuery(), dim);
  return llvm::any_of(getLineage(op.getKey(), dim),
                      [&](const Dim &d) { return rows.contains(d); });
}
