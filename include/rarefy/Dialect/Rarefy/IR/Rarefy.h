#ifndef RAREFY_DIALECT_RAREFY_IR_RAREFY_H
#define RAREFY_DIALECT_RAREFY_IR_RAREFY_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Linalg/IR/LinalgInterfaces.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/TilingInterface.h"
#include "rarefy/Support/LLVM.h"

#include "rarefy/Dialect/Rarefy/IR/RarefyOpsDialect.h.inc"
#define GET_ATTRDEF_CLASSES
#include "rarefy/Dialect/Rarefy/IR/RarefyAttributes.h.inc"
#define GET_OP_CLASSES
#include "rarefy/Dialect/Rarefy/IR/RarefyOps.h.inc"

namespace rarefy {
/// Lets one-shot bufferization turn the ops' tensors into memrefs.
void registerBufferization(DialectRegistry &registry);
} // namespace rarefy

#endif // RAREFY_DIALECT_RAREFY_IR_RAREFY_H
