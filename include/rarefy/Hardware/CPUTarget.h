#ifndef RAREFY_HARDWARE_CPUTARGET_H
#define RAREFY_HARDWARE_CPUTARGET_H

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <cstdint>
#include <string>
#include <vector>

namespace rarefy {

/// What tiling, packing and code generation know of a processor: the features
/// that LLVM reports for it, and the sizes of its caches.
struct CPUTarget {
  /// LLVM's name of the processor, for `target-cpu`.
  std::string cpu;
  /// LLVM's feature string; empty if the name says everything.
  std::string features;

  unsigned vectorBits = 128;
  unsigned vectorRegisters = 16;
  /// Fused multiply-add on vectors.
  bool fma = false;

  /// Per core, in bytes.
  int64_t l1Bytes = 32 << 10;
  int64_t l2Bytes = 512 << 10;
  /// Of the host, whatever the processor: how many parts work is shared in.
  unsigned cores = 1;
  /// Work, in clocks of one core, below which threads do not pay.
  int64_t minParallelClocks = 50000;

  /// Lanes of a vector register for elements of `bits` bits.
  int64_t lanes(unsigned bits) const { return vectorBits / bits; }

  /// The target named `cpu` as LLVM names processors, or, for "native", the
  /// host with the features and caches that it reports.
  static llvm::Expected<CPUTarget> get(llvm::StringRef cpu);
};

/// What generated code may use on the x86 processor `cpu` and a machine with
/// the features `host` lacks. Virtual machines hide features; those that a
/// compiler uses only when asked for one by name do not count.
std::vector<std::string> findMissingFeatures(llvm::StringRef cpu,
                                             const llvm::StringMap<bool> &host);

} // namespace rarefy

#endif // RAREFY_HARDWARE_CPUTARGET_H
