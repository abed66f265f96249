// The queue and the banks of a channel, and the choice of its next command.

#include "Channel.h"
#include "rarefy/Support/Prefetch.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/bit.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <utility>

namespace rarefy {

Channel::Channel(const MemoryConfig &config, const TimingTable &table,
                 const AddressMapping &mapping)
    : config(&config), table(&table), mapping(&mapping),
      ready(table.totalParts() * numDRAMCommands), history(table.history),
      banks(config.banksPerChannel()), visits(config.outstandingPerChannel),
      freeVisits(~uint64_t(0) >> (64 - config.outstandingPerChannel)),
      room(config.outstandingPerChannel),
      numRooms(config.outstandingPerChannel) {
  if (config.refresh.mode == RefreshMode::AllBank)
    nextRefresh = config.refresh.intervalCycles;
}

/// When the table allows a command to all banks, after all that was issued.
uint64_t Channel::readyEverywhere(DRAMCommand command) const {
  uint64_t cycle = clock;
  for (const TimingTable::Slots &slots : table->slotsOfBank)
    for (unsigned slot : slots)
      cycle = std::max(cycle, ready[slot + unsigned(command)]);
  return cycle;
}

/// When the command that is offered may come, from `now` on.
inline uint64_t Channel::readyCycle(const Visit &visit, uint64_t now) const {
  const uint64_t *cycles = ready.data() + unsigned(visit.command);
  const auto &slots = visit.slots;
  return std::max(std::max(std::max(cycles[slots[3]], now), cycles[slots[0]]),
                  std::max(cycles[slots[1]], cycles[slots[2]]));
}

void Channel::delayWindow(const TimingRule &rule, unsigned part,
                          uint64_t cycle) {
  unsigned index = part - table->firstPart[unsigned(rule.scope)];
  int64_t *ring = history.data() + rule.history + index * (rule.window + 1);
  int64_t &oldest = ring[rule.window];
  ring[oldest] = cycle;
  oldest = oldest + 1 == rule.window ? 0 : oldest + 1;
  if (int64_t first = ring[oldest]; first != TimingTable::notYet)
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

/// What the first visit of a list needs next.
inline DRAMCommand Channel::commandOf(const Bank &bank, Kind kind) const {
  if (kind == Other)
    return bank.openRow == noRow ? DRAMCommand::Activate
                                 : DRAMCommand::Precharge;
  return visits[bank.lists[Hit].head].write ? DRAMCommand::Write
                                            : DRAMCommand::Read;
}

/// Offers what the first visit of a list needs, if there is one; other rows
/// wait until one that was opened for a request has served that.
inline void Channel::offer(Bank &bank, Kind kind) {
  uint8_t first = bank.lists[kind].head;
  if (first == none || (kind == Other && bank.isOpening))
    return;
  visits[first].command = commandOf(bank, kind);
  offered |= uint64_t(1) << first;
}

/// What comes next of some that are offered, from `now` on.
inline Channel::Candidate Channel::findNext(uint64_t candidates,
                                            uint64_t now) const {
  Candidate best;
  for (; candidates; candidates &= candidates - 1) {
    const Visit &visit = visits[llvm::countr_zero(candidates)];
    best.consider(readyCycle(visit, now), visit.rank);
  }
  return best;
}

/// Of what is offered, the requests whose row has just been opened.
uint64_t Channel::getOpeners() const {
  uint64_t openers = 0;
  for (const Bank &bank : banks)
    if (bank.isOpening)
      openers |= uint64_t(1) << bank.lists[Hit].head;
  return openers;
}

void Channel::append(List &list, uint8_t index) {
  (list.empty() ? list.head : visits[list.tail].next) = index;
  list.tail = index;
  visits[index].next = none;
}

/// Opens the row of the oldest request; mostly there is no other.
void Channel::open(Bank &bank) {
  auto &[others, hits] = bank.lists;
  uint8_t index = others.head;
  bank.openRow = visits[index].row;
  bank.isOpening = true;
  visits[index].rank &= ~Candidate::noOpenerBit;
  if (visits[index].next == none) {
    hits = {index, index};
    others = List();
    return;
  }
  for (others = List(); index != none;) {
    uint8_t next = visits[index].next;
    append(visits[index].row == bank.openRow ? hits : others, index);
    index = next;
  }
}

/// Closes the row; what has not been served is one list again, by age.
void Channel::close(Bank &bank) {
  bank.openRow = noRow;
  uint8_t a = bank.lists[Hit].head, b = bank.lists[Other].head;
  if (a == none)
    return;
  withdraw(a);
  if (b != none)
    withdraw(b);
  bank.lists[Hit] = bank.lists[Other] = List();
  while (a != none || b != none) {
    bool takeA = b == none || (a != none && visits[a].rank < visits[b].rank);
    uint8_t &taken = takeA ? a : b;
    uint8_t index = std::exchange(taken, visits[taken].next);
    append(bank.lists[Other], index);
  }
}

/// From now on the table forbids what has to wait for a command.
inline void Channel::apply(DRAMCommand command, const Visit &visit,
                           uint64_t cycle) {
  for (const TimingRule &rule : table->rules[unsigned(command)]) {
    uint64_t &allowed =
        ready[visit.slots[unsigned(rule.scope)] + unsigned(rule.following)];
    allowed = std::max(allowed, cycle + rule.cycles);
  }
  for (const TimingRule &rule : table->windowRules[unsigned(command)])
    delayWindow(rule, visit.slots[unsigned(rule.scope)] / numDRAMCommands,
                cycle);
  clock = cycle + 1;
}

/// The data of a visit's first request is on its way.
inline void Channel::returnData(const Visit &visit, uint64_t cycle) {
  unsigned dataCycles = visit.write ? config->timing.writeDataCycles
                                    : config->timing.readDataCycles;
  lastReturn = std::max(cycle + dataCycles, lastReturn + 1);
  room[lastRoom] = lastReturn;
  lastRoom = following(lastRoom);
  ++numRooms;
}

/// A visit's last request has been served.
inline void Channel::end(const Visit &visit) {
  unsigned index = &visit - visits.data();
  freeVisits |= uint64_t(1) << index;
  withdraw(index);
  lastVisit = lastVisit == index ? none : lastVisit;
  ended.push_back({visit.access, lastReturn});
}

/// Serves the oldest hit.
LLVM_ATTRIBUTE_ALWAYS_INLINE void Channel::serve(Visit &visit, Bank &bank,
                                                 uint64_t cycle) {
  returnData(visit, cycle);
  visit.counted = false;
  visit.rank |= Candidate::noOpenerBit;
  if (--visit.count == 0) {
    end(visit);
    bank.lists[Hit].head = visit.next;
    offer(bank, Hit);
  }
  bank.isOpening = false;
  offer(bank, Other);
}

/// Issues what comes next. All that it takes is inline, and each command has a
/// branch of its own: this is where a simulation spends its time.
LLVM_ATTRIBUTE_ALWAYS_INLINE void Channel::issue() {
  Visit &visit = visits[next.visit()];
  Bank &bank = banks[visit.bank];
  uint64_t cycle = next.cycle();
  switch (visit.command) {
  case DRAMCommand::Activate:
    apply(DRAMCommand::Activate, visit, cycle);
    counts.rowMisses += !visit.counted;
    visit.counted = true;
    open(bank);
    offer(bank, Hit);
    break;
  case DRAMCommand::Precharge:
    apply(DRAMCommand::Precharge, visit, cycle);
    counts.rowConflicts += !visit.counted;
    visit.counted = true;
    close(bank);
    offer(bank, Other);
    break;
  case DRAMCommand::Read:
    apply(DRAMCommand::Read, visit, cycle);
    serve(visit, bank, cycle);
    break;
  default:
    apply(DRAMCommand::Write, visit, cycle);
    serve(visit, bank, cycle);
  }
  next = findNext(offered, cycle + 1);
}

/// Begins a visit with a request.
void Channel::beginVisit(Place place, bool write, uint32_t access) {
  ++sentVisits;
  uint8_t index = lastVisit = llvm::countr_zero(freeVisits);
  freeVisits &= freeVisits - 1;
  Bank &bank = banks[place.bank];
  Kind kind = bank.openRow == place.row ? Hit : Other;
  Visit &visit = visits[index];
  visit = {.rank = nextRank(index),
           .slots = table->slotsOfBank[place.bank],
           .access = access,
           .row = place.row,
           .bank = uint16_t(place.bank),
           .write = write};
  append(bank.lists[kind], index);
  // What comes next still does, unless this is the first of a list.
  if (bank.lists[kind].head != index)
    return;
  offer(bank, kind);
  if (offered >> index & 1)
    next.consider(readyCycle(visit, clock), visit.rank);
}

/// Rows opened for a request serve it first; then all banks are closed and
/// refreshed. Nothing else is issued meanwhile.
void Channel::refresh() {
  clock = std::max(clock, nextRefresh);
  while (!(next = findNext(getOpeners(), clock)).isNone())
    issue();
  if (llvm::any_of(banks, [](auto &bank) { return bank.openRow != noRow; })) {
    issueEverywhere(DRAMCommand::PrechargeAll);
    for (Bank &bank : banks)
      close(bank);
  }
  issueEverywhere(DRAMCommand::Refresh);
  for (Bank &bank : banks)
    offer(bank, Other);
  next = findNext(offered, clock);
  ++counts.refreshes;
  nextRefresh += config->refresh.intervalCycles;
}

/// Of the refreshes up to `limit` of a channel that has nothing else to do,
/// only the last leave a trace.
void Channel::skipIdleRefreshes(uint64_t limit) {
  if (offered)
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

/// Waits until there is room for a request, and issues what comes before it is
/// seen.
inline void Channel::makeRoom(uint64_t earliest) {
  while (numRooms == 0)
    step(never);
  uint64_t cycle = std::max(std::max(earliest, nextSend), room[firstRoom]);
  firstRoom = following(firstRoom);
  --numRooms;
  nextSend = cycle + config->sendCycles;
  // Commands before the controller sees the request do not depend on it.
  advance(cycle + config->requestCycles - 1);
}

uint64_t Channel::send(uint64_t earliest, llvm::ArrayRef<uint64_t> transactions,
                       bool write, uint32_t access) {
  counts.transactions += transactions.size();
  sentVisits = 0;
  lastVisit = none;
  uint64_t before = 0;
  for (uint64_t transaction : transactions) {
    makeRoom(earliest);
    // One branch: neither can be foreseen.
    bool areNeighbours = mapping->areNeighbours(transaction, before);
    if (areNeighbours & (lastVisit != none))
      ++visits[lastVisit].count;
    else
      beginVisit(mapping->placeOf(transaction), write, access);
    before = transaction;
  }
  return nextSend - config->sendCycles;
}

void Channel::prefetch() const {
  auto all = [](const auto &list) {
    rarefy::prefetch(list.data(), list.size() * sizeof(list[0]));
  };
  rarefy::prefetch(this, sizeof(*this));
  all(visits);
  all(banks);
  all(ready);
  all(room);
}

void Channel::drain() {
  while (offered)
    step(never);
}

} // namespace rarefy
