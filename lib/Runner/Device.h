#ifndef RAREFY_LIB_RUNNER_DEVICE_H
#define RAREFY_LIB_RUNNER_DEVICE_H

#include "rarefy/Conversion/Launch.h"
#include "rarefy/Runner/DeviceStatistics.h"

#include <memory>
#include <mutex>

namespace rarefy {

/// A simulated SpAtten that compiled code launches programs on, one at a time.
class Device {
public:
  explicit Device(SpAttenConfig config);
  ~Device();

  /// Runs the program file on `tensors`, its inputs and then its outputs. A
  /// file is read once: its bytes stay where they are and as they are.
  llvm::Error launch(StringRef file, ArrayRef<LaunchTensor> tensors);

  DeviceStatistics getStatistics() const;

private:
  struct LoadedProgram;
  llvm::Expected<LoadedProgram &> load(StringRef file);

  const SpAttenConfig config;
  /// The programs' own; nothing of the module that was compiled is left.
  MLIRContext context;
  mutable std::mutex mutex;
  /// In the order of their first launches.
  std::vector<std::unique_ptr<LoadedProgram>> programs;
};

} // namespace rarefy

#endif // RAREFY_LIB_RUNNER_DEVICE_H
