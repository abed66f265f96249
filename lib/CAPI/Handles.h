#ifndef RAREFY_LIB_CAPI_HANDLES_H
#define RAREFY_LIB_CAPI_HANDLES_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "rarefy-c/Rarefy.h"
#include "rarefy/Runner/Program.h"

#include <memory>
#include <string>
#include <vector>

namespace rarefy {

/// An MLIR context with the callbacks of its owner. Modules and programs share
/// it, so that it lives as long as any of them.
class ContextState {
public:
  ContextState();

  void report(RarefySeverity severity, StringRef location, StringRef message);
  /// Reports `error`; nothing if its text is empty, because the passes did.
  void report(llvm::Error error);
  void setRemarkCallback(RarefyRemarkCallback callback, void *userData);

  MLIRContext context;
  RarefyDiagnosticCallback diagnosticCallback = nullptr;
  void *diagnosticUserData = nullptr;

private:
  RarefyRemarkCallback remarkCallback = nullptr;
  void *remarkUserData = nullptr;
};

inline RarefyString wrap(StringRef text) { return {text.data(), text.size()}; }
inline StringRef unwrap(RarefyString text) { return {text.data, text.size}; }
inline std::vector<std::string> unwrap(const RarefyString *texts,
                                       size_t count) {
  std::vector<std::string> strings;
  for (RarefyString text : llvm::ArrayRef(texts, count))
    strings.push_back(unwrap(text).str());
  return strings;
}
inline ArrayView unwrap(const RarefyArray &array) {
  return {array.data, static_cast<ElementType>(array.type),
          llvm::ArrayRef(array.shape, array.rank)};
}

} // namespace rarefy

struct RarefyOpaqueContext {
  std::shared_ptr<rarefy::ContextState> state;
};

struct RarefyOpaqueModule {
  std::shared_ptr<rarefy::ContextState> state;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

struct RarefyOpaqueProgram {
  std::shared_ptr<rarefy::ContextState> state;
  std::unique_ptr<rarefy::Program> program;
};

struct RarefyOpaqueResults {
  llvm::SmallVector<rarefy::Array, 2> arrays;
};

#endif // RAREFY_LIB_CAPI_HANDLES_H
