// From the product of probabilities and values back to the product of queries
// and keys.

#include "AttentionMatcher.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace rarefy;

/// Scores this small have no weight: exp(-1e4) is 0 in every float type.
static constexpr double maskedScore = -1e4;

static Operation *getOp(const Expr &expr) { return expr.value.getDefiningOp(); }

/// Is the expression a scalar op, in a body or elementwise on tensors?
template <typename OpTy> static bool isOp(const Expr &expr) {
  return isa_and_nonnull<OpTy>(getOp(expr));
}

bool AttentionMatcher::block(Operation *op, StringRef why) {
  // The first reason is the nearest to the root.
  if (!blocker) {
    blocker = op ? op : match.root.getOperation();
    reason = why;
  }
  return false;
}

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

/// The operand of a reduction along the keys whose result `expr` is.
std::optional<Expr> AttentionMatcher::getReduced(const Expr &expr, bool isSum) {
  std::optional<Reduction> reduction =
      expr.body ? std::nullopt : getReduction(expr.value);
  if (!reduction)
    return std::nullopt;
  bool combines =
      isSum ? isa<arith::AddFOp>(reduction->combiner)
            : isa<arith::MaximumFOp, arith::MaxNumFOp>(reduction->combiner);
  linalg::LinalgOp op = reduction->op;
  std::optional<double> init = getFill(op.getDpsInits()[0]);
  if (!combines || !init || (isSum ? *init != 0 : *init > maskedScore))
    return std::nullopt;
  std::optional<Layout> loops =
      layoutOfLoops(op.getIndexingMapMatchingResult(op->getResult(0)),
                    expr.layout, Atoms(match.keys));
  if (!loops)
    return std::nullopt;
  return normalize(match.table, {reduction->element, *loops, op});
}

bool AttentionMatcher::matchExponentials(const Expr &exponential,
                                         const Expr &sum, Expr &scores) {
  if (!isOp<math::ExpOp>(exponential))
    return false;
  std::optional<Expr> summed = getReduced(sum, /*isSum=*/true);
  if (!summed || !areSame(match.table, exponential, *summed))
    return false;
  scores = getOperand(match.table, exponential, 0);
  if (!isOp<arith::SubFOp>(scores))
    return true;
  Expr shifted = getOperand(match.table, scores, 0);
  std::optional<Expr> largest =
      getReduced(getOperand(match.table, scores, 1), /*isSum=*/false);
  if (largest && areSame(match.table, shifted, *largest))
    scores = shifted;
  return true;
}

bool AttentionMatcher::matchDecomposedSoftmax(const Expr &expr, Expr &scores) {
  if (isOp<arith::DivFOp>(expr))
    return matchExponentials(getOperand(match.table, expr, 0),
                             getOperand(match.table, expr, 1), scores);
  if (!isOp<arith::MulFOp>(expr))
    return false;
  for (unsigned i : {0, 1}) {
    Expr inverse = getOperand(match.table, expr, 1 - i);
    if (isOp<arith::DivFOp>(inverse) &&
        getConstant(getOperand(match.table, inverse, 0)) == 1.0 &&
        matchExponentials(getOperand(match.table, expr, i),
                          getOperand(match.table, inverse, 1), scores))
      return true;
  }
  return false;
}

/// The guard against rows without a key: where(isnan(p), 0, p).
bool AttentionMatcher::matchGuard(const Expr &expr, Expr &scores) {
  if (!isOp<arith::SelectOp>(expr))
    return false;
  Expr condition = getOperand(match.table, expr, 0);
  auto compare = dyn_cast_or_null<arith::CmpFOp>(getOp(condition));
  if (!compare)
    return false;
  bool isNaN = compare.getPredicate() == arith::CmpFPredicate::UNO ||
               compare.getPredicate() == arith::CmpFPredicate::UNE;
  if (!isNaN && compare.getPredicate() != arith::CmpFPredicate::ORD &&
      compare.getPredicate() != arith::CmpFPredicate::OEQ)
    return false;
  Expr guarded = getOperand(match.table, expr, isNaN ? 2 : 1);
  return getConstant(getOperand(match.table, expr, isNaN ? 1 : 2)) == 0.0 &&
         areSame(match.table, guarded, getOperand(match.table, condition, 0)) &&
         areSame(match.table, guarded, getOperand(match.table, condition, 1)) &&
         matchProbabilities(guarded, scores);
}

bool AttentionMatcher::containsSoftmax(const Expr &expr, unsigned depth) {
  Expr scores;
  Operation *op = getOp(expr);
  if (isa_and_nonnull<linalg::SoftmaxOp>(op) ||
      matchDecomposedSoftmax(expr, scores))
    return true;
  if (depth == 0 || !op || (!expr.body && isa<linalg::LinalgOp>(op)) ||
      !isa<RankedTensorType, FloatType>(expr.value.getType()) ||
      !isa<arith::ArithDialect, math::MathDialect>(op->getDialect()))
    return false;
  for (unsigned i = 0; i < op->getNumOperands(); ++i)
    if (containsSoftmax(getOperand(match.table, expr, i), depth - 1))
      return true;
  return false;
}

bool AttentionMatcher::matchProbabilities(Expr expr, Expr &scores) {
  if (isOp<arith::ExtFOp>(expr) || isOp<arith::TruncFOp>(expr))
    return matchProbabilities(getOperand(match.table, expr, 0), scores);
  if (auto softmax = dyn_cast_or_null<linalg::SoftmaxOp>(getOp(expr))) {
    if (match.table.resolve(expr.layout[softmax.getDimension()]) !=
        match.table.resolve(match.keys))
      return block(softmax, "softmax is along another dimension than the keys");
    scores = normalize(match.table, {softmax.getInput(), expr.layout, {}});
    return true;
  }
  if (matchDecomposedSoftmax(expr, scores) || matchGuard(expr, scores))
    return true;
  if (!blocker && containsSoftmax(expr, /*depth=*/3))
    block(getOp(expr),
          "stands between softmax and the product with the values");
  return false;
}

//===----------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------===//

/// `expr` times or divided by a constant: its factor and the other operand.
static std::optional<std::pair<double, unsigned>> getFactor(AtomTable &table,
                                                            const Expr &expr) {
  bool divides = isOp<arith::DivFOp>(expr);
  if (!divides && !isOp<arith::MulFOp>(expr))
    return std::nullopt;
  for (unsigned i : {1, 0}) {
    std::optional<double> constant = getConstant(getOperand(table, expr, i));
    if (constant && (i == 1 || !divides))
      return std::pair(divides ? 1.0 / *constant : *constant, 1 - i);
  }
  return std::nullopt;
}

bool AttentionMatcher::matchScale(const Expr &expr) {
  auto factor = getFactor(match.table, expr);
  if (!factor)
    return block(getOp(expr), "scales scores by what is not one constant");
  match.scale *= factor->first;
  return matchScores(getOperand(match.table, expr, factor->second));
}

/// where(keep, 0, -inf) as a boolean mask, if `expr` is one.
static std::optional<MaskPart> getChoice(AtomTable &table, const Expr &expr) {
  if (!isOp<arith::SelectOp>(expr))
    return std::nullopt;
  std::optional<double> yes = getConstant(getOperand(table, expr, 1));
  std::optional<double> no = getConstant(getOperand(table, expr, 2));
  if (!yes || !no)
    return std::nullopt;
  bool keeps = *yes == 0.0 && *no <= maskedScore;
  if (!keeps && !(*no == 0.0 && *yes <= maskedScore))
    return std::nullopt;
  Trail trail;
  getOperand(table, expr, 0, &trail);
  if (trail.empty())
    return std::nullopt;
  return MaskPart{trail.back(), /*isBoolean=*/true, /*isInverted=*/!keeps};
}

bool AttentionMatcher::matchAddedMask(const Expr &expr) {
  // Either operand may be the scores: the one that leads to a product does.
  AttentionMatch before = match;
  Operation *blockerBefore = blocker;
  for (unsigned i : {0, 1}) {
    Trail trail;
    Expr added = getOperand(match.table, expr, 1 - i, &trail);
    std::optional<MaskPart> choice = getChoice(match.table, added);
    if (!choice && trail.empty())
      continue;
    if (choice)
      match.masks.push_back(*choice);
    else if (match.scale == 1.0)
      match.masks.push_back({trail.back()});
    else
      return block(getOp(expr), "adds a mask before the scores are scaled");
    if (matchScores(getOperand(match.table, expr, i)))
      return true;
    match = before;
    if (i == 0)
      blocker = blockerBefore;
  }
  return block(getOp(expr), "adds to the scores what is no tensor");
}

bool AttentionMatcher::matchSelectedMask(const Expr &expr) {
  Trail trail;
  getOperand(match.table, expr, 0, &trail);
  if (trail.empty())
    return block(getOp(expr),
                 "selects scores by a condition that is no tensor");
  for (bool inverted : {false, true}) {
    std::optional<double> other =
        getConstant(getOperand(match.table, expr, inverted ? 1 : 2));
    if (!other || *other > maskedScore)
      continue;
    match.masks.push_back({trail.back(), /*isBoolean=*/true, inverted});
    return matchScores(getOperand(match.table, expr, inverted ? 2 : 1));
  }
  return block(getOp(expr), "replaces scores by what is not very negative");
}

bool AttentionMatcher::matchScores(const Expr &expr) {
  if (isOp<arith::ExtFOp>(expr) || isOp<arith::TruncFOp>(expr))
    return matchScores(getOperand(match.table, expr, 0));
  if (isOp<arith::MulFOp>(expr) || isOp<arith::DivFOp>(expr))
    return matchScale(expr);
  if (isOp<arith::AddFOp>(expr))
    return matchAddedMask(expr);
  if (isOp<arith::SelectOp>(expr))
    return matchSelectedMask(expr);
  return matchProduct(expr);
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

Trail AttentionMatcher::peelScale(Value value, const Layout &layout) {
  Trail trail;
  Expr expr = normalize(match.table, {value, layout, {}}, &trail);
  while (auto factor = getFactor(match.table, expr)) {
    Trail deeper;
    Expr operand = getOperand(match.table, expr, factor->second, &deeper);
    if (deeper.empty())
      break;
    match.scale *= factor->first;
    trail = deeper;
    expr = operand;
  }
  return trail;
}

static bool contains(const Layout &layout, ArrayRef<Atom> atoms) {
  Atoms all = flatten(layout);
  return llvm::all_of(atoms,
                      [&](Atom a) { return llvm::is_contained(all, a); });
}

bool AttentionMatcher::matchProduct(const Expr &expr) {
  auto product = dyn_cast_or_null<linalg::LinalgOp>(getOp(expr));
  if (expr.body || !product || !linalg::isaContractionOpInterface(product))
    return block(getOp(expr), "scores do not come from a product");
  if (getFill(product.getDpsInits()[0]) != 0.0)
    return block(product, "product of queries and keys adds to a tensor");
  SmallVector<Atoms> reduced;
  SmallVector<int64_t> ranges = product.getStaticLoopRanges();
  for (auto [range, kind] :
       llvm::zip_equal(ranges, product.getIteratorTypesArray()))
    if (linalg::isReductionIterator(kind))
      reduced.push_back(match.table.makeDim(range));
  match.depth = flatten(reduced);
  std::optional<Layout> loops =
      layoutOfLoops(product.getIndexingMapMatchingResult(product->getResult(0)),
                    expr.layout, reduced);
  if (!loops)
    return block(product, "product has an indexing map that selects no loops");
  SmallVector<Layout> layouts;
  for (OpOperand *input : product.getDpsInputOperands()) {
    std::optional<Layout> layout =
        layoutOfOperand(product.getMatchingIndexingMap(input), *loops);
    if (!layout)
      return block(product, "product reads an operand in another way than by "
                            "its loops");
    layouts.push_back(match.table.resolve(*layout));
  }
  Atoms keys = match.table.resolve(match.keys);
  unsigned key = contains(layouts[1], keys) ? 1 : 0;
  if (!contains(layouts[key], keys) || contains(layouts[1 - key], keys))
    return block(product, "no operand of the product has the keys alone");
  match.query = peelScale(product.getDpsInputs()[1 - key], layouts[1 - key]);
  match.key = peelScale(product.getDpsInputs()[key], layouts[key]);
  return true;
}

std::optional<AttentionMatch> AttentionMatcher::run() {
  linalg::LinalgOp root = match.root;
  if (!linalg::isaContractionOpInterface(root))
    return std::nullopt;
  Layout loops;
  unsigned reductions = 0;
  for (auto [range, kind] : llvm::zip_equal(root.getStaticLoopRanges(),
                                            root.getIteratorTypesArray())) {
    loops.push_back(match.table.makeDim(range));
    if (!linalg::isReductionIterator(kind) || range == 1)
      continue;
    match.keys = loops.back();
    ++reductions;
  }
  if (reductions != 1)
    return std::nullopt;
  std::optional<Layout> sides[2];
  for (unsigned i : {0, 1})
    sides[i] = layoutOfOperand(root.getIndexingMapsArray()[i], loops);
  std::optional<Layout> result =
      layoutOfOperand(root.getIndexingMapsArray()[2], loops);
  if (!sides[0] || !sides[1] || !result)
    return std::nullopt;
  for (unsigned i : {0, 1}) {
    Expr scores;
    Expr probabilities =
        normalize(match.table, {root.getDpsInputs()[i], *sides[i], {}});
    if (!matchProbabilities(probabilities, scores))
      continue;
    if (getFill(root.getDpsInits()[0]) != 0.0) {
      block(root, "product with the values adds to a tensor");
      return std::nullopt;
    }
    if (!matchScores(scores))
      return std::nullopt;
    normalize(match.table, {root.getDpsInputs()[1 - i], *sides[1 - i], {}},
              &match.value);
    for (Atom atom : flatten(*sides[i])) {
      if (contains(*sides[1 - i], atom) &&
          !llvm::is_contained(match.keys, atom))
        match.batch.push_back(atom);
      else if (!llvm::is_contained(match.keys, atom))
        match.rows.push_back(atom);
    }
    for (Atom atom : flatten(*sides[1 - i]))
      if (!contains(*sides[i], atom))
        match.valueDepth.push_back(atom);
    match.result = *result;
    return match;
  }
  return std::nullopt;
}
