// The timing table of a configuration, arranged for a channel to apply.

#ifndef RAREFY_LIB_SIM_MEMORY_TIMINGTABLE_H
#define RAREFY_LIB_SIM_MEMORY_TIMINGTABLE_H

#include "rarefy/Hardware/MemoryConfig.h"
#include <array>
#include <vector>

namespace rarefy {

/// After the command that has it, `following` waits.
struct TimingRule {
  DRAMScope scope;
  DRAMCommand following;
  unsigned cycles;
  /// The preceding commands to remember; 1 is the latest.
  unsigned window;
  /// Where in a history this rule's rings begin, if its window is longer.
  unsigned history;
};

/// The parts of a channel are numbered: the channel itself, its
/// pseudo-channels, bank groups and banks.
struct TimingTable {
  explicit TimingTable(const MemoryConfig &config);

  /// First part of a scope, and how many there are.
  std::array<unsigned, numDRAMScopes> firstPart, numParts;
  /// Where the commands of a part begin in a list by part and command: for the
  /// four parts that a bank belongs to, from the channel to the bank.
  using Slots = std::array<uint16_t, numDRAMScopes>;
  std::vector<Slots> slotsOfBank;

  /// The rules for each preceding command that decide anything, at most one
  /// for a scope and a following command; and those with a longer window.
  std::vector<TimingRule> rules[numDRAMCommands], windowRules[numDRAMCommands];
  /// Of a channel that has seen nothing: for each window rule and each part a
  /// ring of the cycles of the latest commands, and the oldest's place in it.
  std::vector<int64_t> history;

  /// Long before anything.
  static constexpr int64_t notYet = -(int64_t(1) << 40);

  unsigned totalParts() const { return firstPart.back() + numParts.back(); }

private:
  void arrangeParts(const DRAMOrganization &organization);
  void addRule(DRAMCommand preceding, TimingRule rule);
  void dropRules();
};

} // namespace rarefy

#endif // RAREFY_LIB_SIM_MEMORY_TIMINGTABLE_H
