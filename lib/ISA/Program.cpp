// What holds for the programs of every accelerator.

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Diagnostics.h"
#include "rarefy/ISA/ISA.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

#include "rarefy/ISA/ISAEnums.cpp.inc"
#include "rarefy/ISA/ISAOpsDialect.cpp.inc"
#define GET_OP_CLASSES
#include "rarefy/ISA/ISAOps.cpp.inc"

using namespace rarefy;
using namespace rarefy::program;

void ISADialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "rarefy/ISA/ISAOps.cpp.inc"
      >();
}

std::optional<int64_t> ProgramOp::getParameter(StringRef name) {
  auto value = getConfig().getAs<IntegerAttr>(name);
  if (!value)
    return std::nullopt;
  return value.getInt();
}

uint64_t TensorOp::getSizeInBytes() {
  auto type = cast<RankedTensorType>(getType());
  return llvm::divideCeil(
      uint64_t(type.getNumElements()) * type.getElementTypeBitWidth(), 8);
}

LogicalResult TensorOp::verify() {
  auto type = dyn_cast<RankedTensorType>(getType());
  if (!type || !type.getElementType().isIntOrFloat())
    return emitOpError("expects a ranked tensor of integers or floats, found ")
           << getType();
  APInt bits(128, type.getElementTypeBitWidth());
  for (int64_t size : type.getShape()) {
    bits *= APInt(128, size);
    if (bits.getActiveBits() > 51)
      return emitOpError("expects at most 2^48 bytes, found ") << type;
  }
  if (getValue() && getValue()->getType() != type)
    return emitOpError("expects a value of ")
           << type << ", found " << getValue()->getType();
  if (getValue() && getDirection() != Direction::In)
    return emitOpError("expects 'in' beside a value");
  if (uint64_t(getAddress()) + getSizeInBytes() > uint64_t(1) << 48)
    return emitOpError("expects to end below byte 2^48, found address ")
           << getAddress();
  return success();
}

/// Refuses tensors that share a byte.
static LogicalResult verifyDisjoint(ProgramOp program) {
  SmallVector<TensorOp> tensors(program.getOps<TensorOp>());
  SmallVector<std::pair<uint64_t, size_t>> order;
  for (auto [index, tensor] : llvm::enumerate(tensors))
    order.emplace_back(tensor.getAddress(), index);
  llvm::sort(order);
  for (size_t i = 1; i < order.size(); ++i) {
    TensorOp last = tensors[order[i - 1].second];
    TensorOp next = tensors[order[i].second];
    if (last.getAddress() + last.getSizeInBytes() > next.getAddress())
      return next.emitOpError("expects bytes of its own, found them in ")
             << last.getSymNameAttr();
  }
  return success();
}

LogicalResult ProgramOp::verify() {
  for (NamedAttribute parameter : getConfig())
    if (auto value = dyn_cast<IntegerAttr>(parameter.getValue());
        !value || !value.getType().isInteger(64))
      return emitOpError("expects 64-bit integers in its configuration, found ")
             << parameter.getValue();
  return success();
}

LogicalResult ProgramOp::verifyRegions() {
  for (Operation &op : *getBody())
    if (!isa<TensorOp>(op) &&
        (!isa<InstructionOpInterface>(op) ||
         op.getName().getDialectNamespace() != getTarget()))
      return op.emitOpError("stands where an instruction of '")
             << getTarget() << "' was expected";
  if (failed(verifyDisjoint(*this)))
    return failure();
  auto instructions = getOps<InstructionOpInterface>();
  if (instructions.empty())
    return emitOpError("expects instructions of '") << getTarget() << "'";
  Dialect *dialect = (*instructions.begin())->getDialect();
  return dialect->getRegisteredInterface<ProgramRules>()->verify(*this);
}
