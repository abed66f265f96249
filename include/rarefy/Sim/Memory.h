#ifndef RAREFY_SIM_MEMORY_H
#define RAREFY_SIM_MEMORY_H

#include "rarefy/Hardware/MemoryConfig.h"
#include "llvm/ADT/ArrayRef.h"
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace rarefy {

/// Consecutive bytes to move.
struct Segment {
  uint64_t address;
  uint32_t bytes;
};

/// The last data of an access has come. Accesses are numbered from 0 on.
struct Completion {
  uint64_t access;
  uint64_t cycle;
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
/// issued, and both are then in flight together. When an access completes is
/// known once no access that is still to come can change that: whoever makes
/// accesses in the order of time asks for what completes until the next.
class Memory {
public:
  /// `config` has been resolved.
  explicit Memory(const MemoryConfig &config);
  Memory(Memory &&);
  ~Memory();

  /// Reads or writes `segments` from `startCycle` on, or from when the access
  /// before has issued if that is later. Returns when its last request has
  /// left, so that the next access can start.
  uint64_t access(uint64_t startCycle, llvm::ArrayRef<Segment> segments,
                  bool write);

  /// An access that has completed, each once and in any order; none if no other
  /// does up to `cycle`. Accesses to come start in that cycle or later, or when
  /// one completes that was not known to.
  std::optional<Completion> complete(uint64_t cycle);

  /// When the latest access completes; the next one starts then or later. If
  /// `complete` has said it, when the next one can start.
  uint64_t wait();

  /// Of all accesses, including what they still have in flight.
  MemoryStatistics statistics() const;

private:
  class Channels;
  std::unique_ptr<Channels> channels;
};

} // namespace rarefy

#endif // RAREFY_SIM_MEMORY_H
