#ifndef RAREFY_LIB_RUNNER_RUNTIME_H
#define RAREFY_LIB_RUNNER_RUNTIME_H

#include "rarefy/Support/LLVM.h"
#include "llvm/Support/Error.h"

#include <utility>

namespace rarefy {

/// A function of this library that compiled code may call.
struct RuntimeSymbol {
  StringRef name;
  void *address;
};
ArrayRef<RuntimeSymbol> getRuntimeSymbols();

/// Calls compiled code. Where that cannot go on, for lack of memory, because an
/// assertion fails or because the device refuses a launch, the error says why;
/// in a thread that the code started, the process ends.
llvm::Error runGuarded(void (*code)(int64_t *), int64_t *frame);

/// The address of one of OpenMP's functions. The library is loaded once and
/// keeps its symbols to itself: another OpenMP may live in the process.
llvm::Expected<void *> lookupOpenMP(StringRef name);

/// Sets the number of threads of the parallel regions that the calling thread
/// starts, and puts it back. Does nothing for 0.
class ThreadCountScope {
public:
  explicit ThreadCountScope(unsigned threads);
  ~ThreadCountScope();
  ThreadCountScope(const ThreadCountScope &) = delete;
  ThreadCountScope &operator=(const ThreadCountScope &) = delete;

private:
  int previous = 0;
};

} // namespace rarefy

#endif // RAREFY_LIB_RUNNER_RUNTIME_H
