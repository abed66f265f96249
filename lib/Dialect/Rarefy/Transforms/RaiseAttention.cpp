// Replaces what AttentionMatcher recognises by `rarefy.attention`.

#include "AttentionMatcher.h"
#include "Remarks.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "rarefy/Dialect/Rarefy/IR/Rarefy.h"
#include "rarefy/Dialect/Rarefy/Transforms/Emit.h"
#include "rarefy/Dialect/Rarefy/Transforms/Passes.h"
#include "llvm/ADT/SetVector.h"

namespace rarefy {
#define GEN_PASS_DEF_RAREFYRAISEATTENTION
#include "rarefy/Dialect/Rarefy/Transforms/Passes.h.inc"

namespace {

/// Writes one match as `rarefy.attention`.
class AttentionBuilder {
public:
  AttentionBuilder(AttentionMatch &match, ImplicitLocOpBuilder &b)
      : match(match), table(match.table), b(b) {}

  /// The value of the root's result; why there is none, if there is none.
  FailureOr<Value> build(StringRef &reason);

private:
  LogicalResult splitHeads(StringRef &reason);
  Layout operandLayout(const Atoms &headAtoms, const Atoms &rows,
                       const Atoms &depth) const;
  const Place *choose(const Trail &trail, const Layout &target) const;
  Value operand(const Place &place, const Layout &target);
  Value mask();
  Value maskPart(const MaskPart &part);
  Value combineMasks(Value x, Value y);
  bool isCausal(const MaskPart &part);
  bool fitsMask(const MaskPart &part) const;
  Layout maskLayout(const Layout &part) const;

  AttentionMatch &match;
  AtomTable &table;
  ImplicitLocOpBuilder &b;
  Atoms heads, keyHeads;
  bool isCausalMasked = false;
};

} // namespace

static bool hasAtoms(const Place &place, ArrayRef<Atom> atoms) {
  Atoms all = flatten(place.layout);
  return llvm::all_of(atoms,
                      [&](Atom a) { return llvm::is_contained(all, a); });
}

/// Divides the shared loops into batch and heads, and heads into those of key
/// and value and the repeats of each.
LogicalResult AttentionBuilder::splitHeads(StringRef &reason) {
  const Place &key = match.key.front(), &value = match.value.front();
  size_t count = match.batch.size(), repeats = 0;
  // Deeper places of a trail lack the loops that a broadcast adds.
  const Place &deepKey = match.key.back(), &deepValue = match.value.back();
  while (repeats < count) {
    Atom atom = match.batch[count - 1 - repeats];
    if (hasAtoms(deepKey, atom) || hasAtoms(deepValue, atom))
      break;
    ++repeats;
  }
  bool isSplit = repeats > 0 && repeats < count &&
                 hasAtoms(deepKey, match.batch[count - 1 - repeats]);
  size_t first = count - repeats - (isSplit || repeats == 0 ? 1 : 0);
  first = count == 0 ? 0 : first;
  ArrayRef<Atom> batch(match.batch);
  heads.assign(batch.begin() + first, batch.end());
  keyHeads.assign(batch.begin() + first, batch.end() - repeats);
  match.batch.truncate(first);
  if (repeats == 0) {
    keyHeads = heads;
    for (const Place *place : {&key, &value})
      if (!hasAtoms(*place, heads) || !hasAtoms(*place, match.batch)) {
        reason = "keys or values lack a dimension of the scores";
        return failure();
      }
  }
  return success();
}

Layout AttentionBuilder::operandLayout(const Atoms &headAtoms,
                                       const Atoms &rows,
                                       const Atoms &depth) const {
  Layout layout;
  for (Atom atom : match.batch)
    layout.push_back({atom});
  layout.push_back(headAtoms);
  layout.push_back(rows);
  layout.push_back(depth);
  return layout;
}

/// The tensor of a trail with exactly the target's atoms: the first that need
/// not be transposed if there is one, else the last.
const Place *AttentionBuilder::choose(const Trail &trail,
                                      const Layout &target) const {
  const Place *found = nullptr;
  Atoms wanted = flatten(target), sorted = wanted;
  llvm::sort(sorted);
  for (const Place &place : trail) {
    Atoms atoms = flatten(place.layout);
    if (atoms == wanted)
      return &place;
    llvm::sort(atoms);
    if (atoms == sorted)
      found = &place;
  }
  return found;
}

Value AttentionBuilder::operand(const Place &place, const Layout &target) {
  return relayout(b, b.getLoc(), place.value, table, place.layout, target);
}

//===----------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------===//

/// The dimensions of a mask for what `part` varies over, without leading ones
/// of size 1.
Layout AttentionBuilder::maskLayout(const Layout &part) const {
  Atoms atoms = flatten(part);
  Layout layout = operandLayout(heads, match.rows, match.keys);
  for (Atoms &dim : layout)
    if (!dim.empty() && !llvm::is_contained(atoms, dim.front()))
      dim.clear();
  const Atoms *first =
      llvm::find_if(layout, [](const Atoms &dim) { return !dim.empty(); });
  layout.erase(layout.begin(), first);
  return layout;
}

bool AttentionBuilder::fitsMask(const MaskPart &part) const {
  Type element =
      cast<RankedTensorType>(part.place.value.getType()).getElementType();
  Atoms atoms = flatten(part.place.layout);
  Atoms wanted = flatten(maskLayout(part.place.layout));
  llvm::sort(atoms);
  llvm::sort(wanted);
  return !atoms.empty() && atoms == wanted &&
         (part.isBoolean
              ? element.isInteger(1)
              : isa<Float32Type, Float16Type, BFloat16Type>(element));
}

/// Calls `visit` with each element of a constant; false if it cannot be read.
static bool visitConstant(Value value,
                          function_ref<bool(int64_t, double)> visit) {
  Attribute attr;
  if (!matchPattern(value, m_Constant(&attr)))
    return false;
  int64_t i = 0;
  if (auto dense = dyn_cast<DenseIntElementsAttr>(attr))
    return llvm::all_of(dense.getValues<APInt>(), [&](const APInt &element) {
      return visit(i++, element.isZero() ? 0.0 : 1.0);
    });
  if (auto dense = dyn_cast<DenseFPElementsAttr>(attr))
    return llvm::all_of(dense.getValues<APFloat>(), [&](APFloat element) {
      bool lost;
      element.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                      &lost);
      return visit(i++, element.convertToDouble());
    });
  auto resource = dyn_cast<DenseResourceElementsAttr>(attr);
  AsmResourceBlob *blob =
      resource ? resource.getRawHandle().getBlob() : nullptr;
  if (!blob)
    return false;
  Type element = resource.getType().getElementType();
  if (element.isF32())
    return llvm::all_of(blob->getDataAs<float>(),
                        [&](float v) { return visit(i++, v); });
  return element.isInteger(1) &&
         blob->getData().size() ==
             static_cast<size_t>(resource.getType().getNumElements()) &&
         llvm::all_of(blob->getData(),
                      [&](char v) { return visit(i++, v ? 1.0 : 0.0); });
}

/// Is the mask a constant that shows row i the keys up to i + keys - rows?
bool AttentionBuilder::isCausal(const MaskPart &part) {
  if (flatten(part.place.layout) != flatten({match.rows, match.keys}) ||
      match.rows.empty())
    return false;
  if (isComputedCausal(match, part))
    return true;
  int64_t rows = table.getSize(match.rows), keys = table.getSize(match.keys);
  if (ShapedType::isDynamic(rows) || ShapedType::isDynamic(keys))
    return false;
  return visitConstant(part.place.value, [&](int64_t i, double element) {
    bool sees = i % keys <= i / keys + keys - rows;
    if (part.isBoolean)
      return sees == ((element != 0.0) != part.isInverted);
    return sees ? element == 0.0 : element <= -1e4;
  });
}

Value AttentionBuilder::maskPart(const MaskPart &part) {
  Value value = operand(part.place, maskLayout(part.place.layout));
  if (!part.isInverted)
    return value;
  int64_t rank = cast<RankedTensorType>(value.getType()).getRank();
  return makeElementwise(
      b, value, b.getMultiDimIdentityMap(rank),
      tensor::getMixedSizes(b, b.getLoc(), value), b.getI1Type(),
      [](ImplicitLocOpBuilder &inner, ValueRange args) -> Value {
        Value yes = arith::ConstantIntOp::create(inner, inner.getI1Type(), 1);
        return arith::XOrIOp::create(inner, args[0], yes);
      });
}

/// A float mask in f32 of a boolean or float scalar.
static Value toFloatMask(ImplicitLocOpBuilder &b, Value scalar) {
  FloatType f32 = b.getF32Type();
  if (!scalar.getType().isInteger(1))
    return scalar.getType() == f32 ? scalar
                                   : arith::ExtFOp::create(b, f32, scalar);
  Value zero = arith::ConstantFloatOp::create(b, f32, APFloat(0.0f));
  Value hidden = arith::ConstantFloatOp::create(
      b, f32, APFloat::getInf(APFloat::IEEEsingle(), /*Negative=*/true));
  return arith::SelectOp::create(b, scalar, zero, hidden);
}

Value AttentionBuilder::combineMasks(Value x, Value y) {
  Value masks[] = {x, y};
  int64_t ranks[2], rank = 0;
  for (unsigned i : {0, 1}) {
    ranks[i] = cast<RankedTensorType>(masks[i].getType()).getRank();
    rank = std::max(rank, ranks[i]);
  }
  SmallVector<OpFoldResult> sizes(rank, b.getIndexAttr(1));
  SmallVector<AffineMap> maps;
  for (unsigned i : {0, 1}) {
    SmallVector<AffineExpr> exprs;
    for (int64_t dim = 0; dim < ranks[i]; ++dim) {
      int64_t loop = rank - ranks[i] + dim;
      auto type = cast<RankedTensorType>(masks[i].getType());
      bool isUnit = type.getDimSize(dim) == 1;
      exprs.push_back(isUnit ? b.getAffineConstantExpr(0)
                             : b.getAffineDimExpr(loop));
      if (!isUnit)
        sizes[loop] = tensor::getMixedSize(b, b.getLoc(), masks[i], dim);
    }
    maps.push_back(AffineMap::get(rank, 0, exprs, b.getContext()));
  }
  auto isBoolean = [](Value mask) {
    return cast<RankedTensorType>(mask.getType()).getElementType().isInteger(1);
  };
  bool both = isBoolean(x) && isBoolean(y);
  Type element = both ? Type(b.getI1Type()) : Type(b.getF32Type());
  return makeElementwise(
      b, masks, maps, sizes, element,
      [&](ImplicitLocOpBuilder &inner, ValueRange args) -> Value {
        if (both)
          return arith::AndIOp::create(inner, args[0], args[1]);
        return arith::AddFOp::create(inner, toFloatMask(inner, args[0]),
                                     toFloatMask(inner, args[1]));
      });
}

Value AttentionBuilder::mask() {
  Value all;
  for (const MaskPart &part : match.masks) {
    if (isCausal(part)) {
      isCausalMasked = true;
      continue;
    }
    Value value = maskPart(part);
    all = all ? combineMasks(all, value) : value;
  }
  return all;
}

//===----------------------------------------------------------------------===//
// The op
//===----------------------------------------------------------------------===//

static void resolve(const AtomTable &table, Trail &trail) {
  for (Place &place : trail)
    place.layout = table.resolve(place.layout);
}

FailureOr<Value> AttentionBuilder::build(StringRef &reason) {
  for (Trail *trail : {&match.query, &match.key, &match.value})
    resolve(table, *trail);
  for (MaskPart &part : match.masks)
    part.place.layout = table.resolve(part.place.layout);
  for (Atoms *atoms : {&match.rows, &match.keys, &match.depth,
                       &match.valueDepth, &match.batch})
    *atoms = table.resolve(*atoms);
  match.result = table.resolve(match.result);
  if (failed(splitHeads(reason)))
    return failure();

  Layout queryLayout = operandLayout(heads, match.rows, match.depth);
  Layout keyLayout = operandLayout(keyHeads, match.keys, match.depth);
  Layout valueLayout = operandLayout(keyHeads, match.keys, match.valueDepth);
  const Place *query = choose(match.query, queryLayout);
  const Place *key = choose(match.key, keyLayout);
  const Place *value = choose(match.value, valueLayout);
  if (!query || !key || !value) {
    reason = "queries, keys and values share no batch and heads";
    return failure();
  }
  Type element = cast<RankedTensorType>(match.root->getResult(0).getType())
                     .getElementType();
  for (const Place *place : {query, key, value})
    if (cast<RankedTensorType>(place->value.getType()).getElementType() !=
        element) {
      reason = "operands and result have different element types";
      return failure();
    }
  if (!isa<Float32Type, Float16Type, BFloat16Type>(element)) {
    reason = "element type is not f32, f16 or bf16";
    return failure();
  }
  for (const MaskPart &part : match.masks)
    if (!fitsMask(part)) {
      reason = "mask is not over batch, heads, rows and keys";
      return failure();
    }

  Value q = operand(*query, queryLayout), k = operand(*key, keyLayout);
  Value v = operand(*value, valueLayout), m = mask();
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, b.getLoc(), q);
  sizes.back() = tensor::getMixedSize(b, b.getLoc(), v, valueLayout.size() - 1);
  Value init = tensor::EmptyOp::create(b, sizes, element);
  Value output =
      AttentionOp::create(b, init.getType(), q, k, v, m, init, Value(), Value(),
                          b.getF32FloatAttr(match.scale),
                          isCausalMasked ? b.getUnitAttr() : UnitAttr(),
                          IntegerAttr())
          ->getResult(0);
  output = relayout(b, b.getLoc(), output, table,
                    operandLayout(heads, match.rows, match.valueDepth),
                    match.result);
  Type type = match.root->getResult(0).getType();
  return output.getType() == type
             ? output
             : Value(tensor::CastOp::create(b, type, output));
}

/// Erases `op` and what it alone used.
static void eraseDead(Operation *op) {
  llvm::SetVector<Operation *> worklist;
  worklist.insert(op);
  while (!worklist.empty()) {
    Operation *next = worklist.pop_back_val();
    if (!isOpTriviallyDead(next))
      continue;
    next->walk([&](Operation *nested) {
      for (Value operand : nested->getOperands())
        if (Operation *def = operand.getDefiningOp();
            def && !next->isAncestor(def))
          worklist.insert(def);
    });
    worklist.remove(next);
    next->erase();
  }
}

namespace {
struct RarefyRaiseAttention
    : impl::RarefyRaiseAttentionBase<RarefyRaiseAttention> {
  void runOnOperation() override {
    (void)forEachFunction(getArgument(), getOperation(), [](Remarks remarks) {
      raiseIn(remarks);
      return success();
    });
  }

  static void raiseIn(Remarks remarks) {
    SmallVector<linalg::LinalgOp> roots;
    remarks.function->walk([&](linalg::LinalgOp op) { roots.push_back(op); });
    bool hasSeen = false;
    remarks.function->walk([&](AttentionOp) { hasSeen = true; });
    for (linalg::LinalgOp root : roots)
      hasSeen |= raise(root, remarks);
    if (!hasSeen)
      remark::analysis(remarks.function.getLoc(), remarks.named("NoAttention"))
          << "no softmax multiplies a tensor";
  }

  /// Returns whether there was an attention, or nearly one.
  static bool raise(linalg::LinalgOp root, Remarks remarks) {
    if (!root.hasPureTensorSemantics())
      return false;
    AttentionMatcher matcher(root);
    std::optional<AttentionMatch> match = matcher.run();
    Operation *blocker = matcher.getBlocker();
    StringRef reason = matcher.getReason();
    if (match) {
      ImplicitLocOpBuilder b(root.getLoc(), root);
      FailureOr<Value> output = AttentionBuilder(*match, b).build(reason);
      if (succeeded(output)) {
        auto type = cast<RankedTensorType>(output->getType());
        remark::passed(root.getLoc(), remarks.named("Raised"))
            << remark::metric("masks", match->masks.size())
            << remark::metric("output", type);
        root->getResult(0).replaceAllUsesWith(*output);
        eraseDead(root);
        return true;
      }
      blocker = root;
    }
    if (!blocker)
      return false;
    remark::missed(blocker->getLoc(), remarks.named("NotRaised"))
        << blocker->getName().getStringRef()
        << remark::reason("{0}", reason.str());
    return true;
  }
};
} // namespace
} // namespace rarefy
