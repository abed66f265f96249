// Last touches in the LLVM dialect.

#include "TargetOption.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/PatternMatch.h"
#include "rarefy/Codegen/CPU/Passes.h"
#include "llvm/ADT/StringExtras.h"

namespace rarefy {
#define GEN_PASS_DEF_RAREFYCPUFINALIZE
#include "rarefy/Codegen/CPU/Passes.h.inc"

namespace {
/// LLVM legalises masked accesses to bf16 with functions that C runtimes lack;
/// the same bits as integers need none.
std::optional<VectorType> asIntegers(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  if (!vector || !vector.getElementType().isBF16())
    return std::nullopt;
  return vector.clone(IntegerType::get(type.getContext(), 16));
}

void useIntegers(LLVM::MaskedLoadOp op, IRRewriter &b) {
  auto type = asIntegers(op.getType());
  if (!type)
    return;
  b.setInsertionPoint(op);
  Value otherwise = op.getPassThru();
  if (otherwise)
    otherwise = LLVM::BitcastOp::create(b, op.getLoc(), *type, otherwise);
  auto load = LLVM::MaskedLoadOp::create(b, op.getLoc(), *type, op.getData(),
                                         op.getMask(), otherwise,
                                         op.getAlignmentAttr());
  b.replaceOpWithNewOp<LLVM::BitcastOp>(op, op.getType(), load);
}

void useIntegers(LLVM::MaskedStoreOp op, IRRewriter &b) {
  auto type = asIntegers(op.getValue().getType());
  if (!type)
    return;
  b.setInsertionPoint(op);
  Value bits = LLVM::BitcastOp::create(b, op.getLoc(), *type, op.getValue());
  b.replaceOpWithNewOp<LLVM::MaskedStoreOp>(
      op, bits, op.getData(), op.getMask(), op.getAlignmentAttr());
}

/// LLVM packs a vector of i1 into bits; a buffer of i1 has a byte for each.
std::optional<VectorType> asBytes(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  if (!vector || !vector.getElementType().isInteger(1))
    return std::nullopt;
  return vector.clone(IntegerType::get(type.getContext(), 8));
}

void useBytes(LLVM::LoadOp op, IRRewriter &b) {
  auto type = asBytes(op.getType());
  if (!type)
    return;
  b.setInsertionPoint(op);
  auto load = LLVM::LoadOp::create(b, op.getLoc(), *type, op.getAddr(), 1);
  b.replaceOpWithNewOp<LLVM::TruncOp>(op, op.getType(), load);
}

void useBytes(LLVM::StoreOp op, IRRewriter &b) {
  auto type = asBytes(op.getValue().getType());
  if (!type)
    return;
  b.setInsertionPoint(op);
  Value bytes = LLVM::ZExtOp::create(b, op.getLoc(), *type, op.getValue());
  b.replaceOpWithNewOp<LLVM::StoreOp>(op, bytes, op.getAddr(), 1);
}

/// LLVM would call the C library, element by element, where the processor has
/// no such instruction.
void unfuse(LLVM::FMAOp op, IRRewriter &b) {
  b.setInsertionPoint(op);
  b.replaceOpWithNewOp<LLVM::FMulAddOp>(op, op.getType(), op.getA(), op.getB(),
                                        op.getC());
}

struct RarefyCPUFinalize : impl::RarefyCPUFinalizeBase<RarefyCPUFinalize> {
  using Base::Base;

  void runOnOperation() override {
    FailureOr<CPUTarget> target = getTarget(getOperation(), cpu);
    if (failed(target))
      return signalPassFailure();
    IRRewriter rewriter(&getContext());
    getOperation()->walk([&](Operation *op) {
      if (auto load = dyn_cast<LLVM::MaskedLoadOp>(op))
        useIntegers(load, rewriter);
      else if (auto store = dyn_cast<LLVM::MaskedStoreOp>(op))
        useIntegers(store, rewriter);
      else if (auto load = dyn_cast<LLVM::LoadOp>(op))
        useBytes(load, rewriter);
      else if (auto store = dyn_cast<LLVM::StoreOp>(op))
        useBytes(store, rewriter);
      else if (auto fma = dyn_cast<LLVM::FMAOp>(op); fma && !target->fma)
        unfuse(fma, rewriter);
      else if (auto func = dyn_cast<LLVM::LLVMFuncOp>(op))
        setTarget(func, *target);
    });
  }

private:
  void setTarget(LLVM::LLVMFuncOp func, const CPUTarget &target) {
    if (func.isExternal())
      return;
    MLIRContext *ctx = &getContext();
    func.setTargetCpu(target.cpu);
    SmallVector<StringRef> features;
    StringRef(target.features).split(features, ',', -1, /*KeepEmpty=*/false);
    if (!features.empty())
      func.setTargetFeaturesAttr(LLVM::TargetFeaturesAttr::get(ctx, features));
    func.setPreferVectorWidth(std::to_string(target.vectorBits));
  }
};
} // namespace
} // namespace rarefy
