// The queue and the banks of a channel, and the choice of its next command.

#include "Channel.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"
#include <algorithm>

namespace rarefy {

Channel::Channel(const MemoryConfig &config, const TimingTable &table)
    : config(&config), table(&table), latest(table.totalParts() * 8, notYet),
      history(table.historySize, notYet), banks(config.banksPerChannel()),
      requests(config.outstandingPerChannel),
      freeRequests(~uint64_t(0) >> (64 - config.outstandingPerChannel)),
      returns(config.outstandingPerChannel) {
  if (config.refresh.mode == RefreshMode::AllBank)
    nextRefresh = config.refresh.intervalCycles;
}

/// When the table allows a command to a bank, after all that was issued.
uint64_t Channel::readyCycle(unsigned bank, DRAMCommand command) const {
  int64_t cycle = 0;
  for (const TimingRule &rule : table->rules[unsigned(command)]) {
    unsigned part = table->partsOfBank[bank][unsigned(rule.scope)];
    int64_t from = latest[part * 8 + unsigned(rule.preceding)];
    if (rule.window > 1) {
      unsigned index = part - table->firstPart[unsigned(rule.scope)];
      from = history[rule.history + (index + 1) * rule.window - 1];
    }
    cycle = std::max(cycle, from + rule.cycles);
  }
  return cycle;
}

uint64_t Channel::readyEverywhere(DRAMCommand command) const {
  uint64_t cycle = clock;
  for (unsigned bank = 0; bank < banks.size(); ++bank)
    cycle = std::max(cycle, readyCycle(bank, command));
  return cycle;
}

inline void Channel::remember(DRAMCommand command, unsigned part,
                              uint64_t cycle) {
  latest[part * 8 + unsigned(command)] = cycle;
}

void Channel::rememberWindow(const TimingRule &rule, unsigned part,
                             uint64_t cycle) {
  unsigned index = part - table->firstPart[unsigned(rule.scope)];
  int64_t *cycles = history.data() + rule.history + index * rule.window;
  std::copy_backward(cycles, cycles + rule.window - 1, cycles + rule.window);
  *cycles = cycle;
}

void Channel::issueEverywhere(DRAMCommand command) {
  uint64_t cycle = readyEverywhere(command);
  for (unsigned part = 0; part < table->totalParts(); ++part)
    remember(command, part, cycle);
  for (const TimingRule &rule : table->windowRules[unsigned(command)])
    for (unsigned i = 0; i < table->numParts[unsigned(rule.scope)]; ++i)
      rememberWindow(rule, table->firstPart[unsigned(rule.scope)] + i, cycle);
  clock = cycle + 1;
}

/// Finds anew what a bank's hits ask for, and when the table allows it.
void Channel::offerHit(unsigned number) {
  Bank &bank = banks[number];
  bank.hitReady = never;
  if (bank.hits.empty())
    return;
  const Request &first = requests[bank.hits.head];
  bank.hitCommand = first.write ? DRAMCommand::Write : DRAMCommand::Read;
  bank.hitRank = rankOf(first, /*isHit=*/true, bank.isOpening);
  bank.hitReady = readyCycle(number, bank.hitCommand);
}

/// The same for its other requests.
void Channel::offerOther(unsigned number) {
  Bank &bank = banks[number];
  bank.otherReady = never;
  if (bank.others.empty() || bank.isOpening)
    return;
  bank.otherCommand =
      bank.openRow == noRow ? DRAMCommand::Activate : DRAMCommand::Precharge;
  bank.otherRank = rankOf(requests[bank.others.head], /*isHit=*/false,
                          /*isOpener=*/false);
  bank.otherReady = readyCycle(number, bank.otherCommand);
}

void Channel::updateOffers(unsigned number) {
  offerHit(number);
  offerOther(number);
}

inline void Channel::consider(unsigned number, Candidate &best) const {
  const Bank &bank = banks[number];
  auto offer = [&](uint64_t ready, uint64_t rank) {
    uint64_t cycle = std::max(clock, ready);
    bool isFirst =
        (cycle < best.cycle) | ((cycle == best.cycle) & (rank < best.rank));
    best.cycle = isFirst ? cycle : best.cycle;
    best.rank = isFirst ? rank : best.rank;
  };
  offer(bank.hitReady, bank.hitRank);
  if (bank.otherReady != never)
    offer(bank.otherReady, bank.otherRank);
}

/// What comes next after a command that has just been issued: what banks wait
/// for waits for it, too.
void Channel::chooseAfter(DRAMCommand command, unsigned number,
                          uint64_t cycle) {
  bool hasWindow = !table->windowRules[unsigned(command)].empty();
  for (const TimingRule &rule : table->windowRules[unsigned(command)])
    rememberWindow(rule, table->partsOfBank[number][unsigned(rule.scope)],
                   cycle);
  const auto &waitsOfScope = table->waits[unsigned(command)];
  const DRAMScope *shared = table->shared.data();
  Candidate best;
  for (unsigned other : busyBanks) {
    Bank &bank = banks[other];
    const unsigned *waits = waitsOfScope[unsigned(shared[number ^ other])];
    bank.hitReady =
        std::max(bank.hitReady, cycle + waits[unsigned(bank.hitCommand)]);
    if (bank.otherReady != never)
      bank.otherReady =
          std::max(bank.otherReady, cycle + waits[unsigned(bank.otherCommand)]);
    if (hasWindow)
      updateOffers(other);
    consider(other, best);
  }
  next = best;
}

void Channel::chooseNext() {
  Candidate best;
  for (unsigned bank : busyBanks)
    consider(bank, best);
  next = best;
}

Channel::Candidate Channel::nextForOpener() const {
  Candidate best;
  for (unsigned bank : busyBanks)
    if (banks[bank].isOpening)
      consider(bank, best);
  return best;
}

void Channel::count(Request &request, const Bank &bank) {
  request.counted = true;
  if (bank.openRow == request.row)
    ++counts.rowHits;
  else if (bank.openRow == noRow)
    ++counts.rowMisses;
  else
    ++counts.rowConflicts;
}

void Channel::append(List &list, uint8_t index) {
  (list.empty() ? list.head : requests[list.tail].next) = index;
  list.tail = index;
  requests[index].next = none;
}

/// Opens the row of the oldest request.
void Channel::open(unsigned number) {
  Bank &bank = banks[number];
  uint8_t index = bank.others.head;
  bank.openRow = requests[index].row;
  bank.isOpening = true;
  bank.others = List();
  while (index != none) {
    uint8_t next = requests[index].next;
    append(requests[index].row == bank.openRow ? bank.hits : bank.others,
           index);
    index = next;
  }
  updateOffers(number);
}

/// Closes the row; what has not been served is one list again, by age.
void Channel::close(unsigned number) {
  Bank &bank = banks[number];
  uint8_t a = bank.hits.head, b = bank.others.head;
  bank.hits = bank.others = List();
  bank.openRow = noRow;
  while (a != none || b != none) {
    bool takeA =
        b == none || (a != none && requests[a].order < requests[b].order);
    uint8_t &taken = takeA ? a : b;
    uint8_t index = std::exchange(taken, requests[taken].next);
    append(bank.others, index);
  }
  updateOffers(number);
}

void Channel::issue(Candidate candidate) {
  unsigned number = candidate.bank();
  Bank &bank = banks[number];
  Request &request =
      requests[candidate.isHit() ? bank.hits.head : bank.others.head];
  DRAMCommand command = candidate.isHit() ? bank.hitCommand : bank.otherCommand;
  if (!request.counted)
    count(request, bank);
  for (unsigned part : table->partsOfBank[number])
    remember(command, part, candidate.cycle);
  clock = candidate.cycle + 1;
  if (candidate.isHit())
    serveFirstHit(number, candidate.cycle);
  else if (command == DRAMCommand::Activate)
    open(number);
  else
    close(number);
  chooseAfter(command, number, candidate.cycle);
}

/// The oldest hit's data is on its way.
void Channel::serveFirstHit(unsigned number, uint64_t cycle) {
  Bank &bank = banks[number];
  uint8_t index = bank.hits.head;
  const Request &request = requests[index];
  unsigned dataCycles = request.write ? config->timing.writeDataCycles
                                      : config->timing.readDataCycles;
  lastReturn = std::max(cycle + dataCycles, lastReturn + 1);
  if (request.access == accessNumber)
    completed = lastReturn;
  unsigned slot = firstReturn + inFlight++;
  unsigned size = config->outstandingPerChannel;
  returns[slot < size ? slot : slot - size] = lastReturn;
  counts.busBusyCycles += config->timing.burstCycles;
  freeRequests |= uint64_t(1) << index;
  --queued;

  bank.hits.head = request.next;
  bool isAlike = !bank.hits.empty() && !bank.isOpening &&
                 requests[bank.hits.head].write == request.write;
  bank.isOpening = false;
  if (isAlike)
    bank.hitRank =
        rankOf(requests[bank.hits.head], /*isHit=*/true, /*isOpener=*/false);
  else
    updateOffers(number);
  if (bank.empty()) {
    *llvm::find(busyBanks, number) = busyBanks.back();
    busyBanks.pop_back();
  }
}

uint64_t Channel::popReturn() {
  uint64_t cycle = returns[firstReturn];
  if (++firstReturn == config->outstandingPerChannel)
    firstReturn = 0;
  --inFlight;
  return cycle;
}

void Channel::enqueue(Place place, bool write) {
  uint8_t index = llvm::countr_zero(freeRequests);
  freeRequests &= freeRequests - 1;
  requests[index] = {place.row, nextOrder++, accessNumber, uint16_t(place.bank),
                     write,     false,       none};
  ++queued;
  Bank &bank = banks[place.bank];
  if (bank.empty())
    busyBanks.push_back(place.bank);
  List &list = bank.openRow == place.row ? bank.hits : bank.others;
  append(list, index);
  // What comes next still does, unless this is the first of a list.
  if (list.head == index) {
    &list == &bank.hits ? offerHit(place.bank) : offerOther(place.bank);
    consider(place.bank, next);
  }
}

/// Rows opened for a request serve it first; then all banks are closed and
/// refreshed. Nothing else is issued meanwhile.
void Channel::refresh() {
  clock = std::max(clock, nextRefresh);
  for (Candidate opener; (opener = nextForOpener()).cycle != never;)
    issue(opener);
  if (llvm::any_of(banks, [](auto &bank) { return bank.openRow != noRow; })) {
    issueEverywhere(DRAMCommand::PrechargeAll);
    for (unsigned bank = 0; bank < banks.size(); ++bank)
      close(bank);
  }
  issueEverywhere(DRAMCommand::Refresh);
  for (unsigned bank : busyBanks)
    updateOffers(bank);
  chooseNext();
  ++counts.refreshes;
  nextRefresh += config->refresh.intervalCycles;
}

/// Of the refreshes up to `limit` of a channel that has nothing else to do,
/// only the last leave a trace.
void Channel::skipIdleRefreshes(uint64_t limit) {
  if (queued)
    return;
  uint64_t due = (limit - nextRefresh) / config->refresh.intervalCycles;
  if (due < 2)
    return;
  counts.refreshes += due - 1;
  nextRefresh += (due - 1) * config->refresh.intervalCycles;
}

/// Issues the next command, or a refresh that is due by `limit` before it.
void Channel::step(uint64_t limit) {
  if (nextRefresh <= limit && next.cycle >= nextRefresh)
    refresh();
  else
    issue(next);
}

void Channel::advance(uint64_t limit) {
  if (nextRefresh <= limit)
    skipIdleRefreshes(limit);
  while (next.cycle <= limit || nextRefresh <= limit)
    step(limit);
  clock = std::max(clock, limit + 1);
}

uint64_t Channel::send(uint64_t earliest, Place place, bool write) {
  uint64_t cycle = std::max(earliest, nextSend);
  if (queued + inFlight == config->outstandingPerChannel) {
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
