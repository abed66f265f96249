// The meaning of each `rarefy` op in upstream dialects.

#include "rarefy/Dialect/Rarefy/IR/Rarefy.h"

using namespace rarefy;

FailureOr<SmallVector<Value>> AttentionOp::decomposeOperation(OpBuilder &b) {
  return failure();
}
FailureOr<SmallVector<Value>> TopKOp::decomposeOperation(OpBuilder &b) {
  return failure();
}
FailureOr<SmallVector<Value>> GatherOp::decomposeOperation(OpBuilder &b) {
  return failure();
}
FailureOr<SmallVector<Value>> ScatterOp::decomposeOperation(OpBuilder &b) {
  return failure();
}
