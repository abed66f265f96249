// Accessors, effects and shapes of the `rarefy` ops.

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "rarefy/Dialect/Rarefy/IR/Rarefy.h"
#include "rarefy/Support/DestinationStyle.h"

using namespace rarefy;

#define GET_OP_CLASSES
#include "rarefy/Dialect/Rarefy/IR/RarefyOps.cpp.inc"

/// Every result has the shape of its init.
static LogicalResult reifyInits(DestinationStyleOpInterface op, OpBuilder &b,
                                ReifiedRankedShapedTypeDims &shapes) {
  for (OpResult result : op->getResults())
    shapes.push_back(tensor::getMixedSizes(b, op.getLoc(),
                                           op.getTiedOpOperand(result)->get()));
  return success();
}

MutableOperandRange AttentionOp::getDpsInitsMutable() {
  unsigned count = 1 + (getTokenImportanceInit() ? 1 : 0) +
                   (getHeadImportanceInit() ? 1 : 0) +
                   (getRefetchedInit() ? 1 : 0);
  return MutableOperandRange(*this, getNumOperands() - count, count);
}

Value AttentionOp::getOutput() {
  return getResults().empty() ? Value() : getResults()[0];
}

Value AttentionOp::getTokenImportance() {
  return getTokenImportanceInit() && !getResults().empty() ? getResults()[1]
                                                           : Value();
}

Value AttentionOp::getHeadImportance() {
  if (!getHeadImportanceInit() || getResults().empty())
    return Value();
  return getResults()[getTokenImportanceInit() ? 2 : 1];
}

Value AttentionOp::getRefetched() {
  return getRefetchedInit() && !getResults().empty() ? getResults().back()
                                                     : Value();
}

#define RAREFY_DPS_METHODS(OpTy)                                               \
  void OpTy::getEffects(                                                       \
      SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {               \
    addDpsEffects(*this, effects);                                             \
  }                                                                            \
  LogicalResult OpTy::reifyResultShapes(OpBuilder &b,                          \
                                        ReifiedRankedShapedTypeDims &shapes) { \
    return reifyInits(*this, b, shapes);                                       \
  }
RAREFY_DPS_METHODS(AttentionOp)
RAREFY_DPS_METHODS(TopKOp)
RAREFY_DPS_METHODS(GatherOp)
RAREFY_DPS_METHODS(ScatterOp)
#undef RAREFY_DPS_METHODS
