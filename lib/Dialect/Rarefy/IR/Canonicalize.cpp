// Simplifications of the `rarefy` ops on tensors.

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "rarefy/Dialect/Rarefy/IR/Rarefy.h"
#include <array>

using namespace rarefy;

namespace {

//===----------------------------------------------------------------------===//
// attention
//===----------------------------------------------------------------------===//

/// An importance that nobody reads is not computed.
struct DropUnusedImportance : OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AttentionOp op,
                                PatternRewriter &rewriter) const override {
    auto isUnused = [](Value result) { return result && result.use_empty(); };
    std::array<Value, 3> results = {op.getTokenImportance(),
                                    op.getHeadImportance(), op.getRefetched()};
    if (llvm::none_of(results, isUnused))
      return rewriter.notifyMatchFailure(op, "has no unused importance");
    std::array<Value, 3> inits = {op.getTokenImportanceInit(),
                                  op.getHeadImportanceInit(),
                                  op.getRefetchedInit()};
    SmallVector<Type> types{op.getOutput().getType()};
    SmallVector<Value> replaced{op.getOutput()};
    for (auto [result, init] : llvm::zip_equal(results, inits)) {
      if (isUnused(result))
        init = Value();
      if (!init)
        continue;
      types.push_back(init.getType());
      replaced.push_back(result);
    }
    auto smaller = AttentionOp::create(
        rewriter, op.getLoc(), types, op.getQuery(), op.getKey(), op.getValue(),
        op.getMask(), op.getOutputInit(), inits[0], inits[1], inits[2],
        op.getScaleAttr(), op.getCausalAttr(), op.getKeepValuesAttr(),
        op.getKeepGroupAttr(), op.getPlanesAttr(), op.getValueBitsAttr());
    smaller->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    for (auto [from, to] : llvm::zip_equal(replaced, smaller.getResults()))
      rewriter.replaceAllUsesWith(from, to);
    rewriter.eraseOp(op);
    return success();
  }
};

/// Options that change nothing: a causal mask of the last row alone, and as
/// many values kept as there are keys.
struct DropIdleOptions : OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AttentionOp op,
                                PatternRewriter &rewriter) const override {
    int64_t batch = op.getBatchRank();
    int64_t rows =
        cast<ShapedType>(op.getQuery().getType()).getDimSize(batch + 1);
    int64_t keys =
        cast<ShapedType>(op.getKey().getType()).getDimSize(batch + 1);
    bool dropCausal = op.getCausal() && rows == 1;
    bool dropKeep = op.getKeepValues() && !ShapedType::isDynamic(keys) &&
                    static_cast<int64_t>(*op.getKeepValues()) >= keys;
    if (!dropCausal && !dropKeep)
      return rewriter.notifyMatchFailure(op, "every option has an effect");
    rewriter.modifyOpInPlace(op, [&] {
      if (dropCausal)
        op.removeCausalAttr();
      if (dropKeep) {
        op.removeKeepValuesAttr();
        op.removeKeepGroupAttr();
      }
    });
    return success();
  }
};

/// A constant mask that hides nothing and adds nothing.
struct DropIdleMask : OpRewritePattern<AttentionOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(AttentionOp op,
                                PatternRewriter &rewriter) const override {
    bool idle = op.getMask() && (matchPattern(op.getMask(), m_AnyZeroFloat()) ||
                                 matchPattern(op.getMask(), m_One()));
    if (!idle)
      return rewriter.notifyMatchFailure(op,
                                         "the mask is not known to be idle");
    rewriter.modifyOpInPlace(op, [&] { op.getMaskMutable().clear(); });
    return success();
  }
};

//===----------------------------------------------------------------------===//
// topk, gather, scatter
//===----------------------------------------------------------------------===//

/// Whether `positions` is the constant 0, 1, .. `size` - 1 in every batch.
bool isIdentity(Value positions, int64_t size) {
  DenseIntElementsAttr constant;
  auto type = cast<ShapedType>(positions.getType());
  if (type.getShape().back() != size ||
      !matchPattern(positions, m_Constant(&constant)))
    return false;
  return llvm::all_of(
      llvm::enumerate(constant.getValues<int32_t>()), [&](auto p) {
        return p.value() == static_cast<int64_t>(p.index()) % size;
      });
}

/// All positions, if as many are asked for as there are.
struct TopKOfAll : OpRewritePattern<TopKOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(TopKOp op,
                                PatternRewriter &rewriter) const override {
    auto type = cast<ShapedType>(op.getInit().getType());
    int64_t n = cast<ShapedType>(op.getScores().getType()).getShape().back();
    if (!op.hasPureTensorSemantics() || !type.hasStaticShape() ||
        type.getShape().back() != n)
      return rewriter.notifyMatchFailure(op, "may leave a position out");
    SmallVector<int32_t> positions(type.getNumElements());
    for (auto [i, position] : llvm::enumerate(positions))
      position = i % n;
    rewriter.replaceOpWithNewOp<arith::ConstantOp>(
        op, DenseIntElementsAttr::get(type, positions));
    return success();
  }
};

/// Gathering or scattering all positions in order moves nothing.
template <typename OpTy> struct FoldIdentity : OpRewritePattern<OpTy> {
  using OpRewritePattern<OpTy>::OpRewritePattern;

  LogicalResult matchAndRewrite(OpTy op,
                                PatternRewriter &rewriter) const override {
    auto type = cast<ShapedType>(op.getSource().getType());
    auto init = cast<ShapedType>(op.getInit().getType());
    int64_t size = type.getDimSize(op.getDim());
    if (!op.hasPureTensorSemantics() || ShapedType::isDynamic(size) ||
        size != init.getDimSize(op.getDim()) ||
        !isIdentity(op.getPositions(), size))
      return rewriter.notifyMatchFailure(op, "may move an element");
    if (type == init)
      rewriter.replaceOp(op, op.getSource());
    else
      rewriter.replaceOpWithNewOp<tensor::CastOp>(op, init, op.getSource());
    return success();
  }
};

/// gather(gather(x, p), q) is gather(x, gather(p, q)).
struct ComposeGathers : OpRewritePattern<GatherOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(GatherOp op,
                                PatternRewriter &rewriter) const override {
    auto inner = op.getSource().getDefiningOp<GatherOp>();
    if (!inner || inner.getDim() != op.getDim())
      return rewriter.notifyMatchFailure(op, "not a gather of a gather");
    Value first = inner.getPositions(), second = op.getPositions();
    int64_t batch = cast<ShapedType>(first.getType()).getRank() - 1;
    int64_t rank = cast<ShapedType>(second.getType()).getRank();
    if (rank != 1 && rank != batch + 1)
      return rewriter.notifyMatchFailure(op, "only the outer is batched");
    SmallVector<OpFoldResult> sizes =
        tensor::getMixedSizes(rewriter, op.getLoc(), first);
    sizes.back() =
        tensor::getMixedSize(rewriter, op.getLoc(), second, rank - 1);
    Value empty = tensor::EmptyOp::create(rewriter, op.getLoc(), sizes,
                                          rewriter.getI32Type());
    auto both = GatherOp::create(rewriter, op.getLoc(), empty.getType(), first,
                                 second, empty, batch);
    rewriter.modifyOpInPlace(op, [&] {
      op.getSourceMutable().assign(inner.getSource());
      op.getPositionsMutable().assign(both.getResult());
    });
    return success();
  }
};
} // namespace

void AttentionOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                              MLIRContext *context) {
  patterns.add<DropIdleMask, DropIdleOptions, DropUnusedImportance>(context);
}

void TopKOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                         MLIRContext *context) {
  patterns.add<TopKOfAll>(context);
}

void GatherOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                           MLIRContext *context) {
  patterns.add<ComposeGathers, FoldIdentity<GatherOp>>(context);
}

void ScatterOp::getCanonicalizationPatterns(RewritePatternSet &patterns,
                                            MLIRContext *context) {
  patterns.add<FoldIdentity<ScatterOp>>(context);
}
