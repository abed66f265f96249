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
  /// Conversion between f16 and f32 in hardware.
  bool halfConversion = false;
  /// u8 x s8 products summed into i32 lanes (vpdpbusd).
  bool int8Dot = false;
  /// bf16 products summed into f32 lanes (vdpbf16ps).
  bool bf16Dot = false;
  /// A mask register for each vector operation.
  bool maskRegisters = false;

  /// Per core, in bytes; l3Bytes is shared.
  int64_t l1Bytes = 32 << 10;
  int64_t l2Bytes = 512 << 10;
  int64_t l3Bytes = 8 << 20;
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
