// The queue and the banks of a channel, and the choice of its next command.

#include "Channel.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"
#include <algorithm>

namespace rarefy {

/// Places it behind all requests whose row has been opened for them.
constexpr uint64_t notOpener = uint64_t(1) << 63;

Channel::Channel(const MemoryConfig &config, const TimingTable &table)
    : config(&config), table(&table), readyCycles(table.totalParts() * 8),
      history(table.historySize, never), banks(config.banksPerChannel()),
      requests(config.outstandingPerChannel),
      freeRequests(~uint64_t(0) >> (64 - config.outstandingPerChannel)),
      returns(config.outstandingPerChannel) {
  if (config.refresh.mode == RefreshMode::AllBank)
    nextRefresh = config.refresh.intervalCycles;
}

uint64_t Channel::readyInBank(unsigned bank, DRAMCommand command) {
  const auto &parts = table->partsOfBank[bank];
  return std::max(std::max(ready(parts[0], command), ready(parts[1], command)),
                  std::max(ready(parts[2], command), ready(parts[3], command)));
}

uint64_t Channel::readyEverywhere(DRAMCommand command) {
  uint64_t latest = 0;
  for (unsigned part = 0; part < table->totalParts(); ++part)
    latest = std::max(latest, ready(part, command));
  return latest;
}

/// Makes what follows a command at `cycle` to a part wait.
void Channel::apply(const TimingRule &rule, unsigned part, uint64_t cycle) {
  if (rule.window > 1) {
    unsigned index = part - table->firstPart[unsigned(rule.scope)];
    uint64_t *latest = history.data() + rule.history + index * rule.window;
    std::copy_backward(latest, latest + rule.window - 1, latest + rule.window);
    *latest = cycle;
    cycle = latest[rule.window - 1];
    if (cycle == never)
      return;
  }
  uint64_t &cycles = ready(part, rule.following);
  cycles = std::max(cycles, cycle + rule.cycles);
}

void Channel::issueToBank(DRAMCommand command, unsigned bank, uint64_t cycle) {
  const auto &parts = table->partsOfBank[bank];
  for (const TimingRule &rule : table->rules[unsigned(command)])
    apply(rule, parts[unsigned(rule.scope)], cycle);
  clock = cycle + 1;
  isBestKnown = false;
}

void Channel::issueEverywhere(DRAMCommand command, uint64_t cycle) {
  for (const TimingRule &rule : table->rules[unsigned(command)])
    for (unsigned i = 0; i < table->numParts[unsigned(rule.scope)]; ++i)
      apply(rule, table->firstPart[unsigned(rule.scope)] + i, cycle);
  clock = cycle + 1;
  isBestKnown = false;
}

/// The oldest of a bank's requests that does, or does not, hit the open row.
uint8_t Channel::findRequest(const Bank &bank, bool hit) const {
  uint8_t index = bank.oldest;
  while ((requests[index].row == bank.openRow) != hit)
    index = requests[index].next;
  return index;
}

void Channel::consider(unsigned number, Candidate &best) {
  Bank &bank = banks[number];
  auto offer = [&](DRAMCommand command, uint8_t index, uint64_t behind) {
    Candidate candidate{std::max(clock, readyInBank(number, command)),
                        requests[index].order | behind, command, index};
    if (candidate.isBefore(best))
      best = candidate;
  };
  auto accessOf = [&](uint8_t index) {
    return requests[index].write ? DRAMCommand::Write : DRAMCommand::Read;
  };
  if (bank.openRow == noRow)
    return offer(DRAMCommand::Activate, bank.oldest, notOpener);
  if (bank.opener != none)
    return offer(accessOf(bank.opener), bank.opener, 0);
  if (bank.hits) {
    uint8_t hit = findRequest(bank, true);
    offer(accessOf(hit), hit, notOpener);
  }
  if (bank.hits < bank.queued)
    offer(DRAMCommand::Precharge, findRequest(bank, false), notOpener);
}

const Channel::Candidate &Channel::nextCommand() {
  if (isBestKnown)
    return best;
  best = Candidate();
  for (unsigned bank : busyBanks)
    consider(bank, best);
  isBestKnown = true;
  return best;
}

Channel::Candidate Channel::nextForOpener() {
  Candidate next;
  for (unsigned bank : busyBanks)
    if (banks[bank].opener != none)
      consider(bank, next);
  return next;
}

void Channel::count(Request &request, const Bank &bank) {
  if (std::exchange(request.counted, true))
    return;
  if (bank.openRow == request.row)
    ++counts.rowHits;
  else if (bank.openRow == noRow)
    ++counts.rowMisses;
  else
    ++counts.rowConflicts;
}

void Channel::open(Bank &bank, uint8_t opener) {
  bank.openRow = requests[opener].row;
  bank.opener = opener;
  for (uint8_t i = bank.oldest; i != none; i = requests[i].next)
    bank.hits += requests[i].row == bank.openRow;
}

void Channel::issue(const Candidate &candidate) {
  Request &request = requests[candidate.request];
  Bank &bank = banks[request.bank];
  count(request, bank);
  issueToBank(candidate.command, request.bank, candidate.cycle);
  if (candidate.command == DRAMCommand::Activate) {
    open(bank, candidate.request);
  } else if (candidate.command == DRAMCommand::Precharge) {
    bank.openRow = noRow;
    bank.hits = 0;
  } else {
    serve(candidate.request, candidate.cycle);
  }
}

/// The request's data is on its way.
void Channel::serve(uint8_t index, uint64_t cycle) {
  const Request &request = requests[index];
  unsigned dataCycles = request.write ? config->timing.writeDataCycles
                                      : config->timing.readDataCycles;
  lastReturn = std::max(cycle + dataCycles, lastReturn + 1);
  if (request.access == accessNumber)
    completed = lastReturn;
  unsigned slot = firstReturn + inFlight++;
  returns[slot < returns.size() ? slot : slot - returns.size()] = lastReturn;
  counts.busBusyCycles += config->timing.burstCycles;
  unlink(index);
}

uint64_t Channel::popReturn() {
  uint64_t cycle = returns[firstReturn];
  if (++firstReturn == returns.size())
    firstReturn = 0;
  --inFlight;
  return cycle;
}

void Channel::unlink(uint8_t index) {
  unsigned number = requests[index].bank;
  Bank &bank = banks[number];
  uint8_t previous = none;
  for (uint8_t i = bank.oldest; i != index; i = requests[i].next)
    previous = i;
  (previous == none ? bank.oldest : requests[previous].next) =
      requests[index].next;
  if (bank.youngest == index)
    bank.youngest = previous;
  if (bank.opener == index)
    bank.opener = none;
  --bank.hits;
  if (--bank.queued == 0) {
    *llvm::find(busyBanks, number) = busyBanks.back();
    busyBanks.pop_back();
  }
  freeRequests |= uint64_t(1) << index;
  --queued;
}

void Channel::enqueue(Place place, bool write) {
  uint8_t index = llvm::countr_zero(freeRequests);
  freeRequests &= freeRequests - 1;
  requests[index] = {place.row, nextOrder++, accessNumber, uint16_t(place.bank),
                     write,     false,       none};
  Bank &bank = banks[place.bank];
  (bank.queued ? requests[bank.youngest].next : bank.oldest) = index;
  bank.youngest = index;
  bank.hits += bank.openRow == place.row;
  if (bank.queued++ == 0)
    busyBanks.push_back(place.bank);
  ++queued;
  // What was known to come next still does, or this does.
  if (isBestKnown)
    consider(place.bank, best);
}

/// Rows opened for a request serve it first; then all banks are closed and
/// refreshed. Nothing else is issued meanwhile.
void Channel::refresh() {
  clock = std::max(clock, nextRefresh);
  for (Candidate opener; (opener = nextForOpener()).cycle != never;)
    issue(opener);
  if (llvm::any_of(banks, [](auto &bank) { return bank.openRow != noRow; })) {
    DRAMCommand close = DRAMCommand::PrechargeAll;
    issueEverywhere(close, std::max(clock, readyEverywhere(close)));
    for (Bank &bank : banks) {
      bank.openRow = noRow;
      bank.hits = 0;
    }
  }
  DRAMCommand refresh = DRAMCommand::Refresh;
  issueEverywhere(refresh, std::max(clock, readyEverywhere(refresh)));
  ++counts.refreshes;
  nextRefresh += config->refresh.intervalCycles;
}

/// Of the refreshes up to `limit` of a channel that has nothing else to do,
/// only the last leave a trace.
void Channel::skipIdleRefreshes(uint64_t limit) {
  if (queued || nextRefresh > limit)
    return;
  uint64_t due = (limit - nextRefresh) / config->refresh.intervalCycles;
  if (due < 2)
    return;
  counts.refreshes += due - 1;
  nextRefresh += (due - 1) * config->refresh.intervalCycles;
}

/// Issues the next command, if it comes by `limit`.
bool Channel::step(uint64_t limit) {
  Candidate next = nextCommand();
  if (nextRefresh <= limit && next.cycle >= nextRefresh) {
    refresh();
    return true;
  }
  if (next.cycle > limit)
    return false;
  issue(next);
  return true;
}

void Channel::advance(uint64_t limit) {
  skipIdleRefreshes(limit);
  while (step(limit))
    ;
  clock = std::max(clock, limit + 1);
}

uint64_t Channel::send(uint64_t earliest, Place place, bool write) {
  uint64_t cycle = std::max(earliest, nextSend);
  if (queued + inFlight == requests.size()) {
    while (inFlight == 0)
      step(never);
    cycle = std::max(cycle, popReturn());
  }
  while (inFlight && returns[firstReturn] <= cycle)
    popReturn();
  // Commands before the controller sees the request do not depend on it.
  advance(cycle + config->requestCycles - 1);
  enqueue(place, write);
  nextSend = cycle + 1;
  return cycle;
}

void Channel::drain() {
  while (queued)
    step(never);
}

} // namespace rarefy
