#ifndef RAREFY_TARGET_PROGRAM_PROGRAMFILE_H
#define RAREFY_TARGET_PROGRAM_PROGRAMFILE_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "rarefy/ISA/ISA.h"
#include "rarefy/Support/LLVM.h"
#include "llvm/Support/MemoryBufferRef.h"

namespace rarefy {

/// Writes `program` as a 64-bit little-endian ELF file, whatever its
/// instruction set:
///   .text            the instruction words; the program's symbol
///   .data.<tensor>   the bytes of a tensor with a value, at its address
///   .symtab          a symbol for each tensor: name, address, size
///   .rarefy.tensors  for each of these symbols, direction and type as text
///   .note.rarefy     instruction set, its fingerprint, and the configuration
/// Fails with a diagnostic at the op that a file cannot hold, and has then
/// written nothing.
LogicalResult writeProgramFile(program::ProgramOp program, raw_ostream &os);

/// Reads what `writeProgramFile` wrote: a module with one verified program. Any
/// other file is refused with one error that names the buffer.
OwningOpRef<ModuleOp> readProgramFile(llvm::MemoryBufferRef buffer,
                                      MLIRContext *context);

} // namespace rarefy

#endif // RAREFY_TARGET_PROGRAM_PROGRAMFILE_H
