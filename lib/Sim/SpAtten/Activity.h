#ifndef RAREFY_LIB_SIM_SPATTEN_ACTIVITY_H
#define RAREFY_LIB_SIM_SPATTEN_ACTIVITY_H

#include "rarefy/Sim/SpAtten.h"

namespace rarefy::spatten {

/// Parts of the state that only whole instructions read or write. Those of a
/// row come once for each lane of each slot.
enum class Register {
  Query,
  Scores = Query + kSlots * kLanes,
  Probabilities = Scores + kSlots * kLanes,
  Flag = Probabilities + kSlots * kLanes,
  Output = Flag + kSlots * kLanes,
  Selected = Output + kSlots * kLanes,
  TokenImportance = Selected + kSlots,
  HeadImportance,
  Protected,
  Scales,
  Vector,
  Product,
  TokenList,
  TokenSelection,
  HeadList,
  HeadSelection
};
inline constexpr unsigned kRegisters = unsigned(Register::HeadSelection) + 1;

/// A part of the state that an instruction reads or writes.
struct Use {
  /// Low bits of keys are columns of their own.
  enum Kind { Single, KeyLines, KeyLowLines, ValueLines, Memory };
  Kind kind;
  bool write;
  /// A `Register`, a line, or an address.
  uint64_t first;
  uint64_t count = 1;
};

/// What an instruction did, as far as its cycles depend on it.
struct Activity {
  /// It found that there was nothing to do.
  bool skipped = false;
  /// Bytes of memory, in the order of access.
  std::vector<Segment> reads, writes;
  /// How many items each round of a selection read; empty if none was needed.
  std::vector<unsigned> rounds;
  std::vector<Use> uses;

  void clear() {
    skipped = false;
    reads.clear();
    writes.clear();
    rounds.clear();
    uses.clear();
  }
};

} // namespace rarefy::spatten

#endif // RAREFY_LIB_SIM_SPATTEN_ACTIVITY_H
