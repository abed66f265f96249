// The timing table of a configuration, arranged for a channel to apply.

#ifndef RAREFY_LIB_SIM_MEMORY_TIMINGTABLE_H
#define RAREFY_LIB_SIM_MEMORY_TIMINGTABLE_H

#include "rarefy/Hardware/MemoryConfig.h"
#include <array>
#include <vector>

namespace rarefy {

/// What a command does to one of the parts of the device that it concerns.
struct TimingRule {
  DRAMScope scope;
  DRAMCommand following;
  unsigned cycles;
  /// The preceding commands to remember; 1 is the one being issued.
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
  std::vector<std::array<unsigned, numDRAMScopes>> partsOfBank;
  /// By preceding command.
  std::vector<TimingRule> rules[numDRAMCommands];
  /// Cycles to remember for all rules with windows.
  unsigned historySize = 0;

  unsigned totalParts() const { return firstPart.back() + numParts.back(); }

private:
  void addRule(DRAMCommand preceding, TimingRule rule);
};

} // namespace rarefy

#endif // RAREFY_LIB_SIM_MEMORY_TIMINGTABLE_H
