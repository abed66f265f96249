#include "Kernels.h"
#include "rarefy/Sim/SpAttenNumbers.h"
#include "gtest/gtest.h"
#include <random>

using namespace rarefy;
using namespace rarefy::spatten;

namespace {

/// Both versions of the kernels, each with what fails.
template <typename F> void forBoth(F &&test) {
  test(getPortableKernels(), "portable");
  test(getKernels(), "of this processor");
}

/// Element `index` of `bits` bits, bit by bit.
int getBits(ArrayRef<uint8_t> packed, unsigned bits, unsigned index) {
  int number = 0;
  for (unsigned bit = 0; bit < bits; ++bit) {
    unsigned at = index * bits + bit;
    number |= (packed[at / 8] >> at % 8 & 1) << bit;
  }
  return number;
}

TEST(SpAttenKernels, UnpackEveryWidth) {
  std::mt19937 random(1);
  unsigned widths = 0;
  for (unsigned bits = 2; bits <= 12; bits += 2, ++widths) {
    std::vector<uint8_t> packed(kHeadSize * bits / 8 + kPaddingBytes);
    for (uint8_t &byte : packed)
      byte = random();
    unsigned shift = 12 - bits;
    forBoth([&](const Kernels &kernels, const char *which) {
      Vector vector, merged;
      kernels.unpack(packed.data(), bits, shift, &vector);
      merged.fill(INT16_MIN);
      kernels.merge(packed.data(), bits, 1, &merged);
      for (unsigned i = 0; i < kHeadSize; ++i) {
        int number = getBits(packed, bits, i);
        int isNegative = number >> (bits - 1);
        EXPECT_EQ(vector[i], (number - (isNegative << bits)) * (1 << shift))
            << which << " " << bits << " bits";
        EXPECT_EQ(merged[i], INT16_MIN + 2 * number) << which;
      }
    });
  }
  EXPECT_EQ(widths, 6u);
}

TEST(SpAttenKernels, ScoresAreExactAtTheLimits) {
  Vector query, key;
  query.fill(-2048);
  key.fill(-2048);
  forBoth([&](const Kernels &kernels, const char *which) {
    int32_t score;
    kernels.score(query, key, /*mask=*/-1, &score);
    EXPECT_EQ(score, 1 << 28) << which;
    key.fill(-2041);
    kernels.score(query, key, /*mask=*/-16, &score);
    EXPECT_EQ(score, 1 << 28) << which;
    key.fill(-2048);
  });
}

TEST(SpAttenKernels, SoftmaxFollowsItsDefinition) {
  std::mt19937 random(2);
  for (unsigned count : {1u, 7u, 40u, 1024u}) {
    std::vector<int32_t> scores(count);
    for (int32_t &score : scores)
      score = int32_t(random() % 4000000) - 2000000;
    std::vector<float> expected(count);
    int32_t largest = *std::max_element(scores.begin(), scores.end());
    float scale = 3e-6f;
    int64_t sum = 0;
    for (unsigned i = 0; i < count; ++i) {
      expected[i] = exponential(float(scores[i] - largest) * scale);
      sum += toFixed(expected[i]);
    }
    forBoth([&](const Kernels &kernels, const char *which) {
      std::vector<float> scratch(count);
      std::vector<int16_t> found(count);
      int32_t most = kernels.softmax(scores.data(), count, scale,
                                     scratch.data(), found.data());
      for (unsigned i = 0; i < count; ++i)
        EXPECT_EQ(found[i], toProbability(expected[i], sum)) << which;
      EXPECT_EQ(most, *std::max_element(found.begin(), found.end())) << which;
    });
  }
}

TEST(SpAttenKernels, WeighAdds) {
  Vector value;
  for (unsigned d = 0; d < kHeadSize; ++d)
    value[d] = int16_t(d) - 40;
  forBoth([&](const Kernels &kernels, const char *which) {
    std::array<int32_t, kHeadSize> sums;
    sums.fill(5);
    kernels.weigh(2047, value, sums.data());
    for (unsigned d = 0; d < kHeadSize; ++d)
      EXPECT_EQ(sums[d], 5 + 2047 * value[d]) << which;
  });
}

} // namespace
