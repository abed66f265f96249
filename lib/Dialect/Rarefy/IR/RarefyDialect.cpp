#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "rarefy/Dialect/Rarefy/IR/Rarefy.h"

using namespace rarefy;

#include "rarefy/Dialect/Rarefy/IR/RarefyOpsDialect.cpp.inc"

void RarefyDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "rarefy/Dialect/Rarefy/IR/RarefyOps.cpp.inc"
      >();
}
