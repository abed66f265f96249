#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "rarefy/Dialect/Rarefy/IR/Rarefy.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace rarefy;

#include "rarefy/Dialect/Rarefy/IR/RarefyOpsDialect.cpp.inc"

static ParseResult parseThreshold(AsmParser &parser,
                                  FailureOr<APFloat> &threshold) {
  double value;
  if (parser.parseFloat(value))
    return failure();
  threshold = APFloat(value);
  return success();
}

static void printThreshold(AsmPrinter &printer, const APFloat &threshold) {
  printer.printFloat(threshold);
}

#define GET_ATTRDEF_CLASSES
#include "rarefy/Dialect/Rarefy/IR/RarefyAttributes.cpp.inc"

LogicalResult PlanesAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 unsigned msb, unsigned lsb,
                                 APFloat threshold) {
  if (msb < 2 || msb > 12 || lsb > 12 - msb)
    return emitError()
           << "expected at least 2 high bits and at most 12 in all, "
              "found "
           << msb << " and " << lsb;
  double limit = threshold.convertToDouble();
  if (!(limit >= 0 && limit <= 1))
    return emitError() << "expected a threshold from 0 to 1, found " << limit;
  return success();
}

int64_t PlanesAttr::getThresholdSteps() const {
  return std::lround(getThreshold().convertToDouble() * 2048);
}

void RarefyDialect::initialize() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "rarefy/Dialect/Rarefy/IR/RarefyAttributes.cpp.inc"
      >();
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

LogicalResult RarefyDialect::verifyOperationAttribute(Operation *op,
                                                      NamedAttribute attr) {
  return op->emitError("expected '")
         << attr.getName().getValue() << "' on no operation";
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
