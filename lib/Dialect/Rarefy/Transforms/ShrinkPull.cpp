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

/// The layout of the source of a slice that is whole along the axis.
static Layout sourceLayout(AtomTable &table, Atom axis,
                           tensor::ExtractSliceOp op, const Layout &result) {
  Layout source;
  llvm::SmallBitVector dropped = op.getDroppedDims();
  unsigned at = 0;
  for (int64_t dim = 0; dim < op.getSourceType().getRank(); ++dim) {
    Atoms atoms = dropped.test(dim) ? Atoms() : result[at++];
    bool isAxis = llvm::is_contained(atoms, axis);
    source.push_back(
        isAxis ? atoms : table.makeDim(op.getSourceType().getDimSize(dim)));
  }
  return source;
}

//===----------------------------------------------------------------------===//
// Parts of tensors
//===----------------------------------------------------------------------===//

/// A part of a dimension.
struct Window {
  unsigned dim;
  int64_t offset, size;
};

static Value slice(OpBuilder &b, Value value, Window window) {
  Location loc = value.getLoc();
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, value);
  SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(sizes.size(), b.getIndexAttr(1));
  offsets[window.dim] = b.getIndexAttr(window.offset);
  sizes[window.dim] = b.getIndexAttr(window.size);
  return tensor::ExtractSliceOp::create(b, loc, value, offsets, sizes, strides);
}

static Value computePart(OpBuilder &b, OpResult value, Window window);

/// A part of an operand: of a tensor that has it as it is, or computed alone.
static Value partOf(OpBuilder &b, Value value, Window window) {
  Operation *op = value.getDefiningOp();
  if (!op || op->hasTrait<OpTrait::ConstantLike>())
    return slice(b, value, window);
  return computePart(b, cast<OpResult>(value), window);
}

/// The part of a structured or elementwise op's result, computed alone. Null if
/// the op does more with the dimension than to pass it through.
static Value computePart(OpBuilder &b, OpResult value, Window window) {
  Operation *op = value.getOwner();
  if (isa<tensor::EmptyOp>(op))
    return slice(b, value, window);
  auto structured = dyn_cast<linalg::LinalgOp>(op);
  bool isElementwise = OpTrait::hasElementwiseMappableTraits(op);
  if ((!structured && !isElementwise) || op->getNumResults() != 1 ||
      (structured && structured.hasIndexSemantics()))
    return nullptr;
  AffineExpr loop;
  if (structured)
    loop = structured.getIndexingMapMatchingResult(value).getResult(window.dim);
  if (structured && !isa<AffineDimExpr>(loop))
    return nullptr;
  SmallVector<Value> operands;
  for (OpOperand &operand : op->getOpOperands()) {
    Value part = operand.get();
    if (isElementwise && isa<RankedTensorType>(part.getType()))
      part = partOf(b, part, window);
    AffineMap map;
    if (structured)
      map = structured.getMatchingIndexingMap(&operand);
    for (unsigned dim = 0; map && part && dim < map.getNumResults(); ++dim) {
      AffineExpr expr = map.getResult(dim);
      if (expr == loop)
        part = partOf(b, part, {dim, window.offset, window.size});
      else if (expr.isFunctionOfDim(cast<AffineDimExpr>(loop).getPosition()))
        return nullptr;
    }
    if (!part)
      return nullptr;
    operands.push_back(part);
  }
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape[window.dim] = window.size;
  return clone(b, op, type.clone(shape), operands)->getResult(0);
}

/// A slice that takes a part of the axis' dimension, of that part computed
/// alone. Null if the part cannot be, or is not known here.
Value Shrinker::sliceOfPart(tensor::ExtractSliceOp op, unsigned dim) {
  int64_t offset = op.getStaticOffset(dim), size = op.getStaticSize(dim);
  auto source = dyn_cast<OpResult>(op.getSource());
  if (!source || ShapedType::isDynamic(offset) || ShapedType::isDynamic(size) ||
      op.getStaticStride(dim) != 1)
    return nullptr;
  Value part = computePart(b, source, {dim, offset, size});
  if (!part)
    return nullptr;
  SmallVector<OpFoldResult> offsets = op.getMixedOffsets();
  offsets[dim] = b.getIndexAttr(0);
  return tensor::ExtractSliceOp::create(b, op.getLoc(), op.getType(), part,
                                        offsets, op.getMixedSizes(),
                                        op.getMixedStrides());
}

/// Is there more to `op` than a part of an argument, of a constant or of
/// nothing?
static bool isComputed(Operation *op) {
  while (isa_and_present<tensor::ExtractSliceOp>(op))
    op = op->getOperand(0).getDefiningOp();
  return op && !op->hasTrait<OpTrait::ConstantLike>() &&
         !isa<tensor::EmptyOp, linalg::FillOp>(op);
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
  if (!result) {
    if (!stops && isComputed(op))
      gatheredResults.insert(op->getLoc());
    return shrink(value, layout, level);
  }
  pulled[{value, level}] = result;
  return result;
}

/// The dimension of a slice's source that `result` says the axis is in, if the
/// slice takes a part of it.
static std::optional<unsigned> partialDim(tensor::ExtractSliceOp op,
                                          const Layout &result, Atom axis) {
  llvm::SmallBitVector dropped = op.getDroppedDims();
  unsigned at = 0;
  for (unsigned dim = 0; dim < dropped.size(); ++dim) {
    if (dropped.test(dim))
      continue;
    int64_t size = op.getSourceType().getDimSize(dim);
    if (llvm::is_contained(result[at++], axis) &&
        (ShapedType::isDynamic(size) || size != op.getStaticSize(dim)))
      return dim;
  }
  return std::nullopt;
}

Value Shrinker::pullThrough(Operation *op, const Layout &layout,
                            unsigned level) {
  Flow flow;
  flow.results = {layout};
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op)) {
    if (std::optional<unsigned> dim = partialDim(slice, layout, axis)) {
      Value whole = sliceOfPart(slice, *dim);
      return whole ? pull(whole, layout, level) : Value();
    }
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
