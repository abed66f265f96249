// Compacts a tensor by compacting what it is computed from.

#include "Shrink.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"

using namespace rarefy;

/// The layouts of the operands of `op` that one of its result asks for, all of
/// them empty if `op` does more with the axis than to pass it through.
static SmallVector<std::optional<Layout>>
operandLayouts(AtomTable &table, Operation *op, const Layout &result) {
  if (auto structured = dyn_cast<linalg::LinalgOp>(op)) {
    SmallVector<Atoms> reduced;
    for (auto [range, kind] :
         llvm::zip_equal(structured.getStaticLoopRanges(),
                         structured.getIteratorTypesArray()))
      if (linalg::isReductionIterator(kind))
        reduced.push_back(table.makeDim(range));
    std::optional<Layout> loops =
        layoutOfLoops(structured.getIndexingMapMatchingResult(op->getResult(0)),
                      result, reduced);
    if (!loops || structured.hasIndexSemantics() || op->getNumResults() != 1)
      return {};
    SmallVector<std::optional<Layout>> layouts;
    for (AffineMap map : structured.getIndexingMapsArray()) {
      layouts.push_back(layoutOfOperand(map, *loops));
      if (!layouts.back())
        return {};
    }
    return layouts;
  }
  SmallVector<std::optional<Layout>> layouts(op->getNumOperands());
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    layouts[0] = traceExpand(result, expand.getReassociationIndices());
  } else if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    layouts[0] =
        traceCollapse(table, result, collapse.getReassociationIndices(),
                      collapse.getSrcType().getShape());
  } else if (OpTrait::hasElementwiseMappableTraits(op)) {
    for (auto [operand, layout] : llvm::zip_equal(op->getOperands(), layouts))
      if (isa<RankedTensorType>(operand.getType()))
        layout = result;
  }
  return layouts;
}

/// The layout of a slice's source; the axis must be whole.
static std::optional<Layout> sourceLayout(AtomTable &table, Atom axis,
                                          tensor::ExtractSliceOp op,
                                          const Layout &result) {
  Layout source;
  llvm::SmallBitVector dropped = op.getDroppedDims();
  unsigned at = 0;
  for (int64_t dim = 0; dim < op.getSourceType().getRank(); ++dim) {
    int64_t size = op.getSourceType().getDimSize(dim);
    Atoms atoms = dropped.test(dim) ? Atoms() : result[at++];
    bool isAxis = llvm::is_contained(atoms, axis);
    if (isAxis &&
        (size != op.getStaticSize(dim) || ShapedType::isDynamic(size)))
      return std::nullopt;
    source.push_back(isAxis ? atoms : table.makeDim(size));
  }
  return source;
}

Value Shrinker::pull(Value value, const Layout &wanted, unsigned level) {
  Layout layout = table.resolve(wanted);
  if (!hasAxisIn(layout) || level == 0)
    return value;
  Operation *op = value.getDefiningOp();
  const Tracked *tracked = lookup(value);
  bool stops = !op || (tracked && tracked->level > 0) ||
               op->hasTrait<OpTrait::ConstantLike>();
  if (!stops)
    if (Value known = pulled.lookup({value, level}))
      return known;
  Value result = stops ? Value() : pullThrough(op, layout, level);
  if (!result)
    return shrink(value, layout, level);
  pulled[{value, level}] = result;
  return result;
}

Value Shrinker::pullThrough(Operation *op, const Layout &layout,
                            unsigned level) {
  Flow flow;
  flow.results = {layout};
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    flow.operands.resize(op->getNumOperands());
    flow.operands[0] = sourceLayout(table, axis, slice, layout);
  } else {
    flow.operands = operandLayouts(table, op, layout);
  }
  bool passes = llvm::any_of(flow.operands, [&](std::optional<Layout> &of) {
    return of && hasAxisIn(*of);
  });
  if (!passes || (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp,
                      tensor::ExtractSliceOp>(op) &&
                  !flow.operands[0]))
    return nullptr;
  SmallVector<Value> operands;
  auto dps = dyn_cast<DestinationStyleOpInterface>(op);
  for (OpOperand &operand : op->getOpOperands()) {
    std::optional<Layout> &of = flow.operands[operand.getOperandNumber()];
    if (!of || !hasAxisIn(*of))
      operands.push_back(operand.get());
    else if (dps && dps.isDpsInit(&operand))
      operands.push_back(shrinkOperand(operand, *of, level));
    else
      operands.push_back(pull(operand.get(), *of, level));
    if (!operands.back())
      return nullptr;
  }
  Type type = getType(op->getResult(0).getType(), layout, level);
  return create(op, flow, type, operands, level)->getResult(0);
}
