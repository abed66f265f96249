#ifndef RAREFY_SIM_MEMORY_H
#define RAREFY_SIM_MEMORY_H

#include "rarefy/Hardware/MemoryConfig.h"
#include "llvm/ADT/ArrayRef.h"
#include <cstdint>
#include <memory>
#include <vector>

namespace rarefy {

/// Consecutive bytes to move.
struct Segment {
  uint64_t address;
  uint32_t bytes;
};

/// When an access was over: its last request had left, so that the next access
/// can start; its last data had come.
struct Transfer {
  uint64_t issued;
  uint64_t completed;
};

struct MemoryStatistics {
  uint64_t transactions = 0;
  /// What was asked for; the rest of the transactions' bytes is waste.
  uint64_t usefulBytes = 0;
  /// Of transactions: found the row open, the bank closed, another row open.
  uint64_t rowHits = 0;
  uint64_t rowMisses = 0;
  uint64_t rowConflicts = 0;
  uint64_t refreshes = 0;
  /// Per channel, the cycles that data was on the bus, summed over its
  /// pseudo-channels.
  std::vector<uint64_t> busBusyCycles;

  /// Adds what another run on the same machine did; nothing has been done yet
  /// where there are no channels.
  MemoryStatistics &operator+=(const MemoryStatistics &other);
};

/// Cycles of an HBM memory behind a crossbar. A request is for one transaction;
/// each channel takes one a cycle, or in its turn where an accelerator has
/// fewer ports. It has a number of them outstanding, serves the oldest whose
/// next command is allowed - those for a bank's open row in order -, leaves
/// rows open, and returns in the order of service. What is allowed when is said
/// by the configuration's timing table, and by nothing else.
///
/// Accesses are made in order: each starts issuing when the one before has
/// issued, and both are then in flight together. `completed` is what follows
/// from all accesses so far; later ones can at most delay it.
class Memory {
public:
  /// `config` has been resolved.
  explicit Memory(const MemoryConfig &config);
  Memory(Memory &&);
  ~Memory();

  /// Reads or writes `segments` from `startCycle` on, or from when the access
  /// before has issued if that is later.
  Transfer access(uint64_t startCycle, llvm::ArrayRef<Segment> segments,
                  bool write);

  /// Of all accesses, including what they still have in flight.
  MemoryStatistics statistics() const;

private:
  class Channels;
  std::unique_ptr<Channels> channels;
};

} // namespace rarefy

#endif // RAREFY_SIM_MEMORY_H
