#ifndef RAREFY_CONVERSION_LAUNCH_H
#define RAREFY_CONVERSION_LAUNCH_H

#include "rarefy/Support/LLVM.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>

namespace rarefy {

/// What compiled code passes for each tensor of a launch: a buffer without
/// gaps.
struct LaunchTensor {
  void *data;
  int64_t elementBytes;
};

/// The function that a launch calls, of type
///   void (void *device, const void *file, int64_t size,
///         const LaunchTensor *tensors, int64_t count)
/// with the bytes of a program file, its inputs and then its outputs. It does
/// not return where the launch fails: the call of the compiled code does.
inline constexpr llvm::StringLiteral kLaunchSymbol = "rarefyLaunch";
/// The variable whose address is the device.
inline constexpr llvm::StringLiteral kDeviceSymbol = "rarefyDevice";

} // namespace rarefy

#endif // RAREFY_CONVERSION_LAUNCH_H
