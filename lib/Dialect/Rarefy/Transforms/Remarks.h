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

} // namespace rarefy

#endif // RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_REMARKS_H
