// Expressions of scalars behind tensors.

#include "Expr.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/OpDefinition.h"

using namespace rarefy;

//===----------------------------------------------------------------------===//
// Indexing maps
//===----------------------------------------------------------------------===//

std::optional<Layout> rarefy::layoutOfOperand(AffineMap map,
                                              const Layout &loops) {
  Layout layout;
  for (AffineExpr expr : map.getResults()) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    auto constant = dyn_cast<AffineConstantExpr>(expr);
    if (!dim && !(constant && constant.getValue() == 0))
      return std::nullopt;
    layout.push_back(dim ? loops[dim.getPosition()] : Atoms());
  }
  return layout;
}

std::optional<Layout> rarefy::layoutOfLoops(AffineMap map, const Layout &result,
                                            ArrayRef<Atoms> others) {
  Layout loops(map.getNumDims());
  llvm::SmallBitVector known(map.getNumDims());
  for (auto [expr, atoms] : llvm::zip_equal(map.getResults(), result)) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim || known[dim.getPosition()])
      return std::nullopt;
    known.set(dim.getPosition());
    loops[dim.getPosition()] = atoms;
  }
  if (map.getNumDims() - known.count() != others.size())
    return std::nullopt;
  const Atoms *other = others.begin();
  for (unsigned loop = 0; loop < map.getNumDims(); ++loop)
    if (!known[loop])
      loops[loop] = *other++;
  return loops;
}

//===----------------------------------------------------------------------===//
// Walking back
//===----------------------------------------------------------------------===//

/// One step back from a tensor; false if its producer computes something.
static bool stepFromTensor(AtomTable &table, Expr &expr) {
  Operation *op = expr.value.getDefiningOp();
  if (!op)
    return false;
  if (auto cast = dyn_cast<tensor::CastOp>(op)) {
    expr.value = cast.getSource();
    return isa<RankedTensorType>(expr.value.getType());
  }
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    expr.layout = traceExpand(expr.layout, expand.getReassociationIndices());
    expr.value = expand.getSrc();
    return true;
  }
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op)) {
    std::optional<Layout> source =
        traceCollapse(table, expr.layout, collapse.getReassociationIndices(),
                      collapse.getSrcType().getShape());
    if (source) {
      expr.layout = *source;
      expr.value = collapse.getSrc();
    }
    return source.has_value();
  }
  auto structured = dyn_cast<linalg::LinalgOp>(op);
  if (!structured || structured.getNumReductionLoops() != 0)
    return false;
  auto result = cast<OpResult>(expr.value);
  std::optional<Layout> loops = layoutOfLoops(
      structured.getIndexingMapMatchingResult(result), expr.layout);
  if (!loops)
    return false;
  Operation *yield = structured.getBlock()->getTerminator();
  expr = {yield->getOperand(result.getResultNumber()), *loops, structured};
  return true;
}

/// One step back from a scalar to the tensor that it is an element of, or to a
/// scalar outside the body; false if the body computes it.
static bool stepFromScalar(AtomTable &table, Expr &expr) {
  auto arg = dyn_cast<BlockArgument>(expr.value);
  if (!arg || arg.getOwner() != expr.body.getBlock()) {
    if (expr.body->isAncestor(expr.value.getParentBlock()->getParentOp()))
      return false;
    expr = {expr.value, {}, {}};
    return true;
  }
  OpOperand &operand = expr.body->getOpOperand(arg.getArgNumber());
  if (!isa<RankedTensorType>(operand.get().getType())) {
    expr = {operand.get(), {}, {}};
    return true;
  }
  std::optional<Layout> layout =
      layoutOfOperand(expr.body.getMatchingIndexingMap(&operand), expr.layout);
  if (layout)
    expr = {operand.get(), *layout, {}};
  return layout.has_value();
}

Expr rarefy::normalize(AtomTable &table, Expr expr, Trail *trail) {
  while (true) {
    if (expr.body) {
      if (!stepFromScalar(table, expr))
        return expr;
      continue;
    }
    if (!isa<RankedTensorType>(expr.value.getType()))
      return expr;
    if (trail)
      trail->push_back({expr.value, expr.layout});
    if (!stepFromTensor(table, expr))
      return expr;
  }
}

Expr rarefy::getOperand(AtomTable &table, const Expr &expr, unsigned i,
                        Trail *trail) {
  return normalize(
      table,
      {expr.value.getDefiningOp()->getOperand(i), expr.layout, expr.body},
      trail);
}

//===----------------------------------------------------------------------===//
// Constants and equality
//===----------------------------------------------------------------------===//

static std::optional<double> toDouble(Attribute attr) {
  if (auto number = dyn_cast_or_null<FloatAttr>(attr))
    return number.getValueAsDouble();
  if (auto number = dyn_cast_or_null<IntegerAttr>(attr))
    return number.getType().isInteger(1) ? number.getValue().getZExtValue()
                                         : number.getInt();
  return std::nullopt;
}

std::optional<double> rarefy::getConstant(const Expr &expr) {
  Attribute attr;
  if (!matchPattern(expr.value, m_Constant(&attr)))
    return std::nullopt;
  if (auto dense = dyn_cast<DenseElementsAttr>(attr)) {
    if (!dense.isSplat() || !dense.getElementType().isIntOrFloat())
      return std::nullopt;
    return toDouble(dense.getSplatValue<Attribute>());
  }
  return toDouble(attr);
}

std::optional<double> rarefy::getFill(Value tensor) {
  if (auto fill = tensor.getDefiningOp<linalg::FillOp>())
    return getConstant({fill.getInputs()[0], {}, {}});
  return getConstant({tensor, {}, {}});
}

bool rarefy::areSame(AtomTable &table, const Expr &a, const Expr &b) {
  if (std::optional<double> constant = getConstant(a))
    return constant == getConstant(b);
  if (a.value == b.value)
    return a.body == b.body &&
           table.resolve(a.layout) == table.resolve(b.layout);
  Operation *x = a.value.getDefiningOp(), *y = b.value.getDefiningOp();
  if (!x || !y || x->getName() != y->getName() || x->getNumRegions() != 0 ||
      x->getNumResults() != 1 || x->getAttrs() != y->getAttrs() ||
      x->getNumOperands() != y->getNumOperands() ||
      (!a.body && !OpTrait::hasElementwiseMappableTraits(x)) ||
      (!b.body && !OpTrait::hasElementwiseMappableTraits(y)))
    return false;
  for (unsigned i = 0; i < x->getNumOperands(); ++i)
    if (!areSame(table, getOperand(table, a, i), getOperand(table, b, i)))
      return false;
  return true;
}

std::optional<Reduction> rarefy::getReduction(Value tensor) {
  auto op = tensor.getDefiningOp<linalg::LinalgOp>();
  if (!op || op.getNumReductionLoops() != 1 || op.getNumDpsInits() != 1)
    return std::nullopt;
  SmallVector<Operation *> combiners;
  Value element = matchReduction(op.getRegionOutputArgs(), 0, combiners);
  if (!element || combiners.size() != 1)
    return std::nullopt;
  return Reduction{op, element, combiners[0]};
}
