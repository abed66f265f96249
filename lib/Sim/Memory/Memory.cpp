// Splits accesses into transactions and deals them to channels, one channel
// after the other.

#include "rarefy/Sim/Memory.h"
#include "Channel.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cmath>
#include <deque>
#include <limits>

namespace rarefy {

class Memory::Channels {
public:
  explicit Channels(const MemoryConfig &config);

  uint64_t access(uint64_t start, llvm::ArrayRef<Segment> segments, bool write);
  std::optional<Completion> complete(uint64_t cycle);
  uint64_t wait();
  MemoryStatistics statistics() const;

private:
  /// Transactions: how many in nominal mode, or which where places matter. They
  /// are numbered within their channel.
  struct Share {
    uint64_t count = 0;
    std::vector<uint64_t> transactions;

    bool empty() const { return !count && transactions.empty(); }
  };

  /// What is left of an access: its visits, and one while it is being sent.
  struct InFlight {
    unsigned visits = 1;
    uint64_t completed = 0;
    /// From when on its last command may be issued.
    uint64_t lastCommand = 0;
    unsigned dataCycles;
  };

  void deal(Segment segment);
  uint64_t send(unsigned channel, bool write);
  uint64_t sendNominal(unsigned channel);
  uint32_t latest() const { return firstInFlight + inFlight.size() - 1; }
  bool advance(uint64_t cycle);
  void takeEnded(Channel &channel);
  void endVisit(uint32_t access, uint64_t cycle);

  MemoryConfig config;
  TimingTable table;
  AddressMapping mapping;
  unsigned transactionShift, channelShift;
  std::vector<Channel> channels;
  /// No channel has a command to issue up to this cycle.
  uint64_t issuedUpTo = 0;
  /// Accesses from `firstInFlight` on, and those that have been completed.
  std::deque<InFlight> inFlight;
  uint64_t firstInFlight = 0;
  llvm::SmallVector<Completion> completed;
  /// In nominal mode: cycles of a transaction on a channel's bus; per channel,
  /// until when it is busy, and how long it has been.
  double nominalCycles;
  std::vector<double> busFree, busBusy;
  /// Of an access: what each channel gets.
  std::vector<Share> shares;
  uint64_t start = 0;
  MemoryStatistics counts;
};

Memory::Channels::Channels(const MemoryConfig &given)
    : config(given), table(config), mapping(config),
      transactionShift(llvm::Log2_32(config.transactionBytes)),
      channelShift(llvm::Log2_32(config.channels)),
      channels(config.channels, Channel(config, table, mapping)),
      nominalCycles(std::max<double>(
          config.sendCycles,
          config.transactionBytes / config.nominal.bytesPerCyclePerChannel)),
      busFree(config.channels), busBusy(config.channels),
      shares(config.channels) {
  counts.busBusyCycles.resize(config.channels);
}

/// Deals a segment's transactions to channels.
void Memory::Channels::deal(Segment segment) {
  if (!segment.bytes)
    return;
  counts.usefulBytes += segment.bytes;
  uint64_t first = segment.address >> transactionShift;
  uint64_t last = (segment.address + segment.bytes - 1) >> transactionShift;
  counts.transactions += last - first + 1;
  unsigned mask = config.channels - 1;
  if (config.mode == MemoryMode::Timing) {
    for (uint64_t i = first; i <= last; ++i)
      shares[i & mask].transactions.push_back(i >> channelShift);
    return;
  }
  // Every channel has each `channels`-th of them.
  for (uint64_t i = first; i <= std::min(last, first + mask); ++i)
    shares[i & mask].count += ((last - i) >> channelShift) + 1;
}

/// Sends a channel its transactions, and returns when the last one left.
uint64_t Memory::Channels::send(unsigned number, bool write) {
  Channel &channel = channels[number];
  uint64_t left =
      channel.send(start, shares[number].transactions, write, latest());
  inFlight.back().visits += channel.numVisits();
  takeEnded(channel);
  return left;
}

/// The same in nominal mode, where only their number matters.
uint64_t Memory::Channels::sendNominal(unsigned channel) {
  uint64_t count = shares[channel].count;
  double leaves = std::max(double(start), busFree[channel]);
  busFree[channel] = leaves + count * nominalCycles;
  busBusy[channel] += count * nominalCycles;
  return std::ceil(leaves + (count - 1) * nominalCycles);
}

void Memory::Channels::takeEnded(Channel &channel) {
  for (auto [access, cycle] : channel.takeEnded())
    endVisit(access, cycle);
}

/// The last one of an access completes it.
void Memory::Channels::endVisit(uint32_t access, uint64_t cycle) {
  uint32_t index = access - uint32_t(firstInFlight);
  InFlight &left = inFlight[index];
  left.completed = std::max(left.completed, cycle);
  if (--left.visits)
    return;
  completed.push_back({firstInFlight + index, left.completed});
  for (; !inFlight.empty() && !inFlight.front().visits; ++firstInFlight)
    inFlight.pop_front();
}

uint64_t Memory::Channels::access(uint64_t startCycle,
                                  llvm::ArrayRef<Segment> segments,
                                  bool write) {
  start = std::max(start, startCycle);
  for (const Segment &segment : segments)
    deal(segment);
  bool isTimed = config.mode == MemoryMode::Timing;
  // Nothing is queued anywhere until these requests are seen.
  if (isTimed && inFlight.empty())
    issuedUpTo = std::max(issuedUpTo, start + config.requestCycles - 1);
  inFlight.push_back({.dataCycles = write ? config.timing.writeDataCycles
                                          : config.timing.readDataCycles});
  uint64_t left = startCycle, end = startCycle;
  for (unsigned channel = 0; channel < config.channels; ++channel) {
    Share &share = shares[channel];
    if (share.empty())
      continue;
    if (isTimed && channel + 1 < config.channels)
      channels[channel + 1].prefetch();
    uint64_t last = isTimed ? send(channel, write) : sendNominal(channel);
    left = std::max(left, last + 1);
    if (!isTimed)
      end = std::max({end, last + config.nominal.firstAccessCycles,
                      uint64_t(std::ceil(busFree[channel]))});
    share.count = 0;
    share.transactions.clear();
  }
  start = std::max(start, left);
  inFlight.back().lastCommand = left - 1 + config.requestCycles;
  endVisit(latest(), end);
  return left;
}

/// Issues some commands that no access to come can change, which starts when
/// one in flight completes or later; false if none does up to `cycle`. All that
/// are in flight have a command to come, and data comes a while behind that.
bool Memory::Channels::advance(uint64_t cycle) {
  uint64_t first = std::numeric_limits<uint64_t>::max();
  for (const InFlight &access : inFlight)
    if (access.visits)
      first = std::min(first, std::max(issuedUpTo + 1, access.lastCommand) +
                                  access.dataCycles);
  if (inFlight.empty() || first > cycle)
    return false;
  uint64_t limit = first + config.requestCycles - 1;
  for (Channel &channel : channels) {
    if (!channel.isDue(limit))
      continue;
    channel.advance(limit);
    takeEnded(channel);
  }
  issuedUpTo = limit;
  return true;
}

std::optional<Completion> Memory::Channels::complete(uint64_t cycle) {
  while (completed.empty() && advance(cycle))
    ;
  return completed.empty() ? std::nullopt
                           : std::optional(completed.pop_back_val());
}

uint64_t Memory::Channels::wait() {
  auto isLatest = [&](const Completion &completion) {
    return uint32_t(completion.access) == latest();
  };
  while (llvm::none_of(completed, isLatest))
    if (!advance(std::numeric_limits<uint64_t>::max()))
      return start;
  auto found = llvm::find_if(completed, isLatest);
  uint64_t cycle = found->cycle;
  completed.erase(found);
  start = std::max(start, cycle);
  return cycle;
}

MemoryStatistics Memory::Channels::statistics() const {
  MemoryStatistics sum = counts;
  for (unsigned i = 0; i < config.channels; ++i) {
    Channel served = channels[i];
    served.drain();
    const Channel::Counters &counters = served.counters();
    sum.rowHits +=
        counters.transactions - counters.rowMisses - counters.rowConflicts;
    sum.rowMisses += counters.rowMisses;
    sum.rowConflicts += counters.rowConflicts;
    sum.refreshes += counters.refreshes;
    sum.busBusyCycles[i] = counters.transactions * config.timing.burstCycles +
                           std::llround(busBusy[i]);
  }
  return sum;
}

MemoryStatistics &MemoryStatistics::operator+=(const MemoryStatistics &other) {
  transactions += other.transactions;
  usefulBytes += other.usefulBytes;
  rowHits += other.rowHits;
  rowMisses += other.rowMisses;
  rowConflicts += other.rowConflicts;
  refreshes += other.refreshes;
  busBusyCycles.resize(
      std::max(busBusyCycles.size(), other.busBusyCycles.size()));
  for (size_t i = 0; i < other.busBusyCycles.size(); ++i)
    busBusyCycles[i] += other.busBusyCycles[i];
  return *this;
}

Memory::Memory(const MemoryConfig &config)
    : channels(std::make_unique<Channels>(config)) {}
Memory::Memory(Memory &&) = default;
Memory::~Memory() = default;

uint64_t Memory::access(uint64_t startCycle, llvm::ArrayRef<Segment> segments,
                        bool write) {
  return channels->access(startCycle, segments, write);
}

std::optional<Completion> Memory::complete(uint64_t cycle) {
  return channels->complete(cycle);
}

uint64_t Memory::wait() { return channels->wait(); }

MemoryStatistics Memory::statistics() const { return channels->statistics(); }

} // namespace rarefy
