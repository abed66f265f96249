#ifndef RAREFY_UNITTESTS_SIM_MEMORYREFERENCE_H
#define RAREFY_UNITTESTS_SIM_MEMORYREFERENCE_H

#include "rarefy/Hardware/MemoryConfig.h"
#include <vector>

namespace rarefy {

struct ReferenceResult {
  uint64_t completed = 0;
  uint64_t rowHits = 0, rowMisses = 0, rowConflicts = 0, refreshes = 0;
};

/// Reads transactions of one channel as the rules say, cycle by cycle: slow,
/// and without any of the shortcuts of the simulator's memory.
ReferenceResult readCycleByCycle(const MemoryConfig &config,
                                 const std::vector<uint64_t> &addresses);

} // namespace rarefy

#endif // RAREFY_UNITTESTS_SIM_MEMORYREFERENCE_H
