// The dialect and its instructions.

#include "Rules.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "rarefy/Dialect/SpAtten/IR/SpAtten.h"

#include "rarefy/Dialect/SpAtten/IR/SpAttenOpsDialect.cpp.inc"
#define GET_OP_CLASSES
#include "rarefy/Dialect/SpAtten/IR/SpAttenOps.cpp.inc"

using namespace rarefy;
using namespace rarefy::spatten;

namespace {
struct SpAttenRules : program::ProgramRules {
  using ProgramRules::ProgramRules;
  LogicalResult verify(program::ProgramOp program) const override {
    return success(succeeded(verifyOrder(program)) &&
                   succeeded(verifyState(program)));
  }
};
} // namespace

namespace {
/// Finds the class of an instruction among `Ops`.
template <typename... Ops> struct EngineOf {
  static Engine get(Operation *op) {
    Engine engine = Engine::Control;
    (void)((isa<Ops>(op) && (engine = Ops::engine, true)) || ...);
    return engine;
  }
};
} // namespace

Engine spatten::getEngine(Operation *instruction) {
  return EngineOf<
#define GET_OP_LIST
#include "rarefy/Dialect/SpAtten/IR/SpAttenOps.cpp.inc"
      >::get(instruction);
}

LogicalResult SpAttenDialect::verifyOperationAttribute(Operation *op,
                                                       NamedAttribute attr) {
  if (attr.getName() != kProgramAttr)
    return op->emitError("expected 'spatten.program', found '")
           << attr.getName().getValue() << "'";
  if (!isa<UnitAttr>(attr.getValue()))
    return op->emitError("expected 'spatten.program' without a value, found ")
           << attr.getValue();
  if (!isa<FunctionOpInterface>(op))
    return op->emitError("expected 'spatten.program' on a function");
  return success();
}

static LogicalResult refuse(Operation *op, NamedAttribute attr) {
  return op->emitError("expected '")
         << attr.getName().getValue() << "' on no argument or result";
}

LogicalResult SpAttenDialect::verifyRegionArgAttribute(Operation *op, unsigned,
                                                       unsigned,
                                                       NamedAttribute attr) {
  return refuse(op, attr);
}

LogicalResult SpAttenDialect::verifyRegionResultAttribute(Operation *op,
                                                          unsigned, unsigned,
                                                          NamedAttribute attr) {
  return refuse(op, attr);
}

void SpAttenDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "rarefy/Dialect/SpAtten/IR/SpAttenOps.cpp.inc"
      >();
  addInterfaces<SpAttenRules>();
}
