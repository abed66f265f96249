#ifndef RAREFY_CODEGEN_CPU_PASSES_H
#define RAREFY_CODEGEN_CPU_PASSES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Pass/Pass.h"
#include "rarefy/Support/LLVM.h"

namespace rarefy {
#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "rarefy/Codegen/CPU/Passes.h.inc"
} // namespace rarefy

#endif // RAREFY_CODEGEN_CPU_PASSES_H
