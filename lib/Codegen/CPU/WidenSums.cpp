// Sums of floats in the widest type.

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/PatternMatch.h"
#include "rarefy/Codegen/CPU/Passes.h"

namespace rarefy {
#define GEN_PASS_DEF_RAREFYCPUWIDENSUMS
#include "rarefy/Codegen/CPU/Passes.h.inc"

namespace {
/// Short floats go through f32, which processors convert from and to.
Value convert(OpBuilder &b, Location loc, Value value, Type element) {
  auto typeOf = [&](Type to) {
    auto shaped = dyn_cast<ShapedType>(value.getType());
    return shaped ? shaped.clone(to) : to;
  };
  auto bitsOf = [](Value v) {
    return getElementTypeOrSelf(v.getType()).getIntOrFloatBitWidth();
  };
  unsigned bits = element.getIntOrFloatBitWidth();
  if (bitsOf(value) < 32 && bits > 32)
    value = arith::ExtFOp::create(b, loc, typeOf(b.getF32Type()), value);
  if (bitsOf(value) > 32 && bits < 32)
    value = arith::TruncFOp::create(b, loc, typeOf(b.getF32Type()), value);
  if (bitsOf(value) < bits)
    return arith::ExtFOp::create(b, loc, typeOf(element), value);
  return arith::TruncFOp::create(b, loc, typeOf(element), value);
}

/// The op that adds to result `i` if that is a sum of floats below f64.
arith::AddFOp findSum(linalg::GenericOp op, unsigned i) {
  BlockArgument sum = op.getRegionOutputArgs()[i];
  auto add = op.getBody()
                 ->getTerminator()
                 ->getOperand(i)
                 .getDefiningOp<arith::AddFOp>();
  bool adds = add && add->getBlock() == op.getBody() && sum.hasOneUse() &&
              *sum.getUsers().begin() == add && add->hasOneUse();
  return adds && sum.getType().getIntOrFloatBitWidth() < 64 ? add : nullptr;
}

/// Replaces `add` to `sum`, which is now wider.
void widen(arith::AddFOp add, BlockArgument sum, IRRewriter &b) {
  b.setInsertionPoint(add);
  Location loc = add.getLoc();
  Type wide = sum.getType();
  Value element = add.getLhs() == sum ? add.getRhs() : add.getLhs();
  if (auto product = element.getDefiningOp<arith::MulFOp>())
    element =
        arith::MulFOp::create(b, loc, convert(b, loc, product.getLhs(), wide),
                              convert(b, loc, product.getRhs(), wide));
  else
    element = convert(b, loc, element, wide);
  b.replaceOpWithNewOp<arith::AddFOp>(add, sum, element);
}

struct RarefyCPUWidenSums : impl::RarefyCPUWidenSumsBase<RarefyCPUWidenSums> {
  void runOnOperation() override {
    SmallVector<linalg::GenericOp> ops;
    getOperation()->walk([&](linalg::GenericOp op) {
      if (op.hasPureTensorSemantics() && op.getNumReductionLoops() > 0)
        ops.push_back(op);
    });
    IRRewriter b(&getContext());
    for (linalg::GenericOp op : ops)
      for (unsigned i = 0; i < op.getNumDpsInits(); ++i)
        if (arith::AddFOp add = findSum(op, i))
          widenResult(op, i, add, b);
  }

private:
  void widenResult(linalg::GenericOp op, unsigned i, arith::AddFOp add,
                   IRRewriter &b) {
    Location loc = op.getLoc();
    OpOperand *init = op.getDpsInitOperand(i);
    Type narrow = getElementTypeOrSelf(init->get().getType());
    b.setInsertionPoint(op);
    Value start = convert(b, loc, init->get(), b.getF64Type());
    b.modifyOpInPlace(op, [&] {
      init->set(start);
      op.getResult(i).setType(start.getType());
      op.getRegionOutputArgs()[i].setType(b.getF64Type());
      widen(add, op.getRegionOutputArgs()[i], b);
    });
    b.setInsertionPointAfter(op);
    SmallVector<OpOperand *> uses;
    for (OpOperand &use : op.getResult(i).getUses())
      uses.push_back(&use);
    Value rounded = convert(b, loc, op.getResult(i), narrow);
    for (OpOperand *use : uses)
      use->set(rounded);
  }
};
} // namespace
} // namespace rarefy
