// The timing table of a configuration, arranged for a channel to apply.

#ifndef RAREFY_LIB_SIM_MEMORY_TIMINGTABLE_H
#define RAREFY_LIB_SIM_MEMORY_TIMINGTABLE_H

#include "rarefy/Hardware/MemoryConfig.h"
#include <array>
#include <vector>

namespace rarefy {

/// After `preceding`, what it is a rule for waits.
struct TimingRule {
  DRAMScope scope;
  DRAMCommand preceding;
  unsigned cycles;
  /// The preceding commands to remember; 1 is the latest.
  unsigned window;
  /// Where this rule's memory begins, if its window is longer.
  unsigned history;
};

/// The parts of a channel are numbered: the channel itself, its
/// pseudo-channels, bank groups and banks.
struct TimingTable {
  explicit TimingTable(const MemoryConfig &config);

  /// First part of a scope, and how many there are.
  std::array<unsigned, numDRAMScopes> firstPart, numParts;
  /// The four parts that a bank belongs to, from the channel to the bank.
  std::vector<std::array<uint16_t, numDRAMScopes>> partsOfBank;
  /// The smallest scope that two banks share, by the exclusive or of their
  /// numbers.
  std::vector<DRAMScope> shared;

  /// The rules for each following command.
  std::vector<TimingRule> rules[numDRAMCommands];
  /// Those of them with a window of 1, summed up: cycles after a command until
  /// another, in banks that share a scope.
  unsigned waits[numDRAMCommands][numDRAMScopes][numDRAMCommands] = {};
  /// The others, by preceding command.
  std::vector<TimingRule> windowRules[numDRAMCommands];
  /// Cycles to remember for these.
  unsigned historySize = 0;

  unsigned totalParts() const { return firstPart.back() + numParts.back(); }

private:
  void arrangeParts(const DRAMOrganization &organization);
  void addRule(DRAMCommand following, TimingRule rule);
};

} // namespace rarefy

#endif // RAREFY_LIB_SIM_MEMORY_TIMINGTABLE_H
