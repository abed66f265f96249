#include "rarefy/Sim/TopKLatency.h"
#include "gtest/gtest.h"

#include <algorithm>
#include <numeric>

using namespace rarefy;

namespace {
using Positions = std::vector<unsigned>;

TEST(TopKLatency, HasTheMeansOfTheRecurrence) {
  struct Case {
    unsigned n, k;
    double cycles[6]; // For 1, 2, 4, 8, 16 and 32 items a cycle.
  };
  const Case cases[] = {
      {1024, 512, {3468.0, 1755.9, 899.9, 472.0, 258.2, 151.6}},
      {1024, 204, {3072.8, 1557.5, 799.9, 421.2, 232.1, 137.7}},
      {102, 20, {307.2, 166.8, 97.1, 61.8, 44.9, 36.6}},
  };
  for (const Case &c : cases)
    for (unsigned i = 0; i < 6; ++i) {
      TopKLatency latency(1u << i, 3);
      EXPECT_NEAR(latency.expectedCycles(c.n, c.k), c.cycles[i],
                  0.001 * c.cycles[i] + 0.05)
          << c.n << ", " << c.k << ", " << (1u << i);
    }
}

TEST(TopKLatency, IsWorkedOutByHandForTwoValues) {
  // One value left: a round of 1 + 3. Two values, rank 1: one round, and half
  // the time another one.
  TopKLatency latency(1, 3);
  EXPECT_DOUBLE_EQ(latency.expectedCycles(2, 1), 5 + 4.0 / 2);
  EXPECT_EQ(latency.cycles({2, 1}), 9u);
}

TEST(TopKLatency, SelectsNothingWithoutARound) {
  TopKLatency latency(16, 3);
  EXPECT_EQ(latency.expectedCycles(64, 64), 0);
  EXPECT_EQ(latency.expectedCycles(64, 0), 0);
  EXPECT_EQ(latency.expectedCycles(0, 0), 0);
}

TEST(TopKLatency, GrowsInAnyOrder) {
  TopKLatency once(16, 3), twice(16, 3);
  double direct = once.expectedCycles(900, 33);
  twice.expectedCycles(50, 2);
  EXPECT_DOUBLE_EQ(twice.expectedCycles(900, 33), direct);
  EXPECT_DOUBLE_EQ(once.expectedCycles(50, 2), twice.expectedCycles(50, 2));
}

TEST(TopKLatency, IsTheMeanOfWhatTheEngineRuns) {
  std::vector<int64_t> values(102);
  std::iota(values.begin(), values.end(), -40);
  std::reverse(values.begin(), values.begin() + 50);
  TopKLatency latency(16, 3);
  PivotGenerator pivots(7);
  double sum = 0;
  const unsigned trials = 20000;
  for (unsigned i = 0; i < trials; ++i)
    sum += latency.cycles(quickSelect(values, 20, pivots).roundSizes);
  EXPECT_NEAR(sum / trials, 44.9, 0.01 * 44.9);
}

/// What the engine has to find, by sorting.
Positions largest(llvm::ArrayRef<int64_t> values, unsigned k) {
  Positions order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](unsigned a, unsigned b) {
    return values[a] == values[b] ? a < b : values[a] > values[b];
  });
  order.resize(k);
  std::sort(order.begin(), order.end());
  return order;
}

TEST(QuickSelect, FindsThePublishedExample) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    PivotGenerator pivots(seed);
    EXPECT_EQ(quickSelect({6, 1, 5, 12, 6}, 3, pivots).kept,
              (Positions{0, 3, 4}));
  }
}

TEST(QuickSelect, KeepsExactlyKAndTheEarliestOfEquals) {
  PivotGenerator random(1);
  for (unsigned trial = 0; trial < 500; ++trial) {
    std::vector<int64_t> values(1 + random.pick(60));
    for (int64_t &value : values)
      value = int64_t(random.pick(9)) - 4;
    unsigned k = 1 + random.pick(values.size());
    PivotGenerator pivots(trial);
    Selection found = quickSelect(values, k, pivots);
    ASSERT_EQ(found.kept, largest(values, k));
    ASSERT_EQ(found.roundSizes.empty(), k == values.size());
    if (!found.roundSizes.empty()) {
      EXPECT_EQ(found.roundSizes[0], values.size());
    }
  }
}

TEST(QuickSelect, TakesTheExtremesOf64Bits) {
  PivotGenerator pivots(3);
  EXPECT_EQ(quickSelect({INT64_MIN, INT64_MAX, 0, INT64_MAX}, 2, pivots).kept,
            (Positions{1, 3}));
  EXPECT_TRUE(quickSelect({1, 2}, 0, pivots).kept.empty());
  EXPECT_EQ(quickSelect({1, 2}, 5, pivots).kept, (Positions{0, 1}));
}

TEST(QuickSelect, RepeatsForTheSameSeed) {
  std::vector<int64_t> values(300);
  std::iota(values.begin(), values.end(), 0);
  PivotGenerator a(5), b(5), other(6);
  EXPECT_EQ(quickSelect(values, 100, a).roundSizes,
            quickSelect(values, 100, b).roundSizes);
  EXPECT_NE(quickSelect(values, 100, a).roundSizes,
            quickSelect(values, 100, other).roundSizes);
}

TEST(ZeroEliminator, CountsAndCompacts) {
  std::vector<int64_t> items = {1, 0, 2, 0, 3, 4, 0, 5};
  EXPECT_EQ(countZerosBefore(items), (Positions{0, 0, 1, 1, 2, 2, 2, 3}));
  EXPECT_EQ(eliminateZeros(items),
            (std::vector<int64_t>{1, 2, 3, 4, 5, 0, 0, 0}));
  EXPECT_EQ(eliminateZeros({0, 0, 0, 0, 0, 0, 9}),
            (std::vector<int64_t>{9, 0, 0, 0, 0, 0, 0}));
}
} // namespace
