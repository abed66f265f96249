// Arranges the rows of a timing table by following command.

#include "TimingTable.h"
#include <algorithm>

namespace rarefy {

TimingTable::TimingTable(const MemoryConfig &config) {
  arrangeParts(config.organization);
  for (const TimingRow &row : config.timing.rows)
    for (DRAMCommand preceding : row.preceding)
      for (DRAMCommand following : row.following)
        addRule(following,
                {row.scope, preceding, row.latencyCycles, row.window, 0});
}

void TimingTable::arrangeParts(const DRAMOrganization &part) {
  unsigned groups = part.pseudoChannels * part.bankGroups;
  unsigned banks = groups * part.banksPerGroup;
  numParts = {1, part.pseudoChannels, groups, banks};
  firstPart = {0, 1, 1 + part.pseudoChannels, 1 + part.pseudoChannels + groups};
  for (unsigned bank = 0; bank < banks; ++bank) {
    unsigned group = bank / part.banksPerGroup;
    unsigned pseudoChannel = group / part.bankGroups;
    partsOfBank.push_back({0, uint16_t(firstPart[1] + pseudoChannel),
                           uint16_t(firstPart[2] + group),
                           uint16_t(firstPart[3] + bank)});
    shared.push_back(pseudoChannel ? DRAMScope::Channel
                     : group       ? DRAMScope::PseudoChannel
                     : bank        ? DRAMScope::BankGroup
                                   : DRAMScope::Bank);
  }
}

void TimingTable::addRule(DRAMCommand following, TimingRule rule) {
  if (rule.window > 1) {
    rule.history = historySize;
    historySize += rule.window * numParts[unsigned(rule.scope)];
    windowRules[unsigned(rule.preceding)].push_back(rule);
  }
  rules[unsigned(following)].push_back(rule);
  if (rule.window > 1)
    return;
  // Banks that share a part share all that it is in.
  for (unsigned scope = unsigned(rule.scope); scope < numDRAMScopes; ++scope) {
    unsigned &wait =
        waits[unsigned(rule.preceding)][scope][unsigned(following)];
    wait = std::max(wait, rule.cycles);
  }
}

} // namespace rarefy
