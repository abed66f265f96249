// Tensor ops without a form on buffers, as ops that have one.

#include "PreparePatterns.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

namespace rarefy {
namespace {

struct LowerPack : OpRewritePattern<linalg::PackOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::PackOp op,
                                PatternRewriter &rewriter) const override {
    return linalg::lowerPack(rewriter, op,
                             /*lowerPadLikeWithInsertSlice=*/false);
  }
};

struct LowerUnpack : OpRewritePattern<linalg::UnPackOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::UnPackOp op,
                                PatternRewriter &rewriter) const override {
    return linalg::lowerUnPack(rewriter, op,
                               /*lowerUnpadLikeWithExtractSlice=*/false);
  }
};

/// Cuts off what negative padding takes away, and pads the rest.
struct SliceBeforePad : OpRewritePattern<tensor::PadOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::PadOp op,
                                PatternRewriter &b) const override {
    SmallVector<int64_t> low(op.getStaticLow()), high(op.getStaticHigh()), cut;
    SmallVector<OpFoldResult> begins, ones(low.size(), b.getIndexAttr(1));
    for (auto [size, before, after] :
         llvm::zip_equal(op.getSourceType().getShape(), low, high)) {
      int64_t first = cutOff(before);
      begins.push_back(b.getIndexAttr(first));
      cut.push_back(first + cutOff(after));
      if (!ShapedType::isDynamic(size) && cut.back() > size)
        return b.notifyMatchFailure(op, "nothing of the source is left");
    }
    if (llvm::all_of(cut, [](int64_t count) { return count == 0; }))
      return b.notifyMatchFailure(op, "cuts nothing off");
    Location loc = op.getLoc();
    SmallVector<OpFoldResult> sizes =
        tensor::getMixedSizes(b, loc, op.getSource());
    for (auto [size, count] : llvm::zip_equal(sizes, cut))
      size = affine::makeComposedFoldedAffineApply(
          b, loc, b.getAffineSymbolExpr(0) - count, {size});
    Value slice = tensor::ExtractSliceOp::create(b, loc, op.getSource(), begins,
                                                 sizes, ones);
    b.modifyOpInPlace(op, [&] {
      op.getSourceMutable().assign(slice);
      op.setStaticLow(low);
      op.setStaticHigh(high);
    });
    return success();
  }

private:
  /// How many elements `pad` cuts off; it pads none of them then.
  static int64_t cutOff(int64_t &pad) {
    if (ShapedType::isDynamic(pad) || pad >= 0)
      return 0;
    return -std::exchange(pad, 0);
  }
};

/// tensor.gather reads its source element by element.
struct LowerGather : OpRewritePattern<tensor::GatherOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::GatherOp op,
                                PatternRewriter &b) const override {
    Location loc = op.getLoc();
    RankedTensorType type = op.getResultType();
    int64_t batch = op.getIndicesType().getRank() - 1;
    // The result's dimension for each of the source; gathered ones have size
    // one in the result, or none.
    bool reduced = type.getRank() < batch + op.getSourceType().getRank();
    SmallVector<std::optional<int64_t>> dimOf;
    int64_t next = batch;
    for (int64_t i = 0; i < op.getSourceType().getRank(); ++i) {
      bool gathered = llvm::is_contained(op.getGatherDims(), i);
      dimOf.push_back(gathered ? std::nullopt : std::optional(next));
      next += !(gathered && reduced);
    }
    Value init = tensor::EmptyOp::create(b, loc, sizesOf(op, b, dimOf),
                                         type.getElementType());
    auto body = [&](OpBuilder &nested, Location, ValueRange) {
      Value element = loadElement(nested, op, dimOf, batch);
      linalg::YieldOp::create(nested, loc, element);
    };
    SmallVector<utils::IteratorType> kinds(type.getRank(),
                                           utils::IteratorType::parallel);
    b.replaceOpWithNewOp<linalg::GenericOp>(
        op, type, ValueRange(), init, b.getMultiDimIdentityMap(type.getRank()),
        kinds, body);
    return success();
  }

private:
  static SmallVector<OpFoldResult>
  sizesOf(tensor::GatherOp op, OpBuilder &b,
          ArrayRef<std::optional<int64_t>> dimOf) {
    Location loc = op.getLoc();
    SmallVector<OpFoldResult> sizes =
        tensor::getMixedSizes(b, loc, op.getIndices());
    sizes.pop_back();
    sizes.resize(op.getResultType().getRank(), b.getIndexAttr(1));
    for (auto [i, dim] : llvm::enumerate(dimOf))
      if (dim)
        sizes[*dim] = tensor::getMixedSize(b, loc, op.getSource(), i);
    return sizes;
  }

  static Value loadElement(OpBuilder &b, tensor::GatherOp op,
                           ArrayRef<std::optional<int64_t>> dimOf,
                           int64_t batch) {
    Location loc = op.getLoc();
    SmallVector<Value> position, from;
    for (int64_t i = 0; i < batch; ++i)
      position.push_back(linalg::IndexOp::create(b, loc, i));
    position.push_back(Value());
    for (auto [i, dim] : llvm::enumerate(dimOf)) {
      if (dim) {
        from.push_back(linalg::IndexOp::create(b, loc, *dim));
        continue;
      }
      auto at = llvm::find(op.getGatherDims(), static_cast<int64_t>(i));
      position.back() = arith::ConstantIndexOp::create(
          b, loc, at - op.getGatherDims().begin());
      Value index =
          tensor::ExtractOp::create(b, loc, op.getIndices(), position);
      if (!index.getType().isIndex())
        index = arith::IndexCastOp::create(b, loc, b.getIndexType(), index);
      from.push_back(index);
    }
    return tensor::ExtractOp::create(b, loc, op.getSource(), from);
  }
};
} // namespace

void populatePreparePatterns(RewritePatternSet &patterns) {
  patterns.add<LowerPack, LowerUnpack, SliceBeforePad, LowerGather>(
      patterns.getContext());
}
} // namespace rarefy
