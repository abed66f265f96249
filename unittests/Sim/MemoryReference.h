#ifndef RAREFY_UNITTESTS_SIM_MEMORYREFERENCE_H
#define RAREFY_UNITTESTS_SIM_MEMORYREFERENCE_H

#include "rarefy/Sim/Memory.h"
#include <vector>

namespace rarefy {

/// A transaction at each address.
struct ReferenceAccess {
  uint64_t start;
  std::vector<uint64_t> addresses;
  bool write = false;
};

struct ReferenceResult {
  /// Of each access: the cycle after its last request, that of its last data.
  std::vector<uint64_t> issued, completed;
  uint64_t rowHits = 0, rowMisses = 0, rowConflicts = 0, refreshes = 0;
};

/// Makes accesses to one channel as the rules say, cycle by cycle: slow, and
/// without any of the shortcuts of the simulator's memory.
ReferenceResult
accessCycleByCycle(const MemoryConfig &config,
                   const std::vector<ReferenceAccess> &accesses);

} // namespace rarefy

#endif // RAREFY_UNITTESTS_SIM_MEMORYREFERENCE_H
