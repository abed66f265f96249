// Splits accesses into transactions and deals them to channels, one channel
// after the other.

#include "rarefy/Sim/Memory.h"
#include "Channel.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <cmath>

namespace rarefy {

class Memory::Channels {
public:
  explicit Channels(const MemoryConfig &config);

  Transfer access(uint64_t start, llvm::ArrayRef<Segment> segments, bool write);
  MemoryStatistics statistics() const;

private:
  /// Transactions, which are listed only if their places matter. They are
  /// numbered within their channel.
  struct Share {
    uint64_t count = 0;
    std::vector<uint64_t> transactions;
  };

  void deal(Segment segment);
  uint64_t send(unsigned channel, bool write);
  uint64_t sendNominal(unsigned channel);
  uint64_t completionOf(unsigned channel);
  void catchUp(unsigned channel);

  MemoryConfig config;
  TimingTable table;
  AddressMapping mapping;
  unsigned transactionShift, channelShift;
  std::vector<Channel> channels;
  /// Copies of channels that have run ahead, to see how their requests end.
  std::vector<Channel> ahead;
  llvm::BitVector isAhead;
  /// In nominal mode: cycles of a transaction on a channel's bus; per channel,
  /// until when it is busy, and how long it has been.
  double nominalCycles;
  std::vector<double> busFree, busBusy;
  /// Of an access: what each channel gets, and the channels that get any.
  std::vector<Share> shares;
  std::vector<unsigned> touched;
  uint64_t start = 0;
  MemoryStatistics counts;
};

Memory::Channels::Channels(const MemoryConfig &given)
    : config(given), table(config), mapping(config),
      transactionShift(llvm::Log2_32(config.transactionBytes)),
      channelShift(llvm::Log2_32(config.channels)),
      channels(config.channels, Channel(config, table, mapping)),
      ahead(channels), isAhead(config.channels),
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
  // Every channel has each `channels`-th of them.
  uint64_t end = std::min(last, first + config.channels - 1);
  for (uint64_t i = first; i <= end; ++i) {
    unsigned channel = i & (config.channels - 1);
    Share &share = shares[channel];
    if (!share.count)
      touched.push_back(channel);
    uint64_t at = i >> channelShift, count = ((last - i) >> channelShift) + 1;
    share.count += count;
    if (config.mode == MemoryMode::Timing)
      for (uint64_t k = 0; k < count; ++k)
        share.transactions.push_back(at + k);
  }
}

/// Sends a channel its transactions, and returns when the last one left.
uint64_t Memory::Channels::send(unsigned number, bool write) {
  catchUp(number);
  return channels[number].send(start, shares[number].transactions, write);
}

/// The same in nominal mode, where only their number matters.
uint64_t Memory::Channels::sendNominal(unsigned channel) {
  uint64_t count = shares[channel].count;
  double leaves = std::max(double(start), busFree[channel]);
  busFree[channel] = leaves + count * nominalCycles;
  busBusy[channel] += count * nominalCycles;
  return std::ceil(leaves + (count - 1) * nominalCycles);
}

uint64_t Memory::Channels::completionOf(unsigned channel) {
  // No later request is seen before this.
  channels[channel].advance(start + config.requestCycles - 1);
  if (std::optional<uint64_t> end = channels[channel].findLoneEnd())
    return *end;
  ahead[channel] = channels[channel];
  isAhead.set(channel);
  return ahead[channel].finishAccess();
}

/// Takes what has run ahead of a channel, unless a request that is to come
/// would have been seen meanwhile.
void Memory::Channels::catchUp(unsigned channel) {
  if (isAhead[channel] && ahead[channel].isBefore(start + config.requestCycles))
    std::swap(channels[channel], ahead[channel]);
  isAhead.reset(channel);
}

Transfer Memory::Channels::access(uint64_t startCycle,
                                  llvm::ArrayRef<Segment> segments,
                                  bool write) {
  touched.clear();
  start = std::max(start, startCycle);
  for (const Segment &segment : segments)
    deal(segment);
  if (touched.empty())
    return {startCycle, startCycle};
  bool isTimed = config.mode == MemoryMode::Timing;
  uint64_t lastLeft = 0;
  for (unsigned channel : touched) {
    uint64_t left = isTimed ? send(channel, write) : sendNominal(channel);
    lastLeft = std::max(lastLeft, left);
    shares[channel].count = 0;
    shares[channel].transactions.clear();
  }
  start = lastLeft + 1;
  uint64_t completed =
      isTimed ? 0 : lastLeft + config.nominal.firstAccessCycles;
  for (unsigned channel : touched)
    completed =
        std::max(completed, isTimed ? completionOf(channel)
                                    : uint64_t(std::ceil(busFree[channel])));
  return {start, completed};
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

Transfer Memory::access(uint64_t startCycle, llvm::ArrayRef<Segment> segments,
                        bool write) {
  return channels->access(startCycle, segments, write);
}

MemoryStatistics Memory::statistics() const { return channels->statistics(); }

} // namespace rarefy
