// Scores of tokens, and the sums and slices that depend on who survives.

#include "TokenScores.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "rarefy/Dialect/Rarefy/Transforms/Emit.h"

using namespace rarefy;

TokenScores::TokenScores(Shrinker &shrinker, ArrayRef<int64_t> positions)
    : shrinker(shrinker), protect(positions) {
  llvm::sort(protect);
  protect.erase(llvm::unique(protect), protect.end());
  shrinker.rescale = [this](OpBuilder &b, Value sum, const Layout &layout,
                            unsigned level) {
    return rescale(b, sum, layout, level);
  };
  shrinker.remap = [this](OpBuilder &b, Location loc, int64_t position,
                          unsigned level) {
    return remap(b, loc, position, level);
  };
}

/// A map to the first `count` of `loops`.
static AffineMap leadingLoops(Builder &b, unsigned loops, unsigned count) {
  SmallVector<AffineExpr> exprs;
  for (unsigned loop = 0; loop < count; ++loop)
    exprs.push_back(b.getAffineDimExpr(loop));
  return AffineMap::get(loops, 0, exprs, b.getContext());
}

Layout TokenScores::getLayout() const {
  Layout layout;
  for (Atom atom : shrinker.getBatch())
    layout.push_back({atom});
  layout.push_back({shrinker.getAxis()});
  return layout;
}

static SmallVector<OpFoldResult> tokenSizes(const Shrinker &shrinker,
                                            unsigned level) {
  SmallVector<OpFoldResult> sizes(shrinker.getBatchSizes());
  sizes.push_back(shrinker.getLevel(level).size);
  return sizes;
}

Value TokenScores::makeZeros(Location loc) {
  ImplicitLocOpBuilder b(loc, shrinker.getBuilder());
  return makeFilled(b, tokenSizes(shrinker, 0), b.getF32FloatAttr(0));
}

int64_t TokenScores::countProtected() const {
  return std::max<int64_t>(1, protect.size());
}

//===----------------------------------------------------------------------===//
// Visible keys
//===----------------------------------------------------------------------===//

void TokenScores::noteMask(AttentionOp op, unsigned level) {
  Value mask = op.getMask();
  const Shrinker::Tracked *tracked = mask ? shrinker.lookup(mask) : nullptr;
  if (visible || !mask || (tracked && tracked->level > 0))
    return;
  auto type = cast<RankedTensorType>(mask.getType());
  if (type.getRank() == 0 || type.getShape().back() == 1)
    return;
  ImplicitLocOpBuilder b(op.getLoc(), shrinker.getBuilder());
  // Loops: batch, keys, and those of heads and rows that the mask has.
  unsigned batch = shrinker.getBatch().size(), loops = batch + 1;
  unsigned outer = op.getBatchRank(), at = 0;
  SmallVector<AffineExpr> exprs;
  for (int64_t dim = 0; dim < type.getRank(); ++dim) {
    unsigned aligned = dim + outer + 3 - type.getRank();
    // Batch dimensions of size 1 have no loop.
    auto query = cast<RankedTensorType>(op.getQuery().getType());
    for (at = 0; aligned < outer && aligned > 0; --aligned)
      at += query.getDimSize(aligned - 1) != 1;
    aligned = dim + outer + 3 - type.getRank();
    if (type.getDimSize(dim) == 1)
      exprs.push_back(b.getAffineConstantExpr(0));
    else if (aligned == outer + 2)
      exprs.push_back(b.getAffineDimExpr(batch));
    else
      exprs.push_back(b.getAffineDimExpr(aligned < outer ? at : loops++));
  }
  AffineMap map = AffineMap::get(loops, 0, exprs, b.getContext());
  AffineMap result = leadingLoops(b, loops, batch + 1);
  Value zeros = makeFilled(b, tokenSizes(shrinker, 0), b.getF32FloatAttr(0));
  visible =
      makeReduction(b, mask, map, result, zeros,
                    [](ImplicitLocOpBuilder &inner, ValueRange args) -> Value {
                      FloatType f32 = inner.getF32Type();
                      Value sees = args[0];
                      if (!sees.getType().isInteger(1)) {
                        Value hidden = arith::ConstantOp::create(
                            inner, inner.getFloatAttr(sees.getType(), -1e4));
                        sees = arith::CmpFOp::create(
                            inner, arith::CmpFPredicate::OGT, sees, hidden);
                      }
                      Value one = arith::UIToFPOp::create(inner, f32, sees);
                      return arith::MaximumFOp::create(inner, args[1], one);
                    });
}

Value TokenScores::visibleAt(unsigned level) {
  return visible ? shrinker.gather(visible, getLayout(), 0, level) : Value();
}

/// How many keys of each batch are visible at `level`.
Value TokenScores::sumVisible(OpBuilder &builder, Location loc,
                              unsigned level) {
  ImplicitLocOpBuilder b(loc, builder);
  unsigned rank = shrinker.getBatch().size() + 1;
  AffineMap map = b.getMultiDimIdentityMap(rank);
  Value zeros = makeFilled(b, shrinker.getBatchSizes(), b.getF32FloatAttr(0));
  return makeReduction(
      b, visibleAt(level), map, leadingLoops(b, rank, rank - 1), zeros,
      [](ImplicitLocOpBuilder &inner, ValueRange args) -> Value {
        return arith::AddFOp::create(inner, args[0], args[1]);
      });
}

//===----------------------------------------------------------------------===//
// Scores
//===----------------------------------------------------------------------===//

Value TokenScores::score(Location loc, Value importance, unsigned level) {
  if (!visible && protect.empty())
    return importance;
  ImplicitLocOpBuilder b(loc, shrinker.getBuilder());
  unsigned rank = shrinker.getBatch().size() + 1;
  SmallVector<Value> inputs{importance};
  Value absolute = shrinker.getLevel(level).absolute;
  if (visible)
    inputs.push_back(visibleAt(level));
  if (absolute && !protect.empty())
    inputs.push_back(absolute);
  Value tokens =
      getValueOrCreateConstantIndexOp(b, loc, shrinker.getLevel(0).size);
  SmallVector<AffineMap> maps(inputs.size(), b.getMultiDimIdentityMap(rank));
  return makeElementwise(
      b, inputs, maps, tokenSizes(shrinker, level), b.getF32Type(),
      [&](ImplicitLocOpBuilder &inner, ValueRange args) -> Value {
        auto constant = [&](float value) -> Value {
          return arith::ConstantOp::create(inner, inner.getF32FloatAttr(value));
        };
        Value result = args[0];
        // Importance is not negative.
        if (visible)
          result = arith::SelectOp::create(
              inner,
              arith::CmpFOp::create(inner, arith::CmpFPredicate::OGT, args[1],
                                    constant(0)),
              result, constant(-1));
        if (protect.empty())
          return result;
        Type index = inner.getIndexType();
        Value position = absolute
                             ? Value(arith::IndexCastOp::create(
                                   inner, index, args[inputs.size() - 1]))
                             : Value(linalg::IndexOp::create(inner, rank - 1));
        Value first = constant(std::numeric_limits<float>::infinity());
        for (int64_t p : protect) {
          Value wanted = arith::ConstantIndexOp::create(inner, p);
          if (p < 0)
            wanted = arith::AddIOp::create(inner, tokens, wanted);
          Value is = arith::CmpIOp::create(inner, arith::CmpIPredicate::eq,
                                           position, wanted);
          result = arith::SelectOp::create(inner, is, first, result);
        }
        return result;
      });
}

//===----------------------------------------------------------------------===//
// Sums and slices
//===----------------------------------------------------------------------===//

static Value toFloat(ImplicitLocOpBuilder &b, OpFoldResult size) {
  Value index = getValueOrCreateConstantIndexOp(b, b.getLoc(), size);
  Value integer = arith::IndexCastOp::create(b, b.getI64Type(), index);
  return arith::SIToFPOp::create(b, b.getF32Type(), integer);
}

/// How many tokens there were for each that is left: of each batch, or a
/// scalar.
Value TokenScores::makeFactor(OpBuilder &builder, Location loc,
                              unsigned level) {
  ImplicitLocOpBuilder b(loc, builder);
  OpFoldResult all = shrinker.getLevel(0).size;
  OpFoldResult left = shrinker.getLevel(level).size;
  if (!visible) {
    std::optional<int64_t> n = getConstantIntValue(all);
    std::optional<int64_t> k = getConstantIntValue(left);
    if (n && k)
      return arith::ConstantOp::create(b, b.getF32FloatAttr(float(*n) / *k));
    return arith::DivFOp::create(b, toFloat(b, all), toFloat(b, left));
  }
  unsigned rank = shrinker.getBatch().size();
  SmallVector<AffineMap> maps(2, b.getMultiDimIdentityMap(rank));
  return makeElementwise(
      b, {sumVisible(b, loc, 0), sumVisible(b, loc, level)}, maps,
      shrinker.getBatchSizes(), b.getF32Type(),
      [](ImplicitLocOpBuilder &inner, ValueRange args) -> Value {
        Value one = arith::ConstantOp::create(inner, inner.getF32FloatAttr(1));
        return arith::DivFOp::create(
            inner, args[0], arith::MaximumFOp::create(inner, args[1], one));
      });
}

Value TokenScores::rescale(OpBuilder &builder, Value sum, const Layout &layout,
                           unsigned level) {
  ImplicitLocOpBuilder b(sum.getLoc(), builder);
  auto type = cast<RankedTensorType>(sum.getType());
  auto element = dyn_cast<FloatType>(type.getElementType());
  if (!element)
    return nullptr;
  Value factor = makeFactor(builder, sum.getLoc(), level);
  SmallVector<Value> inputs{sum};
  SmallVector<AffineMap> maps{b.getMultiDimIdentityMap(type.getRank())};
  bool isTensor = isa<RankedTensorType>(factor.getType());
  if (isTensor) {
    SmallVector<AffineExpr> exprs;
    for (Atom atom : shrinker.getBatch()) {
      const Atoms *dim = llvm::find(layout, Atoms{atom});
      if (dim == layout.end())
        return nullptr;
      exprs.push_back(b.getAffineDimExpr(dim - layout.begin()));
    }
    inputs.push_back(factor);
    maps.push_back(AffineMap::get(type.getRank(), 0, exprs, b.getContext()));
  }
  return makeElementwise(
      b, inputs, maps, tensor::getMixedSizes(b, b.getLoc(), sum), element,
      [&](ImplicitLocOpBuilder &inner, ValueRange args) -> Value {
        Value by = isTensor ? args[1] : factor;
        unsigned width = element.getWidth();
        if (width < 32)
          by = arith::TruncFOp::create(inner, element, by);
        else if (width > 32)
          by = arith::ExtFOp::create(inner, element, by);
        return arith::MulFOp::create(inner, args[0], by);
      });
}

bool TokenScores::isProtected(int64_t position) const {
  std::optional<int64_t> tokens =
      getConstantIntValue(shrinker.getLevel(0).size);
  return llvm::any_of(protect, [&](int64_t p) {
    return p == position || (tokens && p < 0 && p + *tokens == position);
  });
}

/// How many survivors stand in front of `position`: where a protected one is.
Value TokenScores::countBelow(OpBuilder &builder, Location loc,
                              int64_t position, unsigned level) {
  ImplicitLocOpBuilder b(loc, builder);
  Value zero = makeFilled(b, {}, b.getIndexAttr(0));
  AffineMap map = b.getMultiDimIdentityMap(1);
  Value count = makeReduction(
      b, shrinker.getLevel(level).absolute, map, leadingLoops(b, 1, 0), zero,
      [&](ImplicitLocOpBuilder &inner, ValueRange args) -> Value {
        Type index = inner.getIndexType();
        Value at = arith::IndexCastOp::create(inner, index, args[0]);
        Value is = arith::CmpIOp::create(
            inner, arith::CmpIPredicate::ult, at,
            arith::ConstantIndexOp::create(inner, position));
        return arith::AddIOp::create(
            inner, args[1], arith::IndexCastUIOp::create(inner, index, is));
      });
  return tensor::ExtractOp::create(b, count, ValueRange());
}

OpFoldResult TokenScores::remap(OpBuilder &b, Location loc, int64_t position,
                                unsigned level) {
  if (!isProtected(position))
    return nullptr;
  bool isPrefix = true;
  for (int64_t p = 0; p < position && isPrefix; ++p)
    isPrefix = isProtected(p);
  if (isPrefix || level == 0)
    return b.getIndexAttr(position);
  std::optional<int64_t> tokens =
      getConstantIntValue(shrinker.getLevel(0).size);
  std::optional<int64_t> left =
      getConstantIntValue(shrinker.getLevel(level).size);
  bool isSuffix = tokens && left;
  for (int64_t p = position; isSuffix && p < *tokens; ++p)
    isSuffix = isProtected(p);
  if (isSuffix)
    return b.getIndexAttr(*left - (*tokens - position));
  if (!shrinker.getBatch().empty())
    return nullptr;
  return countBelow(b, loc, position, level);
}
