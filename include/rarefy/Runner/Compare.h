#ifndef RAREFY_RUNNER_COMPARE_H
#define RAREFY_RUNNER_COMPARE_H

#include "rarefy/Runner/Array.h"

namespace rarefy {

/// How far an array is from what it should be, and where that is worst.
struct Difference {
  double maxAbsolute = 0;
  /// |found - expected| / max(1, |expected|): the number that has to be
  /// within a tolerance.
  double maxScaled = 0;
  /// Where maxScaled is, row-major; -1 where nothing differs.
  int64_t index = -1;
  double found = 0, expected = 0;
};

/// Compares two arrays of one type and shape. Two NaNs are equal; a NaN and a
/// number are infinitely far apart.
Difference compare(const ArrayView &found, const ArrayView &expected);

/// What floats of `type`, computed in another order, may differ by in terms of
/// Difference::maxScaled; 0 for what is not a float.
double getDefaultTolerance(ElementType type);

/// "[1, 0, 7]" for a row-major index into `shape`.
std::string formatIndex(int64_t index, ArrayRef<int64_t> shape);

} // namespace rarefy

#endif // RAREFY_RUNNER_COMPARE_H
