#include "rarefy/Sim/Memory.h"
#include "MemoryReference.h"
#include "rarefy/Hardware/SpAttenConfig.h"
#include "gtest/gtest.h"

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

uint64_t total(const std::vector<uint64_t> &counts) {
  return std::accumulate(counts.begin(), counts.end(), uint64_t(0));
}

// The two measurements of the released simulator: 12.84 bytes per cycle for
// 20 000 sequential reads in one channel, 19 cycles for the first.
TEST(Memory, HasTheReleasedRate) {
  Memory memory(configure({"memory.channels=1"}));
  const uint64_t count = 20000;
  Transfer transfer = memory.access(0, {{0, uint32_t(count * 32)}}, false);
  double rate = count * 32.0 / transfer.completed;
  RecordProperty("bytesPerCycle", std::to_string(rate));
  EXPECT_NEAR(rate, 12.84, 0.005);
}

TEST(Memory, HasTheReleasedLatency) {
  Memory memory(configure());
  Transfer transfer = memory.access(100, {{0, 32}}, false);
  EXPECT_EQ(transfer.completed, 119u);
  EXPECT_EQ(transfer.issued, 101u);
}

TEST(Memory, ChannelsWorkSideBySide) {
  Memory one(configure({"memory.channels=1"})), all(configure());
  uint64_t alone = one.access(0, {{0, 1000 * 32}}, false).completed;
  EXPECT_EQ(all.access(0, {{0, 16 * 1000 * 32}}, false).completed, alone);
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
  Transfer transfer = memory.access(7, {}, false);
  EXPECT_EQ(transfer.issued, 7u);
  EXPECT_EQ(transfer.completed, 7u);
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
  uint64_t once = whole.access(0, {{0, 1 << 20}}, false).completed;
  Transfer last{0, 0};
  for (unsigned i = 0; i < 256; ++i)
    last = parts.access(last.issued, {{i * 4096, 4096}}, false);
  EXPECT_EQ(last.completed, once);
  EXPECT_EQ(parts.statistics().rowHits, whole.statistics().rowHits);
}

TEST(Memory, RequestsWaitForRoom) {
  Memory one(
      configure({"memory.channels=1", "memory.outstandingPerChannel=1"}));
  // Each read waits for the data of the one before: 19 cycles for the first,
  // then 1 + 7 + 4 each while the row is open.
  EXPECT_EQ(one.access(0, {{0, 5 * 32}}, false).completed, 19u + 4 * 12);
}

TEST(Memory, IdleTimeIsFree) {
  Memory memory(configure({"memory.refresh.mode=all-bank"}));
  const uint64_t later = uint64_t(3900) * 1000000000 + 1000;
  EXPECT_EQ(memory.access(later, {{0, 32}}, false).completed, later + 19);
  EXPECT_EQ(memory.statistics().refreshes, 1000000000u);
}

TEST(Memory, RefreshTakesItsShare) {
  Memory memory(
      configure({"memory.channels=1", "memory.refresh.mode=all-bank"}));
  // Interrupted at cycle 3900: banks close, refresh for 350, open again.
  uint64_t completed = memory.access(3890, {{0, 16 * 32}}, false).completed;
  EXPECT_EQ(memory.statistics().refreshes, 1u);
  EXPECT_GT(completed, 3900u + 350);
  EXPECT_LT(completed, 3900u + 350 + 100);
}

TEST(Memory, NominalModeHasBandwidthAndLatencyOnly) {
  Memory memory(configure({"memory.mode=nominal"}));
  Transfer transfer = memory.access(10, {{0, 16 * 1000 * 32}}, false);
  EXPECT_EQ(transfer.issued, 1010u);
  EXPECT_EQ(transfer.completed, 10u + 999 + 19);
  EXPECT_EQ(memory.access(0, {{0, 32}}, false).completed, 1010u + 19);
  MemoryStatistics statistics = memory.statistics();
  EXPECT_EQ(total(statistics.busBusyCycles), 16001u);
  EXPECT_EQ(statistics.rowHits, 0u);
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
  double cycles = memory.access(0, {{0, 32 * 10000}}, true).completed;
  EXPECT_NEAR(320000 / cycles, 12.84, 0.02);
}

class AgainstReference : public testing::TestWithParam<const char *> {};

TEST_P(AgainstReference, IsEqualCycleByCycle) {
  MemoryConfig config = configure({"memory.channels=1", GetParam()});
  std::mt19937 random(1);
  std::vector<std::vector<uint64_t>> streams;
  for (uint64_t stride : {32, 64, 96, 512, 1024, 16384, 32 * 1000})
    streams.push_back(strided(2000, stride));
  for (uint64_t span : {1 << 8, 1 << 10, 1 << 14, 1 << 20}) {
    streams.emplace_back();
    for (unsigned i = 0; i < 2000; ++i)
      streams.back().push_back(random() % span * 32);
  }
  for (const std::vector<uint64_t> &addresses : streams) {
    ReferenceResult expected = readCycleByCycle(config, addresses);
    Memory memory(config);
    Transfer found = memory.access(0, transactions(addresses), false);
    MemoryStatistics statistics = memory.statistics();
    EXPECT_EQ(found.completed, expected.completed) << addresses[1];
    EXPECT_EQ(statistics.rowHits, expected.rowHits);
    EXPECT_EQ(statistics.rowMisses, expected.rowMisses);
    EXPECT_EQ(statistics.rowConflicts, expected.rowConflicts);
    EXPECT_EQ(statistics.refreshes, expected.refreshes);
  }
}

/// Compares when accesses of a few transactions to a few rows end.
static void compareEnds(const MemoryConfig &config) {
  std::mt19937 random(2);
  for (unsigned i = 0; i < 300; ++i) {
    std::vector<uint64_t> addresses(1 + random() % 20);
    uint64_t rows = 1 + random() % 3;
    for (uint64_t &address : addresses)
      address = random() % rows * (1 << 14) + random() % 16 * 32;
    Memory memory(config);
    EXPECT_EQ(memory.access(0, transactions(addresses), false).completed,
              readCycleByCycle(config, addresses).completed);
  }
}

TEST_P(AgainstReference, ShortAccessesEndInTheSameCycle) {
  compareEnds(configure({"memory.channels=1", GetParam()}));
}

TEST(Memory, WindowsOfOtherCommandsHoldUpTheEnd) {
  using enum DRAMCommand;
  std::pair<DRAMCommand, DRAMCommand> rules[] = {
      {Read, Read}, {Activate, Read}, {Precharge, Activate}};
  for (auto [preceding, following] : rules) {
    MemoryConfig config = configure({"memory.channels=1"});
    config.timing.rows.push_back(
        {DRAMScope::PseudoChannel, {preceding}, {following}, "", 2, 90});
    compareEnds(config);
  }
}

INSTANTIATE_TEST_SUITE_P(Memory, AgainstReference,
                         testing::Values("memory.refresh.mode=none",
                                         "memory.refresh.mode=all-bank",
                                         "memory.outstandingPerChannel=64",
                                         "memory.timing.values.nFAW=60",
                                         "memory.organization.bankGroups=1"));
} // namespace
