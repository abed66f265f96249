// The queue and the banks of a channel, and the choice of its next command.

#include "Channel.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/bit.h"
#include <algorithm>

namespace rarefy {

Channel::Channel(const MemoryConfig &config, const TimingTable &table)
    : config(&config), table(&table), ready(table.totalParts() * 8),
      history(table.historySize, notYet), banks(config.banksPerChannel()),
      requests(config.outstandingPerChannel),
      freeRequests(~uint64_t(0) >> (64 - config.outstandingPerChannel)),
      returns(config.outstandingPerChannel) {
  for (auto [bank, parts] : llvm::zip(banks, table.partsOfBank))
    for (auto [index, part] : llvm::zip(bank.parts, parts))
      index = part * 8;
  ready[unsigned(nothing)] = never;
  if (config.refresh.mode == RefreshMode::AllBank)
    nextRefresh = config.refresh.intervalCycles;
}

/// When the table allows a command to a bank, after all that was issued.
inline uint64_t Channel::readyCycle(const Bank &bank,
                                    DRAMCommand command) const {
  const uint64_t *cycles = ready.data() + unsigned(command);
  const auto &parts = bank.parts;
  return std::max(std::max(cycles[parts[0]], cycles[parts[1]]),
                  std::max(cycles[parts[2]], cycles[parts[3]]));
}

uint64_t Channel::readyEverywhere(DRAMCommand command) const {
  uint64_t cycle = clock;
  for (const Bank &bank : banks)
    cycle = std::max(cycle, readyCycle(bank, command));
  return cycle;
}

void Channel::delayWindow(const TimingRule &rule, unsigned part,
                          uint64_t cycle) {
  unsigned index = part - table->firstPart[unsigned(rule.scope)];
  int64_t *cycles = history.data() + rule.history + index * rule.window;
  std::copy_backward(cycles, cycles + rule.window - 1, cycles + rule.window);
  *cycles = cycle;
  if (int64_t first = cycles[rule.window - 1]; first != notYet)
    delay(part, rule.following, first + rule.cycles);
}

void Channel::issueEverywhere(DRAMCommand command) {
  uint64_t cycle = readyEverywhere(command);
  auto forParts = [&](const TimingRule &rule, auto &&delayPart) {
    for (unsigned i = 0; i < table->numParts[unsigned(rule.scope)]; ++i)
      delayPart(table->firstPart[unsigned(rule.scope)] + i);
  };
  for (const TimingRule &rule : table->rules[unsigned(command)])
    forParts(rule, [&](unsigned part) {
      delay(part, rule.following, cycle + rule.cycles);
    });
  for (const TimingRule &rule : table->windowRules[unsigned(command)])
    forParts(rule, [&](unsigned part) { delayWindow(rule, part, cycle); });
  clock = cycle + 1;
}

/// Finds anew what a bank's hits ask for.
inline void Channel::offerHit(Bank &bank) {
  if (bank.hits.empty()) {
    bank.hitCommand = nothing;
    return;
  }
  const Request &first = requests[bank.hits.head];
  bank.hitCommand = first.write ? DRAMCommand::Write : DRAMCommand::Read;
  bank.hitRank = hitRank(first, bank.isOpening);
}

/// The same for its other requests, which wait until a row that was opened for
/// a request has served that.
inline void Channel::offerOther(Bank &bank) {
  if (bank.others.empty() || bank.isOpening) {
    bank.otherCommand = nothing;
    return;
  }
  bank.otherCommand =
      bank.openRow == noRow ? DRAMCommand::Activate : DRAMCommand::Precharge;
  bank.otherRank = requests[bank.others.head].rank;
}

void Channel::updateOffers(Bank &bank) {
  offerHit(bank);
  offerOther(bank);
}

inline void Channel::consider(const Bank &bank, Candidate &best) const {
  best.consider(std::max(clock, readyCycle(bank, bank.hitCommand)),
                bank.hitRank);
  best.consider(std::max(clock, readyCycle(bank, bank.otherCommand)),
                bank.otherRank);
}

inline void Channel::chooseNext() {
  Candidate best;
  for (unsigned bank : busyBanks)
    consider(banks[bank], best);
  next = best;
}

Channel::Candidate Channel::nextForOpener() const {
  Candidate best;
  for (unsigned bank : busyBanks)
    if (banks[bank].isOpening)
      consider(banks[bank], best);
  return best;
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
  updateOffers(bank);
}

/// Closes the row; what has not been served is one list again, by age.
void Channel::close(unsigned number) {
  Bank &bank = banks[number];
  uint8_t a = bank.hits.head, b = bank.others.head;
  bank.hits = bank.others = List();
  bank.openRow = noRow;
  while (a != none || b != none) {
    bool takeA =
        b == none || (a != none && requests[a].rank < requests[b].rank);
    uint8_t &taken = takeA ? a : b;
    uint8_t index = std::exchange(taken, requests[taken].next);
    append(bank.others, index);
  }
  updateOffers(bank);
}

/// From now on the table forbids what has to wait for a command.
inline void Channel::apply(DRAMCommand command, unsigned number,
                           uint64_t cycle) {
  const auto &parts = banks[number].parts;
  for (const TimingRule &rule : table->rules[unsigned(command)]) {
    uint64_t &allowed =
        ready[parts[unsigned(rule.scope)] + unsigned(rule.following)];
    allowed = std::max(allowed, cycle + rule.cycles);
  }
  for (const TimingRule &rule : table->windowRules[unsigned(command)])
    delayWindow(rule, parts[unsigned(rule.scope)] / 8, cycle);
  clock = cycle + 1;
}

/// Opens a row for a bank's oldest request, or closes the one that it does not
/// want.
void Channel::issueOther(unsigned number, uint64_t cycle) {
  Bank &bank = banks[number];
  Request &request = requests[bank.others.head];
  DRAMCommand command = bank.otherCommand;
  bool isOpening = command == DRAMCommand::Activate;
  if (!std::exchange(request.counted, true))
    ++(isOpening ? counts.rowMisses : counts.rowConflicts);
  apply(command, number, cycle);
  isOpening ? open(number) : close(number);
  chooseNext();
}

/// The data of a request is on its way.
inline void Channel::returnData(const Request &request, uint64_t cycle) {
  unsigned dataCycles = request.write ? config->timing.writeDataCycles
                                      : config->timing.readDataCycles;
  lastReturn = std::max(cycle + dataCycles, lastReturn + 1);
  bool isOfAccess = request.access == accessNumber;
  completed = isOfAccess ? lastReturn : completed;
  accessQueued -= isOfAccess;
  returns[nextReturn] = lastReturn;
  if (++nextReturn == config->outstandingPerChannel)
    nextReturn = 0;
  ++inFlight;
  counts.rowHits += !request.counted;
  counts.busBusyCycles += config->timing.burstCycles;
}

/// Serves the oldest hit.
inline void Channel::issueHit(unsigned number, uint64_t cycle) {
  Bank &bank = banks[number];
  DRAMCommand command = bank.hitCommand;
  uint8_t index = bank.hits.head;
  const Request &request = requests[index];
  returnData(request, cycle);
  freeRequests |= uint64_t(1) << index;
  apply(command, number, cycle);

  bank.hits.head = request.next;
  if (std::exchange(bank.isOpening, false))
    offerOther(bank);
  offerHit(bank);
  if (bank.empty()) {
    *llvm::find(busyBanks, number) = busyBanks.back();
    busyBanks.pop_back();
  }
  chooseNext();
}

inline void Channel::issue() {
  unsigned number = next.bank();
  next.isHit() ? issueHit(number, next.cycle())
               : issueOther(number, next.cycle());
}

inline uint64_t Channel::popReturn() {
  uint64_t cycle = returns[firstReturn];
  if (++firstReturn == config->outstandingPerChannel)
    firstReturn = 0;
  --inFlight;
  --outstanding;
  return cycle;
}

inline void Channel::enqueue(Place place, bool write) {
  uint8_t index = llvm::countr_zero(freeRequests);
  freeRequests &= freeRequests - 1;
  requests[index] = {
      place.row, nextRank(place.bank), accessNumber, write, false, none};
  ++outstanding;
  ++accessQueued;
  Bank &bank = banks[place.bank];
  if (bank.empty())
    busyBanks.push_back(place.bank);
  List &list = bank.openRow == place.row ? bank.hits : bank.others;
  append(list, index);
  // What comes next still does, unless this is the first of a list.
  if (list.head == index) {
    &list == &bank.hits ? offerHit(bank) : offerOther(bank);
    consider(bank, next);
  }
}

/// Rows opened for a request serve it first; then all banks are closed and
/// refreshed. Nothing else is issued meanwhile.
void Channel::refresh() {
  clock = std::max(clock, nextRefresh);
  while ((next = nextForOpener()).cycle() != never)
    issue();
  if (llvm::any_of(banks, [](auto &bank) { return bank.openRow != noRow; })) {
    issueEverywhere(DRAMCommand::PrechargeAll);
    for (unsigned bank = 0; bank < banks.size(); ++bank)
      close(bank);
  }
  issueEverywhere(DRAMCommand::Refresh);
  chooseNext();
  ++counts.refreshes;
  nextRefresh += config->refresh.intervalCycles;
}

/// Of the refreshes up to `limit` of a channel that has nothing else to do,
/// only the last leave a trace.
void Channel::skipIdleRefreshes(uint64_t limit) {
  if (!busyBanks.empty())
    return;
  uint64_t due = (limit - nextRefresh) / config->refresh.intervalCycles;
  if (due < 2)
    return;
  counts.refreshes += due - 1;
  nextRefresh += (due - 1) * config->refresh.intervalCycles;
}

/// Issues the next command, or a refresh that is due by `limit` before it.
void Channel::step(uint64_t limit) {
  if (nextRefresh <= limit && next.cycle() >= nextRefresh)
    refresh();
  else
    issue();
}

void Channel::advanceRefreshing(uint64_t limit) {
  skipIdleRefreshes(limit);
  while (next.cycle() <= limit || nextRefresh <= limit)
    step(limit);
}

void Channel::advance(uint64_t limit) {
  if (nextRefresh <= limit)
    advanceRefreshing(limit);
  while (next.cycle() <= limit)
    issue();
  clock = std::max(clock, limit + 1);
}

/// The first cycle in which one more request may be outstanding.
inline uint64_t Channel::findRoom(uint64_t earliest) {
  uint64_t cycle = std::max(earliest, nextSend);
  if (outstanding == config->outstandingPerChannel) {
    while (inFlight == 0)
      step(never);
    cycle = std::max(cycle, popReturn());
  }
  while (inFlight && returns[firstReturn] <= cycle)
    popReturn();
  return cycle;
}

uint64_t Channel::send(uint64_t earliest, Place place, uint64_t count,
                       bool write) {
  for (; count; --count) {
    uint64_t cycle = findRoom(earliest);
    // Commands before the controller sees the request do not depend on it.
    advance(cycle + config->requestCycles - 1);
    enqueue(place, write);
    nextSend = cycle + 1;
  }
  return nextSend - 1;
}

void Channel::drain() {
  while (!busyBanks.empty())
    step(never);
}

uint64_t Channel::finishAccess() {
  while (accessQueued) {
    if (std::optional<uint64_t> end = findAccessEnd())
      return *end;
    step(never);
  }
  return completed;
}

/// When a bank that has nothing else to do serves the oldest request for a row
/// that is not open.
uint64_t Channel::readyInOther(const Bank &bank) const {
  auto command =
      requests[bank.others.head].write ? DRAMCommand::Write : DRAMCommand::Read;
  auto wait = [&](DRAMCommand preceding, DRAMCommand following) {
    return std::max(1u, table->waits[unsigned(preceding)][unsigned(
                            DRAMScope::Bank)][unsigned(following)]);
  };
  uint64_t opened = std::max(clock, readyCycle(bank, DRAMCommand::Activate));
  uint64_t served = readyCycle(bank, command);
  if (bank.openRow != noRow) {
    uint64_t closed = std::max(clock, readyCycle(bank, DRAMCommand::Precharge));
    opened = std::max(
        opened, closed + wait(DRAMCommand::Precharge, DRAMCommand::Activate));
    served = std::max(served, closed + wait(DRAMCommand::Precharge, command));
  }
  return std::max(served, opened + wait(DRAMCommand::Activate, command));
}

/// The rows that are open and have requests, or the one that a lone bank opens
/// first; false if there are others.
bool Channel::findRows(llvm::SmallVectorImpl<Row> &rows) const {
  bool isLone = busyBanks.size() == 1;
  for (unsigned number : busyBanks) {
    const Bank &bank = banks[number];
    if (bank.others.empty())
      rows.push_back({readyCycle(bank, bank.hitCommand), bank.hitRank, number,
                      bank.hits.head});
    else if (isLone && bank.hits.empty())
      rows.push_back(
          {readyInOther(bank), bank.otherRank, number, bank.others.head});
    else
      return false;
  }
  return true;
}

/// These serve all that is queued, one command after the other.
std::optional<uint64_t> Channel::findAccessEnd() const {
  if (accessQueued == 0)
    return completed;
  llvm::SmallVector<Row, 16> rows;
  if (nextRefresh != never || table->hasOtherWindows || !findRows(rows))
    return std::nullopt;
  const Request &oldest = requests[rows.front().next];
  bool isWrite = oldest.write, isLone = rows.size() == 1;
  auto isAlike = [&](uint8_t index) {
    return index == none || (requests[index].write == isWrite &&
                             (!isLone || requests[index].row == oldest.row));
  };
  if (!llvm::all_of(rows, [&](const Row &row) { return isAlike(row.next); }))
    return std::nullopt;
  auto command = unsigned(isWrite ? DRAMCommand::Write : DRAMCommand::Read);
  unsigned dataCycles =
      isWrite ? config->timing.writeDataCycles : config->timing.readDataCycles;
  const auto &waits = table->waits[command];
  uint64_t earliest = clock, returned = lastReturn, end = completed;
  for (uint64_t left = accessQueued; left;) {
    Row *first = rows.begin();
    uint64_t cycle = std::max(first->ready, earliest);
    for (Row &row : llvm::drop_begin(rows)) {
      uint64_t rowCycle = std::max(row.ready, earliest);
      if (rowCycle < cycle || (rowCycle == cycle && row.rank < first->rank)) {
        first = &row;
        cycle = rowCycle;
      }
    }
    const Request &request = requests[first->next];
    returned = std::max(cycle + dataCycles, returned + 1);
    if (request.access == accessNumber) {
      end = returned;
      --left;
    }
    earliest = cycle + 1;
    for (Row &row : rows) {
      auto scope = unsigned(table->shared[first->bank ^ row.bank]);
      row.ready = std::max(row.ready, cycle + waits[scope][command]);
    }
    first->next = request.next;
    if (!isAlike(request.next))
      return std::nullopt;
    if (request.next == none)
      rows.erase(first);
    else
      first->rank = hitRank(requests[request.next], /*isOpener=*/false);
  }
  return end;
}

} // namespace rarefy
