#ifndef RAREFY_RUNNER_DEVICESTATISTICS_H
#define RAREFY_RUNNER_DEVICESTATISTICS_H

#include "rarefy/Sim/SpAtten.h"

#include <string>
#include <vector>

namespace rarefy {

/// What the simulated device of a program has done in all calls so far.
struct DeviceStatistics {
  struct Launches {
    std::string program;
    uint64_t count = 0;
    /// Summed over the launches.
    spatten::Statistics sum;
  };
  SpAttenConfig config;
  /// By program, in the order of their first launches.
  std::vector<Launches> programs;

  /// Of all programs.
  Launches getTotal() const;
  /// The total as one run's statistics have it, with the number of `launches`
  /// and the same for each of the `programs`.
  llvm::json::Object toJSON() const;
  /// A line for each program and one for all.
  void printTable(raw_ostream &os) const;
};

} // namespace rarefy

#endif // RAREFY_RUNNER_DEVICESTATISTICS_H
