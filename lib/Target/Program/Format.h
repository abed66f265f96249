#ifndef RAREFY_LIB_TARGET_PROGRAM_FORMAT_H
#define RAREFY_LIB_TARGET_PROGRAM_FORMAT_H

#include "mlir/IR/MLIRContext.h"
#include "rarefy/ISA/ISA.h"
#include "llvm/ADT/StringRef.h"
#include <string>

namespace rarefy {

inline constexpr StringLiteral kDataPrefix = ".data.";
inline constexpr StringLiteral kTensorSection = ".rarefy.tensors";
inline constexpr StringLiteral kNoteSection = ".note.rarefy";
inline constexpr StringLiteral kNoteOwner = "Rarefy";
inline constexpr unsigned kNoteType = 1;
inline constexpr unsigned kWordBytes = program::kWordBits / 8;

/// A number that changes with any field of any instruction of `dialect`.
std::string getFingerprint(MLIRContext *context, StringRef dialect);

} // namespace rarefy

#endif // RAREFY_LIB_TARGET_PROGRAM_FORMAT_H
