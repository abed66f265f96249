// Remarks of a pass, in MLIR's remark engine. Not installed.

#ifndef RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_REMARKS_H
#define RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_REMARKS_H

#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "rarefy/Support/LLVM.h"

namespace rarefy {

/// Where remarks of one pass on one function come from.
struct Remarks {
  StringRef pass;
  FunctionOpInterface function;

  remark::RemarkOpts named(StringRef name) {
    return remark::RemarkOpts::name(name).category(pass).function(
        function.getName());
  }
};

/// Calls `visit` for each function with a body, until it fails.
inline LogicalResult
forEachFunction(Operation *root,
                function_ref<LogicalResult(FunctionOpInterface)> visit) {
  SmallVector<FunctionOpInterface> functions;
  root->walk([&](FunctionOpInterface function) {
    if (!function.isExternal())
      functions.push_back(function);
  });
  for (FunctionOpInterface function : functions)
    if (failed(visit(function)))
      return failure();
  return success();
}

/// Sums up a cascade: its layers, its cuts and what multiply-adds it saves, if
/// sizes are static.
void reportCascade(Remarks remarks, size_t layers, size_t cuts,
                   Operation *after);

} // namespace rarefy

#endif // RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_REMARKS_H
