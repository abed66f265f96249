// Arranges the rows of a timing table by preceding command.

#include "TimingTable.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>

namespace rarefy {

/// Whether a command is only issued for a refresh.
static bool isOfRefresh(DRAMCommand command) {
  return command == DRAMCommand::PrechargeAll ||
         command == DRAMCommand::Refresh;
}

TimingTable::TimingTable(const MemoryConfig &config) {
  arrangeParts(config.organization);
  bool isRefreshed = config.refresh.mode != RefreshMode::None;
  for (const TimingRow &row : config.timing.rows)
    for (DRAMCommand preceding : row.preceding)
      for (DRAMCommand following : row.following)
        if (isRefreshed || !isOfRefresh(following))
          addRule(preceding,
                  {row.scope, following, row.latencyCycles, row.window, 0});
  // What a larger part waits for anyway needs no rule.
  for (unsigned preceding = 0; preceding < numDRAMCommands; ++preceding)
    llvm::erase_if(rules[preceding], [&](const TimingRule &rule) {
      auto scope = unsigned(rule.scope);
      return scope && waits[preceding][scope - 1][unsigned(rule.following)] >=
                          rule.cycles;
    });
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

void TimingTable::addRule(DRAMCommand preceding, TimingRule rule) {
  if (rule.window > 1) {
    rule.history = historySize;
    historySize += rule.window * numParts[unsigned(rule.scope)];
    windowRules[unsigned(preceding)].push_back(rule);
    hasOtherWindows |= preceding != DRAMCommand::Activate ||
                       rule.following != DRAMCommand::Activate;
    return;
  }
  std::vector<TimingRule> &alike = rules[unsigned(preceding)];
  auto known = llvm::find_if(alike, [&](const TimingRule &other) {
    return other.scope == rule.scope && other.following == rule.following;
  });
  if (known == alike.end())
    alike.push_back(rule);
  else
    known->cycles = std::max(known->cycles, rule.cycles);
  // Banks that share a part share all that it is in.
  for (unsigned scope = unsigned(rule.scope); scope < numDRAMScopes; ++scope) {
    unsigned &wait =
        waits[unsigned(preceding)][scope][unsigned(rule.following)];
    wait = std::max(wait, rule.cycles);
  }
}

} // namespace rarefy
