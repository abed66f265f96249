#include "Select.h"
#include "rarefy/Sim/SpAttenNumbers.h"
#include "gtest/gtest.h"

using namespace rarefy::spatten;

namespace {

TEST(SpAttenNumbers, ExponentialsAreCloseAndEndAtZero) {
  EXPECT_EQ(exponential(0.0f), 1.0f);
  for (float t = -80; t < 0; t += 0.37f)
    EXPECT_NEAR(exponential(t) / std::exp(t), 1.0f, 2e-4f) << t;
  // 2^-126 is the last number that is not zero.
  EXPECT_GT(exponential(-87.3f), 0.0f);
  EXPECT_EQ(exponential(-87.4f), 0.0f);
  EXPECT_EQ(exponential(-std::numeric_limits<float>::infinity()), 0.0f);
}

TEST(SpAttenNumbers, ProbabilitiesAreRoundedToElevenBits) {
  EXPECT_EQ(toFixed(1.0f), 1 << 30);
  EXPECT_EQ(toProbability(1.0f, int64_t(1) << 30), kMaxProbability);
  EXPECT_EQ(toProbability(1.0f, int64_t(4) << 30), 512);
  // 2048 / 5 is 409.6; 2.5 and 3.5 go to the even neighbour.
  EXPECT_EQ(toProbability(1.0f, int64_t(5) << 30), 410);
  EXPECT_EQ(toProbability(2.5f / 2048, int64_t(1) << 30), 2);
  EXPECT_EQ(toProbability(3.5f / 2048, int64_t(1) << 30), 4);
}

TEST(SpAttenNumbers, OutputsAreRoundedUpFromTheHalfAndHeld) {
  EXPECT_EQ(toOutput(1023), 0);
  EXPECT_EQ(toOutput(1024), 1);
  EXPECT_EQ(toOutput(-1024), 0);
  EXPECT_EQ(toOutput(-1025), -1);
  EXPECT_EQ(toOutput(2047 << 11), 2047);
  EXPECT_EQ(toOutput(2048 << 11), 2047);
  EXPECT_EQ(toOutput(-(2100 << 11)), -2048);
}

TEST(SpAttenNumbers, TruncatedProductsKeepTheUpperHalf) {
  EXPECT_EQ(truncateProduct(64, 64), 1);
  EXPECT_EQ(truncateProduct(-1, 1), -1);
  EXPECT_EQ(wrapOperand(2048), -2048);
  EXPECT_EQ(toTruncatedScore(2049), -2047 * 4096);
  EXPECT_EQ(toTruncatedOutput(2047), 2047);
  EXPECT_EQ(toTruncatedOutput(3), 6);
}

TEST(SpAttenNumbers, ImportanceStopsAtItsLargestNumber) {
  EXPECT_EQ(addSaturating(5, 7), 12u);
  EXPECT_EQ(addSaturating(UINT32_MAX - 3, 3), UINT32_MAX);
  EXPECT_EQ(addSaturating(UINT32_MAX - 3, 4), UINT32_MAX);
  EXPECT_EQ(scaleImportance(3, 0.5f), 2u);
  EXPECT_EQ(scaleImportance(5, 0.5f), 2u);
  EXPECT_EQ(scaleImportance(UINT32_MAX, 1.0f), UINT32_MAX);
  EXPECT_EQ(scaleImportance(UINT32_MAX, 1.5f), UINT32_MAX);
  EXPECT_EQ(scaleImportance(1, 0x1p40f), UINT32_MAX);
  EXPECT_EQ(scaleImportance(1000, 0x1p-100f), 0u);
  EXPECT_EQ(scaleImportance(1000, -1.0f), 0u);
  // 4294967295 x (1 - 2^-24) is 4294967039.00000006.
  EXPECT_EQ(scaleImportance(UINT32_MAX, 0x1.fffffep-1f), 4294967039u);
}

TEST(SpAttenNumbers, SelectsTheLargestInOrderAndTheFirstOfEquals) {
  // The example of the paper, figure 9.
  int values[] = {6, 1, 5, 12, 6};
  EXPECT_EQ(selectLargest<int>(values, 3), (std::vector<unsigned>{0, 3, 4}));
  EXPECT_EQ(selectLargest<int>(values, 2), (std::vector<unsigned>{0, 3}));
  EXPECT_EQ(selectLargest<int>(values, 5).size(), 5u);
  EXPECT_TRUE(selectLargest<int>(values, 0).empty());
}

} // namespace
