#ifndef RAREFY_ISA_ISA_H
#define RAREFY_ISA_ISA_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/DialectInterface.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "rarefy/Support/LLVM.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <array>
#include <optional>

namespace rarefy::program {

/// How a field is written in assembly.
enum class FieldKind { Number, Flag, Set, Real };

/// One operand field of an instruction.
struct Field {
  StringLiteral name;
  /// The lowest bit of the field in the word; a field lies in one half of it.
  unsigned offset;
  unsigned width;
  /// The legal values, both ends included.
  uint64_t min;
  uint64_t max;
  FieldKind kind;
  StringLiteral description;
  /// Names of a set's members from bit 0 on, separated by blanks; empty where
  /// these are numbers.
  StringLiteral members;
};

/// Width of the opcode, the lowest bits of every word.
inline constexpr unsigned kOpcodeBits = 8;

/// One instruction: bits 0 to 63, then bits 64 to 127.
using Word = std::array<uint64_t, 2>;
inline constexpr unsigned kWordBits = 128;

/// The assembly of every instruction: `name = value` for a number, `name` for a
/// flag that is set, `name = [1, 4]` for a set, or `name = [a, b]` where its
/// members have names; a number that is left out is the least one that is
/// legal.
ParseResult parseFields(OpAsmParser &parser, OperationState &result,
                        ArrayRef<Field> fields);
void printFields(OpAsmPrinter &printer, Operation *op);

} // namespace rarefy::program

#include "rarefy/ISA/ISAEnums.h.inc"
#include "rarefy/ISA/ISAInterfaces.h.inc"
#include "rarefy/ISA/ISAOpsDialect.h.inc"
#define GET_OP_CLASSES
#include "rarefy/ISA/ISAOps.h.inc"

namespace rarefy::program {

/// The rules of a program that one instruction cannot know. Every dialect with
/// instructions has this interface.
class ProgramRules : public DialectInterface::Base<ProgramRules> {
public:
  explicit ProgramRules(Dialect *dialect) : Base(dialect) {}
  /// Checks the instructions of `program`, which are all of the dialect.
  virtual LogicalResult verify(ProgramOp program) const = 0;
};

/// The tensors of `direction` that the host has: those without a value.
SmallVector<TensorOp> getHostTensors(ProgramOp program, Direction direction);

/// Lets one-shot bufferization turn the tensors of a launch into memrefs.
void registerBufferization(DialectRegistry &registry);

/// The word of `op`. The verifier has checked that every field fits.
Word encode(InstructionOpInterface op);

/// Builds instructions of one dialect from words.
class Decoder {
public:
  Decoder(MLIRContext *context, StringRef dialect);

  /// Builds the instruction that `word` encodes. Fails with a diagnostic at
  /// `loc` when none has its opcode, when a field is out of its range, or when
  /// a bit outside the fields is set.
  FailureOr<InstructionOpInterface> decode(OpBuilder &builder, Location loc,
                                           const Word &word) const;

private:
  StringRef dialect;
  std::array<std::optional<RegisteredOperationName>, 1 << kOpcodeBits> names;
};

/// The instructions of `dialect`, in the order of their opcodes.
SmallVector<RegisteredOperationName> getInstructions(MLIRContext *context,
                                                     StringRef dialect);

/// Writes the reference page of `dialect` as Markdown: each instruction with
/// its opcode and, for each field, bits, range and meaning.
void printReference(MLIRContext *context, StringRef dialect, raw_ostream &os);

} // namespace rarefy::program

#endif // RAREFY_ISA_ISA_H
