#ifndef RAREFY_LIB_CODEGEN_CPU_PREPAREPATTERNS_H
#define RAREFY_LIB_CODEGEN_CPU_PREPAREPATTERNS_H

#include "mlir/IR/PatternMatch.h"
#include "rarefy/Support/LLVM.h"

namespace rarefy {

/// Patterns for tensor ops that have no form on buffers, or not in all cases:
/// linalg.pack and unpack, tensor.gather, and tensor.pad that cuts off.
void populatePreparePatterns(RewritePatternSet &patterns);

} // namespace rarefy

#endif // RAREFY_LIB_CODEGEN_CPU_PREPAREPATTERNS_H
