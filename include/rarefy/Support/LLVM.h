#ifndef RAREFY_SUPPORT_LLVM_H
#define RAREFY_SUPPORT_LLVM_H

#include "mlir/Support/LLVM.h"

/// The project's namespace. It sees MLIR's names without qualification.
namespace rarefy {
using namespace mlir;
} // namespace rarefy

#endif // RAREFY_SUPPORT_LLVM_H
