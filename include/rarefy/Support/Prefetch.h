#ifndef RAREFY_SUPPORT_PREFETCH_H
#define RAREFY_SUPPORT_PREFETCH_H

#include "llvm/Support/Compiler.h"
#include <cstddef>

namespace rarefy {

/// Asks the memory of the machine that this runs on for `bytes` bytes, one at
/// least, that are needed soon and that its processor cannot guess.
inline void prefetch(const void *start, size_t bytes) {
  constexpr size_t line = 64;
  auto *first = static_cast<const char *>(start);
  for (size_t at = 0; at < bytes; at += line)
    LLVM_PREFETCH(first + at, /*rw=*/0, /*locality=*/3);
  LLVM_PREFETCH(first + bytes - 1, /*rw=*/0, /*locality=*/3);
}

} // namespace rarefy

#endif // RAREFY_SUPPORT_PREFETCH_H
