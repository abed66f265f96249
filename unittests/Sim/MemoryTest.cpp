#include "rarefy/Sim/Memory.h"
#include "MemoryReference.h"
#include "rarefy/Hardware/SpAttenConfig.h"
#include "llvm/ADT/STLExtras.h"
#include "gtest/gtest.h"

#include <limits>
#include <numeric>
#include <random>

using namespace rarefy;

namespace {
MemoryConfig configure(const std::vector<std::string> &overrides = {}) {
  return llvm::cantFail(
             readSpAttenConfig(RAREFY_CONFIGS "/spatten.yaml", overrides))
      .memory;
}

std::vector<Segment> transactions(const std::vector<uint64_t> &addresses) {
  std::vector<Segment> segments;
  for (uint64_t address : addresses)
    segments.push_back({address, 32});
  return segments;
}

std::vector<uint64_t> strided(uint64_t count, uint64_t stride) {
  std::vector<uint64_t> addresses(count);
  for (uint64_t i = 0; i < count; ++i)
    addresses[i] = i * stride;
  return addresses;
}

constexpr uint64_t never = std::numeric_limits<uint64_t>::max();

/// When an access completes that no other follows.
uint64_t complete(Memory &memory, uint64_t start,
                  const std::vector<Segment> &segments, bool write = false) {
  memory.access(start, segments, write);
  return memory.wait();
}

uint64_t total(const std::vector<uint64_t> &counts) {
  return std::accumulate(counts.begin(), counts.end(), uint64_t(0));
}

// The two measurements of the released simulator: 12.84 bytes per cycle for
// 20 000 sequential reads in one channel, 19 cycles for the first.
TEST(Memory, HasTheReleasedRate) {
  Memory memory(configure({"memory.channels=1"}));
  const uint64_t count = 20000;
  double rate = count * 32.0 / complete(memory, 0, {{0, uint32_t(count * 32)}});
  RecordProperty("bytesPerCycle", std::to_string(rate));
  EXPECT_NEAR(rate, 12.84, 0.005);
}

TEST(Memory, HasTheReleasedLatency) {
  Memory memory(configure());
  EXPECT_EQ(memory.access(100, {{0, 32}}, false), 101u);
  EXPECT_EQ(memory.wait(), 119u);
}

TEST(Memory, ChannelsWorkSideBySide) {
  Memory one(configure({"memory.channels=1"})), all(configure());
  uint64_t alone = complete(one, 0, {{0, 1000 * 32}});
  EXPECT_EQ(complete(all, 0, {{0, 16 * 1000 * 32}}), alone);
}

TEST(Memory, TransactionsAreDealtToChannelsInTurn) {
  Memory memory(configure({"memory.channels=4"}));
  // Bytes 30 to 129: transactions 0 to 4.
  memory.access(0, {{30, 100}, {4 * 32, 0}}, false);
  MemoryStatistics statistics = memory.statistics();
  EXPECT_EQ(statistics.transactions, 5u);
  EXPECT_EQ(statistics.usefulBytes, 100u);
  EXPECT_EQ(statistics.busBusyCycles, (std::vector<uint64_t>{8, 4, 4, 4}));
}

TEST(Memory, NothingTakesNoTime) {
  Memory memory(configure());
  EXPECT_EQ(memory.access(7, {}, false), 7u);
  EXPECT_EQ(memory.wait(), 7u);
  EXPECT_EQ(memory.statistics().transactions, 0u);
}

TEST(Memory, CountsHitsMissesAndConflicts) {
  Memory memory(configure({"memory.channels=1"}));
  const uint64_t nextRowOfBank = 512 * 32;
  memory.access(0, transactions({0, 32, nextRowOfBank}), false);
  MemoryStatistics statistics = memory.statistics();
  EXPECT_EQ(statistics.rowMisses, 1u);
  EXPECT_EQ(statistics.rowHits, 1u);
  EXPECT_EQ(statistics.rowConflicts, 1u);
  EXPECT_EQ(total(statistics.busBusyCycles), 12u);
}

TEST(Memory, BackToBackAccessesTakeAsLongAsOne) {
  MemoryConfig config = configure({"memory.refresh.mode=all-bank"});
  Memory whole(config), parts(config);
  uint64_t once = complete(whole, 0, {{0, 1 << 20}}), issued = 0;
  for (unsigned i = 0; i < 256; ++i)
    issued = parts.access(issued, {{i * 4096, 4096}}, false);
  EXPECT_EQ(parts.wait(), once);
  EXPECT_EQ(parts.statistics().rowHits, whole.statistics().rowHits);
}

TEST(Memory, RequestsWaitForRoom) {
  Memory one(
      configure({"memory.channels=1", "memory.outstandingPerChannel=1"}));
  // Each read waits for the data of the one before: 19 cycles for the first,
  // then 1 + 7 + 4 each while the row is open.
  EXPECT_EQ(complete(one, 0, {{0, 5 * 32}}), 19u + 4 * 12);
}

TEST(Memory, IdleTimeIsFree) {
  Memory memory(configure({"memory.refresh.mode=all-bank"}));
  const uint64_t later = uint64_t(3900) * 1000000000 + 1000;
  EXPECT_EQ(complete(memory, later, {{0, 32}}), later + 19);
  EXPECT_EQ(memory.statistics().refreshes, 1000000000u);
}

TEST(Memory, RefreshTakesItsShare) {
  Memory memory(
      configure({"memory.channels=1", "memory.refresh.mode=all-bank"}));
  // Interrupted at cycle 3900: banks close, refresh for 350, open again.
  uint64_t completed = complete(memory, 3890, {{0, 16 * 32}});
  EXPECT_EQ(memory.statistics().refreshes, 1u);
  EXPECT_GT(completed, 3900u + 350);
  EXPECT_LT(completed, 3900u + 350 + 100);
}

TEST(Memory, NominalModeHasBandwidthAndLatencyOnly) {
  Memory memory(configure({"memory.mode=nominal"}));
  EXPECT_EQ(memory.access(10, {{0, 16 * 1000 * 32}}, false), 1010u);
  EXPECT_EQ(memory.complete(never)->cycle, 10u + 999 + 19);
  EXPECT_EQ(complete(memory, 0, {{0, 32}}), 1010u + 19);
  MemoryStatistics statistics = memory.statistics();
  EXPECT_EQ(total(statistics.busBusyCycles), 16001u);
  EXPECT_EQ(statistics.rowHits, 0u);
}

TEST(Memory, NominalDataTakesItsTime) {
  Memory memory(configure({"memory.mode=nominal", "memory.channels=1",
                           "memory.nominal.bytesPerCyclePerChannel=0.5"}));
  // 64 cycles for each transaction, more than the latency of 19.
  EXPECT_EQ(complete(memory, 10, {{0, 32}}), 74u);
  EXPECT_EQ(complete(memory, 10, {{0, 64}}), 202u);
}

TEST(Memory, StatisticsAddUpFromNothing) {
  Memory memory(configure({}));
  memory.access(0, {{0, 16 * 32}}, false);
  MemoryStatistics one = memory.statistics(), sum;
  sum += one;
  sum += one;
  sum += MemoryStatistics();
  EXPECT_EQ(sum.transactions, 32u);
  EXPECT_EQ(total(sum.busBusyCycles), 2 * total(one.busBusyCycles));
  EXPECT_EQ(sum.busBusyCycles.size(), one.busBusyCycles.size());
}

TEST(Memory, NominalBandwidthMayBeAFraction) {
  Memory memory(configure({"memory.mode=nominal", "memory.channels=1",
                           "memory.nominal.bytesPerCyclePerChannel=12.84"}));
  double cycles = complete(memory, 0, {{0, 32 * 10000}}, /*write=*/true);
  EXPECT_NEAR(320000 / cycles, 12.84, 0.02);
}

/// Makes accesses to a memory, each once what completes before is known, and
/// to the reference: all ends and counts are equal. An access that starts
/// `never` starts when another completes.
void compare(const MemoryConfig &config,
             std::vector<ReferenceAccess> accesses) {
  Memory memory(config);
  std::vector<uint64_t> issued{0}, completed(accesses.size());
  auto takeUntil = [&](uint64_t cycle) {
    std::optional<Completion> completion = memory.complete(cycle);
    if (completion)
      completed[completion->access] = completion->cycle;
    return completion ? completion->cycle : never;
  };
  for (ReferenceAccess &access : accesses) {
    if (access.start == never)
      access.start = takeUntil(never);
    if (access.start == never) // None is in flight.
      access.start = issued.back();
    uint64_t start = std::max(access.start, issued.back());
    while (takeUntil(start) != never)
      ;
    issued.push_back(memory.access(access.start, transactions(access.addresses),
                                   access.write));
  }
  while (takeUntil(never) != never)
    ;
  ReferenceResult expected = accessCycleByCycle(config, accesses);
  issued.erase(issued.begin());
  ASSERT_EQ(issued, expected.issued);
  ASSERT_EQ(completed, expected.completed);
  MemoryStatistics statistics = memory.statistics();
  EXPECT_EQ(statistics.rowHits, expected.rowHits);
  EXPECT_EQ(statistics.rowMisses, expected.rowMisses);
  EXPECT_EQ(statistics.rowConflicts, expected.rowConflicts);
  EXPECT_EQ(statistics.refreshes, expected.refreshes);
}

/// Reads and writes of a few transactions to a few rows, at once or with gaps.
void compareAccesses(const MemoryConfig &config) {
  std::mt19937 random(2);
  for (unsigned sequence = 0; sequence < 60; ++sequence) {
    std::vector<ReferenceAccess> accesses(1 + random() % 12);
    uint64_t rows = 1 + random() % 3, most = sequence % 2 ? 20 : 1;
    uint64_t gap = sequence % 3 ? random() % 600 : 0, cycle = 0;
    for (ReferenceAccess &access : accesses) {
      access = {cycle, {}, random() % 3 == 0};
      access.addresses.resize(1 + random() % most);
      for (uint64_t &address : access.addresses)
        address = random() % rows * (1 << 14) + random() % 2 * 512 +
                  random() % 16 * 32;
      cycle += gap ? random() % gap : 0;
      if (&access != &accesses.front() && random() % 4 == 0)
        access.start = never;
    }
    compare(config, accesses);
  }
}

class AgainstReference : public testing::TestWithParam<const char *> {};

TEST_P(AgainstReference, StreamsAreEqualCycleByCycle) {
  MemoryConfig config = configure({"memory.channels=1", GetParam()});
  std::mt19937 random(1);
  for (uint64_t stride : {32, 64, 96, 512, 1024, 16384, 32 * 1000})
    compare(config, {{0, strided(2000, stride)}});
  for (uint64_t span : {1 << 8, 1 << 10, 1 << 14, 1 << 20}) {
    std::vector<uint64_t> addresses(2000);
    for (uint64_t &address : addresses)
      address = random() % span * 32;
    compare(config, {{0, addresses}});
  }
}

TEST_P(AgainstReference, AccessesAreEqualCycleByCycle) {
  compareAccesses(configure({"memory.channels=1", GetParam()}));
}

INSTANTIATE_TEST_SUITE_P(Memory, AgainstReference,
                         testing::Values("memory.refresh.mode=none",
                                         "memory.refresh.mode=all-bank",
                                         "memory.outstandingPerChannel=1",
                                         "memory.outstandingPerChannel=64",
                                         "memory.requestCycles=7",
                                         "memory.timing.values.nFAW=60",
                                         "memory.organization.bankGroups=1"));

/// Rules that no device has: commands that count others, or that follow others
/// than those that the table's rules are about.
TEST(Memory, AnyRuleHoldsUpTheEnd) {
  using enum DRAMCommand;
  std::tuple<DRAMCommand, DRAMCommand, unsigned> rules[] = {
      {Read, Read, 2},          {Activate, Read, 2},  {Precharge, Activate, 2},
      {Precharge, Activate, 1}, {Precharge, Read, 1}, {Precharge, Write, 1},
      {Activate, Write, 1},     {Write, Activate, 1}};
  for (DRAMScope scope : {DRAMScope::PseudoChannel, DRAMScope::Bank})
    for (auto [preceding, following, window] : rules) {
      MemoryConfig config = configure({"memory.channels=1"});
      config.timing.rows.push_back(
          {scope, {preceding}, {following}, "", window, 90});
      compareAccesses(config);
    }
}

TEST(Memory, FrequentRefreshesHoldUpTheEnd) {
  compareAccesses(configure(
      {"memory.channels=1", "memory.refresh.mode=all-bank",
       "memory.timing.values.nREFI=500", "memory.timing.values.nRFC=100"}));
}

TEST(Memory, ChannelsTakeTurnsAtPorts) {
  MemoryConfig config = configure({"memory.channels=1"});
  config.sendCycles = 5;
  compareAccesses(config);
  config.mode = MemoryMode::Nominal;
  Memory memory(config);
  EXPECT_EQ(memory.access(0, {{0, 32 * 8}}, false), 5u * 7 + 1);
}

TEST(Memory, NoRuleLeavesACommandACycle) {
  MemoryConfig config = configure({"memory.channels=1"});
  config.timing.rows.clear();
  compareAccesses(config);
}
} // namespace
