#ifndef RAREFY_RUNNER_REMARKS_H
#define RAREFY_RUNNER_REMARKS_H

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Location.h"
#include "rarefy/Support/LLVM.h"

#include <functional>
#include <string>

namespace rarefy {

/// "file:line:column" for a place in a file, a name for what has only that.
std::string formatLocation(Location location);

/// "error", "warning", "remark" or "note".
StringRef getName(DiagnosticSeverity severity);

/// What a pass says of a thing that it did, or did not do and why.
struct RemarkText {
  std::string kind; ///< "passed", "missed", "failed" or "analysis"
  std::string pass; ///< the remark's category
  std::string name;
  std::string function;
  std::string message;
  std::string location;
};

/// Hands every remark of `context`'s passes to `handler`, one at a time.
void collectRemarks(MLIRContext &context,
                    std::function<void(const RemarkText &)> handler);

} // namespace rarefy

#endif // RAREFY_RUNNER_REMARKS_H
