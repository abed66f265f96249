// The few functions that compiled code calls and that no system library is
// sure to have, and OpenMP.

#include "Runtime.h"
#include "Device.h"

#include "rarefy/Runner/Program.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/bit.h"

#include <csetjmp>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <string>

using namespace rarefy;

namespace {
/// How `memref.copy` passes an operand.
struct UnrankedMemRef {
  int64_t rank;
  char **descriptor;
};

struct Strided {
  char *data;
  const int64_t *sizes, *strides;

  explicit Strided(const UnrankedMemRef &memref) {
    auto *words = reinterpret_cast<int64_t *>(memref.descriptor);
    data = memref.descriptor[1];
    sizes = words + 3;
    strides = sizes + memref.rank;
  }
};

void copyDimensions(int64_t rank, int64_t bytes, const int64_t *sizes,
                    char *source, const int64_t *sourceStrides, char *target,
                    const int64_t *targetStrides) {
  if (rank == 0) {
    std::memcpy(target, source, bytes);
    return;
  }
  if (rank == 1 && *sourceStrides == 1 && *targetStrides == 1) {
    std::memcpy(target, source, bytes * *sizes);
    return;
  }
  for (int64_t i = 0; i < *sizes; ++i)
    copyDimensions(rank - 1, bytes, sizes + 1,
                   source + i * *sourceStrides * bytes, sourceStrides + 1,
                   target + i * *targetStrides * bytes, targetStrides + 1);
}

/// Called by the lowering of a `memref.copy` between strided buffers.
void memrefCopy(int64_t bytes, UnrankedMemRef *source, UnrankedMemRef *target) {
  Strided from(*source), to(*target);
  const auto *fromWords = reinterpret_cast<int64_t *>(source->descriptor);
  const auto *toWords = reinterpret_cast<int64_t *>(target->descriptor);
  for (int64_t i = 0; i < source->rank; ++i)
    if (from.sizes[i] == 0)
      return;
  copyDimensions(source->rank, bytes, from.sizes,
                 from.data + fromWords[2] * bytes, from.strides,
                 to.data + toWords[2] * bytes, to.strides);
}

// LLVM passes a 16-bit float in the low half of the register that holds a
// 32-bit one, so these take and return `float` and need no compiler that
// knows the small types.
template <const llvm::fltSemantics &(*semantics)(), typename T>
float truncateFloat(T number) {
  llvm::APFloat value(number);
  bool losesInfo;
  value.convert(semantics(), llvm::APFloat::rmNearestTiesToEven, &losesInfo);
  return llvm::bit_cast<float>(
      static_cast<uint32_t>(value.bitcastToAPInt().getZExtValue()));
}

float extendHalf(float half) {
  llvm::APFloat value(llvm::APFloat::IEEEhalf(),
                      llvm::APInt(16, llvm::bit_cast<uint32_t>(half) & 0xffff));
  bool losesInfo;
  value.convert(llvm::APFloat::IEEEsingle(), llvm::APFloat::rmTowardZero,
                &losesInfo);
  return value.convertToFloat();
}

/// A call that is running in this thread, and how to leave it.
struct Guard {
  std::jmp_buf exit;
  std::string message;
};
thread_local Guard *currentGuard = nullptr;
/// What the assertion that is about to fail says.
thread_local std::string assertion;

bool isInParallelRegion() {
  llvm::Expected<void *> query = lookupOpenMP("omp_in_parallel");
  if (query)
    return reinterpret_cast<int (*)()>(*query)();
  llvm::consumeError(query.takeError());
  return false;
}

/// Leaves compiled code, which has nothing to clean up but memory.
[[noreturn]] void fail(const std::string &message) {
  if (!currentGuard || isInParallelRegion()) {
    llvm::errs() << "error: " << message << "\n";
    std::_Exit(1);
  }
  currentGuard->message = message;
  std::longjmp(currentGuard->exit, 1);
}

void *require(void *memory, size_t bytes) {
  if (!memory && bytes)
    fail("not enough memory for " + std::to_string(bytes) + " bytes");
  return memory;
}

void *allocate(size_t bytes) { return require(std::malloc(bytes), bytes); }

void *allocateAligned(size_t alignment, size_t bytes) {
  return require(std::aligned_alloc(alignment, bytes), bytes);
}

void *allocateZeros(size_t count, size_t bytes) {
  return require(std::calloc(count, bytes), count * bytes);
}

/// Compiled code announces why it aborts with `puts`. MLIR's own checks say
/// "ERROR: ...", "^ what is wrong" and "Location: loc(where)" on three lines.
int announce(const char *text) {
  auto [head, rest] = StringRef(text).split('\n');
  auto [what, where] = rest.split('\n');
  if (what.consume_front("^ ") && where.consume_front("Location: loc(")) {
    where.consume_back(")");
    assertion = (where + ": " + what).str();
    llvm::erase(assertion, '"');
  } else {
    assertion = text;
  }
  return 0;
}

[[noreturn]] void abortCode() { fail("assertion failed: " + assertion); }

/// What the device said of the launch that has just failed.
thread_local std::string launchError;

bool tryLaunch(Device *device, StringRef file, ArrayRef<LaunchTensor> tensors) {
  llvm::Error error = device->launch(file, tensors);
  bool failed = static_cast<bool>(error);
  launchError = llvm::toString(std::move(error));
  return !failed;
}

/// Called by what is left of an `isa.launch`.
void launch(Device *device, const char *file, int64_t size,
            const LaunchTensor *tensors, int64_t count) {
  if (!tryLaunch(device, StringRef(file, size), ArrayRef(tensors, count)))
    fail(launchError);
}

template <typename T> void *address(T *function) {
  return reinterpret_cast<void *>(function);
}
} // namespace

ArrayRef<RuntimeSymbol> rarefy::getRuntimeSymbols() {
  using llvm::APFloat;
  static const RuntimeSymbol symbols[] = {
      {"memrefCopy", address(memrefCopy)},
      {"malloc", address(allocate)},
      {"aligned_alloc", address(allocateAligned)},
      {"calloc", address(allocateZeros)},
      {"puts", address(announce)},
      {"abort", address(abortCode)},
      {kLaunchSymbol, address(launch)},
      {"__extendhfsf2", address(extendHalf)},
      {"__truncsfhf2", address(truncateFloat<APFloat::IEEEhalf, float>)},
      {"__truncdfhf2", address(truncateFloat<APFloat::IEEEhalf, double>)},
      {"__truncsfbf2", address(truncateFloat<APFloat::BFloat, float>)},
      {"__truncdfbf2", address(truncateFloat<APFloat::BFloat, double>)},
  };
  return symbols;
}

llvm::Error rarefy::runGuarded(void (*code)(int64_t *), int64_t *frame) {
  Guard guard;
  Guard *outer = currentGuard;
  currentGuard = &guard;
  bool failed = setjmp(guard.exit);
  if (!failed)
    code(frame);
  currentGuard = outer;
  if (failed)
    return llvm::createStringError(guard.message);
  return llvm::Error::success();
}

static void *loadOpenMP() {
  for (const char *name : {RAREFY_OPENMP_LIBRARY, "libomp.so.5", "libomp.so"})
    if (void *library = dlopen(name, RTLD_NOW | RTLD_LOCAL))
      return library;
  return nullptr;
}

llvm::Expected<void *> rarefy::lookupOpenMP(StringRef name) {
  static void *library = loadOpenMP();
  if (!library)
    return llvm::createStringError(
        "cannot load OpenMP's library: expected '" RAREFY_OPENMP_LIBRARY
        "' or libomp.so.5 on the library path");
  if (void *symbol = dlsym(library, name.str().c_str()))
    return symbol;
  return llvm::createStringError("OpenMP's library has no '" + name + "'");
}

namespace {
struct ThreadCount {
  int (*get)() = nullptr;
  void (*set)(int) = nullptr;

  ThreadCount() {
    llvm::Expected<void *> getter = lookupOpenMP("omp_get_max_threads");
    llvm::Expected<void *> setter = lookupOpenMP("omp_set_num_threads");
    if (getter && setter) {
      get = reinterpret_cast<int (*)()>(*getter);
      set = reinterpret_cast<void (*)(int)>(*setter);
    }
    // Code that needs the library has failed to link before.
    llvm::consumeError(getter.takeError());
    llvm::consumeError(setter.takeError());
  }
};
const ThreadCount &getThreadCount() {
  static const ThreadCount functions;
  return functions;
}
} // namespace

ThreadCountScope::ThreadCountScope(unsigned threads) {
  if (threads == 0 || !getThreadCount().get)
    return;
  previous = getThreadCount().get();
  getThreadCount().set(static_cast<int>(threads));
}

ThreadCountScope::~ThreadCountScope() {
  if (previous)
    getThreadCount().set(previous);
}

unsigned rarefy::countThreads(unsigned threads) {
  ThreadCountScope scope(threads);
  return getThreadCount().get ? getThreadCount().get() : 1;
}
