#ifndef RAREFY_CONVERSION_PASSES_H
#define RAREFY_CONVERSION_PASSES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "rarefy/Support/LLVM.h"

namespace rarefy {

#define GEN_PASS_DECL
#include "rarefy/Conversion/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "rarefy/Conversion/Passes.h.inc"

} // namespace rarefy

#endif // RAREFY_CONVERSION_PASSES_H
