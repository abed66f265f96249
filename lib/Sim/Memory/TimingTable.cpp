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
  dropRules();
}

/// What a larger part waits for anyway needs no rule.
void TimingTable::dropRules() {
  for (std::vector<TimingRule> &left : rules) {
    std::vector<TimingRule> all = left;
    llvm::erase_if(left, [&](const TimingRule &rule) {
      return llvm::any_of(all, [&](const TimingRule &other) {
        return other.scope < rule.scope && other.following == rule.following &&
               other.cycles >= rule.cycles;
      });
    });
  }
}

void TimingTable::arrangeParts(const DRAMOrganization &part) {
  unsigned groups = part.pseudoChannels * part.bankGroups;
  unsigned banks = groups * part.banksPerGroup;
  numParts = {1, part.pseudoChannels, groups, banks};
  firstPart = {0, 1, 1 + part.pseudoChannels, 1 + part.pseudoChannels + groups};
  for (unsigned bank = 0; bank < banks; ++bank) {
    unsigned group = bank / part.banksPerGroup;
    unsigned pseudoChannel = group / part.bankGroups;
    Slots &slots = slotsOfBank.emplace_back();
    slots = {0, uint16_t(firstPart[1] + pseudoChannel),
             uint16_t(firstPart[2] + group), uint16_t(firstPart[3] + bank)};
    for (uint16_t &slot : slots)
      slot *= numDRAMCommands;
  }
}

void TimingTable::addRule(DRAMCommand preceding, TimingRule rule) {
  if (rule.window > 1) {
    rule.history = history.size();
    for (unsigned i = 0; i < numParts[unsigned(rule.scope)]; ++i) {
      history.insert(history.end(), rule.window, notYet);
      history.push_back(0);
    }
    windowRules[unsigned(preceding)].push_back(rule);
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
}

} // namespace rarefy
