#include "rarefy/Runner/Compare.h"
#include "gtest/gtest.h"

#include <cmath>

using namespace rarefy;

static ArrayView view(MutableArrayRef<float> numbers, ArrayRef<int64_t> shape) {
  return {numbers.data(), ElementType::F32, shape};
}

TEST(Compare, FindsTheWorstElement) {
  float found[] = {1, 102, 3, 4}, expected[] = {1, 100, 3.5, 4};
  int64_t shape[] = {2, 2};
  Difference difference = compare(view(found, shape), view(expected, shape));
  EXPECT_EQ(difference.maxAbsolute, 2);
  EXPECT_FLOAT_EQ(difference.maxScaled, 0.5 / 3.5);
  EXPECT_EQ(difference.index, 2);
  EXPECT_EQ(difference.expected, 3.5);
  EXPECT_EQ(formatIndex(difference.index, shape), "[1, 0]");
}

TEST(Compare, HasNoWorstElementWhereAllAreEqual) {
  float found[] = {NAN, -0.0f, INFINITY}, expected[] = {NAN, 0.0f, INFINITY};
  int64_t shape[] = {3};
  Difference difference = compare(view(found, shape), view(expected, shape));
  EXPECT_EQ(difference.index, -1);
  EXPECT_EQ(difference.maxScaled, 0);
}

TEST(Compare, CountsNaNAgainstANumberAsInfinite) {
  float found[] = {NAN, 1}, expected[] = {0, 3};
  int64_t shape[] = {2};
  Difference difference = compare(view(found, shape), view(expected, shape));
  EXPECT_TRUE(std::isinf(difference.maxScaled));
  EXPECT_EQ(difference.index, 0);
}

TEST(Array, CountsElementsWithoutOverflow) {
  EXPECT_EQ(getNumElements({}, ElementType::F32), 1);
  EXPECT_EQ(getNumElements({INT64_MAX, INT64_MAX, 0}, ElementType::F64), 0);
  EXPECT_EQ(getNumElements({INT64_MAX / 4}, ElementType::F64), std::nullopt);
  EXPECT_EQ(getNumElements({-1}, ElementType::I8), std::nullopt);
}
