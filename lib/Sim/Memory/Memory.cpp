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
  /// Where an address field stands among the bits above the channel's.
  struct BitField {
    unsigned shift = 0;
    uint64_t mask = 0;

    uint64_t of(uint64_t address) const { return (address >> shift) & mask; }
  };

  /// Transactions that follow each other in a channel.
  struct Run {
    uint64_t first, count;
  };

  void arrangeFields();
  Place placeOf(uint64_t address) const;
  void addRuns(Segment segment);
  uint64_t send(unsigned channel, bool write);
  uint64_t sendNominal(unsigned channel);
  uint64_t completionOf(unsigned channel);
  void catchUp(unsigned channel);

  MemoryConfig config;
  TimingTable table;
  BitField fields[5];
  unsigned transactionShift, channelShift;
  /// The bits within which transactions of a channel have one place.
  uint64_t columnMask = 0;
  std::vector<Channel> channels;
  /// Copies of channels that have run ahead, to see how their requests end.
  std::vector<Channel> ahead;
  llvm::BitVector isAhead;
  /// In nominal mode: cycles of a transaction on a channel's bus; per channel,
  /// until when it is busy, and how long it has been.
  double nominalCycles;
  std::vector<double> busFree, busBusy;
  /// Of an access: what each channel gets, and the channels that get any.
  std::vector<std::vector<Run>> runs;
  std::vector<unsigned> touched;
  uint64_t start = 0;
  MemoryStatistics counts;
};

Memory::Channels::Channels(const MemoryConfig &given)
    : config(given), table(config),
      transactionShift(llvm::Log2_32(config.transactionBytes)),
      channelShift(llvm::Log2_32(config.channels)),
      channels(config.channels, Channel(config, table)), ahead(channels),
      isAhead(config.channels),
      nominalCycles(std::max<double>(
          config.sendCycles,
          config.transactionBytes / config.nominal.bytesPerCyclePerChannel)),
      busFree(config.channels), busBusy(config.channels),
      runs(config.channels) {
  counts.busBusyCycles.resize(config.channels);
  arrangeFields();
}

void Memory::Channels::arrangeFields() {
  const DRAMOrganization &part = config.organization;
  // A transaction takes several columns; its address has only the others' bits.
  uint64_t sizes[5] = {config.rowBytes() / config.transactionBytes,
                       part.pseudoChannels, part.bankGroups, part.banksPerGroup,
                       part.rows};
  unsigned shift = 0;
  for (AddressField field : config.mapping) {
    fields[unsigned(field)] = {shift, sizes[unsigned(field)] - 1};
    shift += llvm::Log2_64(sizes[unsigned(field)]);
  }
  if (config.mapping[0] == AddressField::Column)
    columnMask = fields[unsigned(AddressField::Column)].mask;
}

/// Of a transaction, numbered within its channel.
Place Memory::Channels::placeOf(uint64_t address) const {
  const DRAMOrganization &part = config.organization;
  auto field = [&](AddressField which) {
    return fields[unsigned(which)].of(address);
  };
  uint64_t group = field(AddressField::PseudoChannel) * part.bankGroups +
                   field(AddressField::BankGroup);
  return {unsigned(group * part.banksPerGroup + field(AddressField::Bank)),
          unsigned(field(AddressField::Row))};
}

/// Deals a segment's transactions to channels.
void Memory::Channels::addRuns(Segment segment) {
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
    if (runs[channel].empty())
      touched.push_back(channel);
    runs[channel].push_back(
        {i >> channelShift, ((last - i) >> channelShift) + 1});
  }
}

/// Sends a channel its transactions, those at once that follow each other and
/// have one place, whatever runs they are of. Returns when the last one left.
uint64_t Memory::Channels::send(unsigned number, bool write) {
  catchUp(number);
  Channel &channel = channels[number];
  channel.beginAccess();
  Run alike{0, 0};
  uint64_t left = 0;
  auto sendAlike = [&] {
    if (alike.count)
      left = channel.send(start, placeOf(alike.first), alike.count, write);
  };
  for (auto [first, count] : runs[number])
    for (uint64_t end = first + count, at = first; at < end;) {
      if (!alike.count || ((alike.first ^ at) & ~columnMask)) {
        sendAlike();
        alike = {at, 0};
      }
      uint64_t next = std::min(end, (at | columnMask) + 1);
      alike.count += next - at;
      at = next;
    }
  sendAlike();
  return left;
}

/// The same in nominal mode, where only their number matters.
uint64_t Memory::Channels::sendNominal(unsigned channel) {
  uint64_t count = 0;
  for (const Run &run : runs[channel])
    count += run.count;
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
    addRuns(segment);
  if (touched.empty())
    return {startCycle, startCycle};
  bool isTimed = config.mode == MemoryMode::Timing;
  uint64_t lastLeft = 0;
  for (unsigned channel : touched) {
    uint64_t left = isTimed ? send(channel, write) : sendNominal(channel);
    lastLeft = std::max(lastLeft, left);
    runs[channel].clear();
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
