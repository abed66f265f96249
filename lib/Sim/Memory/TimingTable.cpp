// Arranges the rows of a timing table by preceding command and scope.

#include "TimingTable.h"
#include <algorithm>

namespace rarefy {

TimingTable::TimingTable(const MemoryConfig &config) {
  const DRAMOrganization &part = config.organization;
  unsigned groups = part.pseudoChannels * part.bankGroups;
  numParts = {1, part.pseudoChannels, groups, config.banksPerChannel()};
  firstPart = {0, 1, 1 + part.pseudoChannels, 1 + part.pseudoChannels + groups};
  for (unsigned bank = 0; bank < config.banksPerChannel(); ++bank) {
    unsigned group = bank / part.banksPerGroup;
    partsOfBank.push_back({0, firstPart[1] + group / part.bankGroups,
                           firstPart[2] + group, firstPart[3] + bank});
  }
  for (const TimingRow &row : config.timing.rows)
    for (DRAMCommand preceding : row.preceding)
      for (DRAMCommand following : row.following)
        addRule(preceding,
                {row.scope, following, row.latencyCycles, row.window, 0});
}

void TimingTable::addRule(DRAMCommand preceding, TimingRule rule) {
  auto &list = rules[unsigned(preceding)];
  for (TimingRule &known : list)
    if (known.scope == rule.scope && known.following == rule.following &&
        known.window == rule.window) {
      known.cycles = std::max(known.cycles, rule.cycles);
      return;
    }
  if (rule.window > 1) {
    rule.history = historySize;
    historySize += rule.window * numParts[unsigned(rule.scope)];
  }
  list.push_back(rule);
}

} // namespace rarefy
