// Products with gathered constants read them where they are.

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "rarefy/Codegen/CPU/Contraction.h"
#include "rarefy/Codegen/CPU/Passes.h"
#include "rarefy/Dialect/Rarefy/IR/Rarefy.h"

namespace rarefy {
#define GEN_PASS_DEF_RAREFYCPUUNFOLDGATHERS
#include "rarefy/Codegen/CPU/Passes.h.inc"

namespace {
/// The gather of parts of a constant, or of a slice of one, that `value` is.
GatherOp gatherOfConstant(Value value) {
  auto gather = value.getDefiningOp<GatherOp>();
  if (!gather || !gather->hasOneUse() ||
      cast<ShapedType>(gather.getPositions().getType()).getRank() != 1)
    return nullptr;
  Value source = gather.getSource();
  while (Operation *op = source.getDefiningOp()) {
    if (!isa<tensor::ExpandShapeOp, tensor::ExtractSliceOp>(op))
      break;
    source = op->getOperand(0);
  }
  return source.getDefiningOp<arith::ConstantOp>() ? gather : nullptr;
}

GatherOp gatherBehindCollapse(Value value) {
  auto collapse = value.getDefiningOp<tensor::CollapseShapeOp>();
  return collapse && collapse->hasOneUse() ? gatherOfConstant(collapse.getSrc())
                                           : nullptr;
}

/// The part of size one of `value` at `at` along `dim`.
Value sliceAt(OpBuilder &b, Location loc, Value value, unsigned dim, Value at) {
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, value);
  SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(sizes.size(), b.getIndexAttr(1));
  sizes[dim] = b.getIndexAttr(1);
  offsets[dim] = at;
  return tensor::ExtractSliceOp::create(b, loc, value, offsets, sizes, strides);
}

Value insertAt(OpBuilder &b, Location loc, Value part, Value whole,
               unsigned dim, Value at) {
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, part);
  SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(sizes.size(), b.getIndexAttr(1));
  offsets[dim] = at;
  return tensor::InsertSliceOp::create(b, loc, part, whole, offsets, sizes,
                                       strides);
}

/// Loops over the gathered dimension of `c`, whose operand `gathered` becomes a
/// slice of the constant.
void unfold(Contraction &c, OpOperand *gathered, GatherOp gather,
            IRRewriter &b) {
  Location loc = c.op.getLoc();
  unsigned loopDim = c.getMap(gathered).getDimPosition(gather.getDim());
  b.setInsertionPoint(c.op);
  Value zero = arith::ConstantIndexOp::create(b, loc, 0);
  Value one = arith::ConstantIndexOp::create(b, loc, 1);
  Value count = b.createOrFold<tensor::DimOp>(loc, gather.getPositions(), 0);
  auto loop = scf::ForOp::create(b, loc, zero, count, one, c.acc->get());
  b.setInsertionPointToStart(loop.getBody());
  Value i = loop.getInductionVar(), sum = loop.getRegionIterArg(0);
  Value position = tensor::ExtractOp::create(b, loc, gather.getPositions(), i);
  position = arith::IndexCastOp::create(b, loc, b.getIndexType(), position);

  SmallVector<Value> operands;
  std::optional<unsigned> sumDim;
  for (OpOperand &operand : c.op->getOpOperands()) {
    AffineMap map = c.getMap(&operand);
    auto dim = map.getResultPosition(b.getAffineDimExpr(loopDim));
    Value value = &operand == c.acc ? sum : operand.get();
    if (&operand == gathered)
      value = sliceAt(b, loc, gather.getSource(), gather.getDim(), position);
    else if (dim)
      value = sliceAt(b, loc, value, *dim, i);
    if (&operand == c.acc)
      sumDim = dim;
    operands.push_back(value);
  }
  Operation *part = clone(b, c.op, operands.back().getType(), operands);
  Value result = part->getResult(0);
  if (sumDim)
    result = insertAt(b, loc, result, sum, *sumDim, i);
  scf::YieldOp::create(b, loc, result);
  b.replaceOp(c.op, loop.getResults());
  b.eraseOp(gather);
}

struct RarefyCPUUnfoldGathers
    : impl::RarefyCPUUnfoldGathersBase<RarefyCPUUnfoldGathers> {
  void runOnOperation() override {
    if (failed(expandProducts()))
      return signalPassFailure();
    SmallVector<linalg::GenericOp> products;
    getOperation()->walk([&](linalg::GenericOp op) { products.push_back(op); });
    IRRewriter rewriter(&getContext());
    for (linalg::GenericOp op : products) {
      FailureOr<Contraction> c = Contraction::match(op);
      if (failed(c) || !op.hasPureTensorSemantics())
        continue;
      for (OpOperand *operand : {c->lhs, c->rhs})
        if (GatherOp gather = gatherOfConstant(operand->get());
            gather && c->getMap(operand).isProjectedPermutation()) {
          unfold(*c, operand, gather, rewriter);
          break;
        }
    }
  }

private:
  /// Gives products of collapsed gathers the gathered dimension as a loop.
  LogicalResult expandProducts() {
    SmallVector<linalg::LinalgOp> consumers;
    getOperation()->walk([&](linalg::LinalgOp op) {
      if (linalg::isaContractionOpInterface(op) &&
          llvm::any_of(op->getOperands(), gatherBehindCollapse))
        consumers.push_back(op);
    });
    if (consumers.empty())
      return success();
    IRRewriter rewriter(&getContext());
    for (linalg::LinalgOp op : consumers) {
      rewriter.setInsertionPoint(op);
      (void)linalg::generalizeNamedOp(rewriter, op);
    }
    RewritePatternSet patterns(&getContext());
    linalg::populateFoldReshapeOpsByExpansionPatterns(
        patterns, [](OpOperand *operand) {
          auto consumer = dyn_cast<linalg::GenericOp>(operand->getOwner());
          return consumer && gatherBehindCollapse(operand->get()) &&
                 succeeded(Contraction::match(consumer));
        });
    return applyPatternsGreedily(getOperation(), std::move(patterns));
  }
};
} // namespace
} // namespace rarefy
