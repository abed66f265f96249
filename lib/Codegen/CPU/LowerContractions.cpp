// Contractions on buffers to micro-kernels.

#include "KernelEmitter.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
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
StringRef findObstacle(const Contraction &c) {
  if (!isContiguousAlong(c.op, c.acc, c.column))
    return "the result's innermost dimension is not contiguous";
  Type type = c.getSumType();
  bool wide = type.isF32() || type.isF64() || type.isInteger(8) ||
              type.isInteger(16) || type.isInteger(32) || type.isInteger(64);
  if (!wide)
    return "its sums have no vector registers";
  auto rows = c.row ? c.op.getStaticLoopRanges()[*c.row] : 1;
  if (rows == 1 && !isContiguousAlong(c.op, c.rhs, c.column))
    return "its only row meets a right-hand side that is contiguous along the "
           "sum";
  return "";
}

struct RarefyCPULowerContractions
    : impl::RarefyCPULowerContractionsBase<RarefyCPULowerContractions> {
  using Base::Base;

  void runOnOperation() override {
    llvm::Expected<CPUTarget> target = CPUTarget::get(cpu);
    if (!target) {
      getOperation()->emitError(llvm::toString(target.takeError()));
      return signalPassFailure();
    }
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
    StringRef obstacle = findObstacle(c);
    if (!obstacle.empty()) {
      remark::missed(
          c.op.getLoc(),
          remark::RemarkOpts::name("MicroKernel").category("rarefy-cpu"))
          << ("left to the vectorizer: " + obstacle).str();
      return;
    }
    IRRewriter rewriter(c.op);
    Operation *fill = zeroFillBefore(c.op, c.acc->get());
    bool nested = c.op->getParentOfType<scf::ParallelOp>() ||
                  c.op->getParentOfType<scf::ForallOp>();
    KernelEmitter(rewriter, c, target, fill != nullptr)
        .emit(parallel && !nested);
    rewriter.eraseOp(c.op);
    if (fill)
      rewriter.eraseOp(fill);
  }
};
} // namespace
} // namespace rarefy
