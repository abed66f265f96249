// The reference page of an instruction set.

#include "rarefy/ISA/ISA.h"
#include "llvm/Support/Format.h"

using namespace rarefy;
using namespace rarefy::program;

void program::printReference(MLIRContext *context, StringRef dialect,
                             raw_ostream &os) {
  os << "# Instructions of `" << dialect << "`\n\nA word has " << kWordBits
     << " bits; bits 0 to " << kOpcodeBits - 1 << " are the opcode.\n";
  for (RegisteredOperationName name : getInstructions(context, dialect)) {
    auto *instruction = name.getInterface<InstructionOpInterface>();
    os << "\n## `" << name << "`, opcode "
       << llvm::format_hex(instruction->getOpcode(), 4) << "\n";
    if (instruction->getFields().empty())
      continue;
    os << "\n| field | bits | range | meaning |\n|---|---|---|---|\n";
    for (const Field &field : instruction->getFields())
      os << "| `" << field.name << "` | " << field.offset << " to "
         << field.offset + field.width - 1 << " | " << field.min << " to "
         << field.max << " | " << field.description
         << (field.members.empty() ? "" : ", from bit 0: ") << field.members
         << " |\n";
  }
}
