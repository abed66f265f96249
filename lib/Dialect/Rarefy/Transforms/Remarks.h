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
  /// `what` was left as it is.
  void missed(StringRef name, Location loc, StringRef what, StringRef why) {
    remark::missed(loc, named(name))
        << what << remark::reason("{0}", why.str());
  }
};

/// Calls `visit` for each function with a body, until it fails.
inline LogicalResult
forEachFunction(StringRef pass, Operation *root,
                function_ref<LogicalResult(Remarks)> visit) {
  SmallVector<FunctionOpInterface> functions;
  root->walk([&](FunctionOpInterface function) {
    if (!function.isExternal())
      functions.push_back(function);
  });
  for (FunctionOpInterface function : functions)
    if (failed(visit({pass, function})))
      return failure();
  return success();
}

} // namespace rarefy

#endif // RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_REMARKS_H
