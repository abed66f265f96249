// Instruction words from ops and back, by walking each op's field list.

#include "mlir/IR/Diagnostics.h"
#include "rarefy/ISA/ISA.h"

#include "rarefy/ISA/ISAInterfaces.cpp.inc"

using namespace rarefy;
using namespace rarefy::program;

static uint64_t getMask(unsigned width) { return (uint64_t(1) << width) - 1; }

Word program::encode(InstructionOpInterface op) {
  Word word = {op.getOpcode(), 0};
  for (const Field &field : op.getFields()) {
    auto attr = cast<IntegerAttr>(op->getAttr(field.name));
    word[field.offset / 64] |= attr.getValue().getZExtValue()
                               << (field.offset % 64);
  }
  return word;
}

SmallVector<RegisteredOperationName>
program::getInstructions(MLIRContext *context, StringRef dialect) {
  SmallVector<RegisteredOperationName> names;
  for (RegisteredOperationName name : context->getRegisteredOperations())
    if (name.getDialectNamespace() == dialect &&
        name.hasInterface<InstructionOpInterface>())
      names.push_back(name);
  llvm::sort(names, [](RegisteredOperationName a, RegisteredOperationName b) {
    return a.getInterface<InstructionOpInterface>()->getOpcode() <
           b.getInterface<InstructionOpInterface>()->getOpcode();
  });
  return names;
}

Decoder::Decoder(MLIRContext *context, StringRef dialect) : dialect(dialect) {
  for (RegisteredOperationName name : getInstructions(context, dialect))
    names[name.getInterface<InstructionOpInterface>()->getOpcode()] = name;
}

FailureOr<InstructionOpInterface>
Decoder::decode(OpBuilder &builder, Location loc, const Word &word) const {
  uint64_t opcode = word[0] & getMask(kOpcodeBits);
  std::optional<RegisteredOperationName> name = names[opcode];
  if (!name)
    return emitError(loc) << "expected the opcode of a '" << dialect
                          << "' instruction, found " << opcode;
  OperationState state(loc, *name);
  Word rest = {word[0] & ~getMask(kOpcodeBits), word[1]};
  for (const Field &field :
       name->getInterface<InstructionOpInterface>()->getFields()) {
    unsigned shift = field.offset % 64;
    uint64_t &half = rest[field.offset / 64];
    uint64_t value = (half >> shift) & getMask(field.width);
    half &= ~(getMask(field.width) << shift);
    if (field.kind == FieldKind::Real && value > field.max)
      return emitError(loc) << "'" << *name << "' expects '" << field.name
                            << "' to be finite and not negative";
    if (value < field.min || value > field.max)
      return emitError(loc)
             << "'" << *name << "' expects '" << field.name << "' from "
             << field.min << " to " << field.max << ", found " << value;
    state.addAttribute(field.name, builder.getI64IntegerAttr(value));
  }
  if (rest[0] || rest[1])
    return emitError(loc) << "'" << *name
                          << "' expects zeros outside its fields";
  return cast<InstructionOpInterface>(builder.create(state));
}
