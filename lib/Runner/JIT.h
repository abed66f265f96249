#ifndef RAREFY_LIB_RUNNER_JIT_H
#define RAREFY_LIB_RUNNER_JIT_H

#include "Constants.h"
#include "rarefy/Runner/Program.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Target/TargetMachine.h"

#include <memory>

namespace rarefy {

/// Runs LLVM's optimiser on `module`.
void optimize(llvm::Module &module, llvm::TargetMachine &machine,
              unsigned optLevel);

/// The object file that `machine` makes of `module`.
llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
generateObject(llvm::Module &module, llvm::TargetMachine &machine);

/// Machine code in this process.
class LoadedCode {
public:
  /// Loads `object`, whose undefined symbols are `constants`, the runtime's
  /// or the process's, and finds `symbol` in it.
  static llvm::Expected<std::unique_ptr<LoadedCode>>
  load(std::unique_ptr<llvm::MemoryBuffer> object,
       ArrayRef<BoundConstant> constants, StringRef symbol);
  ~LoadedCode();

  void *getAddress() const { return address; }

private:
  struct Session;
  LoadedCode();
  std::unique_ptr<Session> session;
  void *address = nullptr;
};

} // namespace rarefy

#endif // RAREFY_LIB_RUNNER_JIT_H
