// Pass pipelines as text.

#include "rarefy/Runner/Passes.h"

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

using namespace rarefy;

llvm::Error rarefy::parsePasses(StringRef text, OpPassManager &pm) {
  std::string message;
  llvm::raw_string_ostream stream(message);
  text = text.trim();
  // Nested as written, "builtin.module(...)" would run on the modules inside
  // the module: on nothing.
  if (text.starts_with("builtin.module(")) {
    FailureOr<OpPassManager> parsed = parsePassPipeline(text, stream);
    if (succeeded(parsed)) {
      pm = std::move(*parsed);
      return llvm::Error::success();
    }
  } else if (succeeded(parsePassPipeline(text, pm, stream))) {
    return llvm::Error::success();
  }
  return llvm::createStringError("in passes '" + text +
                                 "': " + StringRef(message).trim());
}

llvm::Error rarefy::runPasses(ModuleOp module, StringRef text) {
  if (text.trim().empty())
    return llvm::Error::success();
  PassManager pm(module->getContext(), ModuleOp::getOperationName(),
                 OpPassManager::Nesting::Implicit);
  if (llvm::Error error = parsePasses(text, pm))
    return error;
  if (failed(pm.run(module)))
    return llvm::createStringError("");
  return llvm::Error::success();
}
