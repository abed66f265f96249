// The host's side of a program: its tensors, and the launch.

#include "rarefy/ISA/ISA.h"
#include "rarefy/Support/Bufferization.h"
#include "rarefy/Support/DestinationStyle.h"

using namespace rarefy;
using namespace rarefy::program;

SmallVector<TensorOp> program::getHostTensors(ProgramOp program,
                                              Direction direction) {
  SmallVector<TensorOp> tensors;
  for (auto tensor : program.getOps<TensorOp>())
    if (tensor.getDirection() == direction && !tensor.getValue())
      tensors.push_back(tensor);
  return tensors;
}

void LaunchOp::getEffects(
    SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  addDpsEffects(*this, effects);
}

/// Whether the host may have `host` where the device has `device`: the same
/// shape and element, or an integer at least as wide.
static bool isHolder(ShapedType host, ShapedType device) {
  if (host.getShape() != device.getShape())
    return false;
  Type wide = host.getElementType(), narrow = device.getElementType();
  return isa<IntegerType>(wide) && isa<IntegerType>(narrow)
             ? wide.getIntOrFloatBitWidth() >= narrow.getIntOrFloatBitWidth()
             : wide == narrow;
}

/// Compares the operands with the tensors of the program.
static LogicalResult verifyTensors(LaunchOp op, ArrayRef<TensorOp> tensors,
                                   ValueRange operands, StringRef what) {
  if (tensors.size() != operands.size())
    return op.emitOpError("expects ")
           << tensors.size() << " " << what << ", found " << operands.size();
  for (auto [named, operand] : llvm::zip_equal(tensors, operands)) {
    TensorOp tensor = named;
    ShapedType type = tensor.getType();
    if (!isHolder(cast<ShapedType>(operand.getType()), type))
      return op.emitOpError("expects ")
             << tensor.getSymNameAttr() << " as " << type
             << (type.getElementType().isInteger() ? " or in wider integers"
                                                   : "")
             << ", found " << operand.getType();
  }
  return success();
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbols) {
  auto program =
      symbols.lookupNearestSymbolFrom<ProgramOp>(*this, getProgramAttr());
  if (!program)
    return emitOpError("expects the name of a program, found ")
           << getProgramAttr();
  if (auto states = getHostTensors(program, Direction::State); !states.empty())
    return emitOpError("expects a program without 'state' tensors, found ")
           << states.front().getSymNameAttr();
  return success(
      succeeded(verifyTensors(*this, getHostTensors(program, Direction::In),
                              getInputs(), "ins")) &&
      succeeded(verifyTensors(*this, getHostTensors(program, Direction::Out),
                              getInits(), "outs")));
}

/// The outputs are written as a whole.
static bool readsInit(Operation *, OpOperand &) { return false; }

void program::registerBufferization(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, ISADialect *) {
    LaunchOp::attachInterface<DpsBufferization<LaunchOp, readsInit>>(*context);
  });
}
