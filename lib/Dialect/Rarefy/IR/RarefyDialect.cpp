#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "rarefy/Dialect/Rarefy/IR/Rarefy.h"

using namespace rarefy;

#include "rarefy/Dialect/Rarefy/IR/RarefyOpsDialect.cpp.inc"

void RarefyDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "rarefy/Dialect/Rarefy/IR/RarefyOps.cpp.inc"
      >();
}

//===----------------------------------------------------------------------===//
// Attributes of arguments and results
//===----------------------------------------------------------------------===//

static LogicalResult verifyDims(Operation *op, Type type, Attribute attr) {
  auto names = dyn_cast<ArrayAttr>(attr);
  if (!names || !llvm::all_of(names, llvm::IsaPred<StringAttr>))
    return op->emitError(
               "expected 'rarefy.dims' to be a list of strings, found ")
           << attr;
  auto shaped = dyn_cast_if_present<ShapedType>(type);
  int64_t found = names.size();
  if (shaped && shaped.hasRank() && shaped.getRank() != found)
    return op->emitError("expected 'rarefy.dims' to name ")
           << shaped.getRank() << " dimensions of " << type << ", found "
           << found;
  return success();
}

/// What rarefy-run and Python read; `type` may be null, or after lowering a
/// type without shape.
static LogicalResult verifyDescription(Operation *op, Type type,
                                       NamedAttribute named) {
  Attribute attr = named.getValue();
  if (named.getName() == "rarefy.name") {
    if (isa<StringAttr>(attr))
      return success();
    return op->emitError("expected 'rarefy.name' to be a string, found ")
           << attr;
  }
  if (named.getName() == "rarefy.dims")
    return verifyDims(op, type, attr);
  if (named.getName() != "rarefy.unsigned")
    return op->emitError("expected 'rarefy.name', 'rarefy.dims' or "
                         "'rarefy.unsigned', found '")
           << named.getName().getValue() << "'";
  if (!isa<UnitAttr>(attr))
    return op->emitError("expected 'rarefy.unsigned' without a value, found ")
           << attr;
  auto shaped = dyn_cast_if_present<ShapedType>(type);
  if (shaped && !shaped.getElementType().isInteger())
    return op->emitError("expected 'rarefy.unsigned' beside integers, found ")
           << type;
  return success();
}

/// An entry of a function's types; null for other ops.
static Type typeAt(Operation *op, unsigned index,
                   ArrayRef<Type> (FunctionOpInterface::*types)()) {
  auto function = dyn_cast<FunctionOpInterface>(op);
  if (!function || index >= (function.*types)().size())
    return Type();
  return (function.*types)()[index];
}

LogicalResult RarefyDialect::verifyRegionArgAttribute(Operation *op,
                                                      unsigned regionIndex,
                                                      unsigned argIndex,
                                                      NamedAttribute attr) {
  Type type = typeAt(op, argIndex, &FunctionOpInterface::getArgumentTypes);
  return verifyDescription(op, type, attr);
}

LogicalResult RarefyDialect::verifyRegionResultAttribute(Operation *op,
                                                         unsigned regionIndex,
                                                         unsigned resultIndex,
                                                         NamedAttribute attr) {
  Type type = typeAt(op, resultIndex, &FunctionOpInterface::getResultTypes);
  return verifyDescription(op, type, attr);
}
