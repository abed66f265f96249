// Contractions on buffers to micro-kernels.

#include "KernelEmitter.h"
#include "TargetOption.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"
#include "rarefy/Codegen/CPU/Passes.h"

namespace rarefy {
#define GEN_PASS_DEF_RAREFYCPULOWERCONTRACTIONS
#include "rarefy/Codegen/CPU/Passes.h.inc"

namespace {
/// The op directly in front of `op` if it sets all of `buffer` to zero.
Operation *zeroFillBefore(Operation *op, Value buffer) {
  auto fill = dyn_cast_or_null<linalg::LinalgOp>(op->getPrevNode());
  if (!fill || fill.getNumDpsInits() != 1 ||
      fill.getDpsInitOperand(0)->get() != buffer ||
      !fill.getMatchingIndexingMap(fill.getDpsInitOperand(0)).isPermutation())
    return nullptr;
  Value yielded = fill.getBlock()->getTerminator()->getOperand(0);
  if (auto arg = dyn_cast<BlockArgument>(yielded);
      arg && arg.getOwner() == fill.getBlock())
    yielded = fill.getMatchingOpOperand(arg)->get();
  bool zero = matchPattern(yielded, m_AnyZeroFloat()) ||
              matchPattern(yielded, m_Zero());
  return zero ? fill.getOperation() : nullptr;
}

/// Why the micro-kernel cannot compute `c`; empty if it can.
StringRef findObstacle(const Contraction &c, const CPUTarget &target) {
  if (!isContiguousAlong(c.op, c.acc, c.column))
    return "the result's innermost dimension is not contiguous";
  Type type = c.getSumType();
  bool wide = type.isF32() || type.isF64() || type.isInteger(8) ||
              type.isInteger(16) || type.isInteger(32) || type.isInteger(64);
  if (!wide)
    return "its sums have no vector registers";
  if (!isPackedInBuffers(getElementTypeOrSelf(c.rhs->get().getType())))
    return "the right-hand side's elements are not 8, 16, 32 or 64 bits";
  auto rows = c.row ? c.op.getStaticLoopRanges()[*c.row] : 1;
  if (rows == 1 && !isContiguousAlong(c.op, c.rhs, c.column) &&
      !c.getPanelWidth(target.lanes(type.getIntOrFloatBitWidth())))
    return "its only row meets a right-hand side that is contiguous along the "
           "sum";
  return "";
}

/// Leaves `fill` to run only where `c` has nothing to sum, and no kernel runs.
void keepIfEmpty(Operation *fill, Contraction &c, RewriterBase &b) {
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(fill);
  Location loc = c.op.getLoc();
  SmallVector<Range> ranges =
      cast<linalg::LinalgOp>(c.op.getOperation()).createLoopRanges(b, loc);
  Value zero = arith::ConstantIndexOp::create(b, loc, 0), empty;
  for (unsigned dim : c.reduction) {
    if (getConstantIntValue(ranges[dim].size))
      continue;
    Value size = getValueOrCreateConstantIndexOp(b, loc, ranges[dim].size);
    Value none =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, size, zero);
    empty = empty ? arith::OrIOp::create(b, loc, empty, none) : none;
  }
  auto branch = scf::IfOp::create(b, loc, empty);
  b.moveOpBefore(fill, branch.thenBlock()->getTerminator());
}

struct RarefyCPULowerContractions
    : impl::RarefyCPULowerContractionsBase<RarefyCPULowerContractions> {
  using Base::Base;

  void runOnOperation() override {
    FailureOr<CPUTarget> target = getTarget(getOperation(), cpu);
    if (failed(target))
      return signalPassFailure();
    SmallVector<Contraction, 0> contractions;
    getOperation()->walk([&](linalg::GenericOp op) {
      if (!op.hasPureBufferSemantics())
        return;
      FailureOr<Contraction> c = Contraction::match(op);
      if (succeeded(c))
        contractions.push_back(*c);
    });
    for (Contraction &c : contractions)
      lower(c, *target);
  }

private:
  void lower(Contraction &c, const CPUTarget &target) {
    IRRewriter rewriter(c.op);
    SmallVector<int64_t> sizes = c.op.getStaticLoopRanges();
    // Nothing is added to the result.
    if (llvm::is_contained(sizes, 0))
      return rewriter.eraseOp(c.op);
    StringRef obstacle = findObstacle(c, target);
    if (!obstacle.empty()) {
      remark::missed(
          c.op.getLoc(),
          remark::RemarkOpts::name("MicroKernel").category("rarefy-cpu"))
          << ("left to the vectorizer: " + obstacle).str();
      return;
    }
    Operation *fill = zeroFillBefore(c.op, c.acc->get());
    bool nested = c.op->getParentOfType<scf::ParallelOp>() ||
                  c.op->getParentOfType<scf::ForallOp>();
    KernelEmitter(rewriter, c, target, fill != nullptr)
        .emit(parallel && !nested);
    bool mayBeEmpty = llvm::any_of(c.reduction, [&](unsigned dim) {
      return ShapedType::isDynamic(sizes[dim]);
    });
    if (fill && mayBeEmpty)
      keepIfEmpty(fill, c, rewriter);
    else if (fill)
      rewriter.eraseOp(fill);
    rewriter.eraseOp(c.op);
  }
};
} // namespace
} // namespace rarefy
