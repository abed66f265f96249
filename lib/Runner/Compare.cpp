// How far results are from what they should be.

#include "rarefy/Runner/Compare.h"

#include "llvm/ADT/STLExtras.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace rarefy;

Difference rarefy::compare(const ArrayView &found, const ArrayView &expected) {
  Difference worst;
  int64_t count = getNumElements(found.shape, found.type).value_or(0);
  for (int64_t i = 0; i < count; ++i) {
    double a = getElement(found, i), b = getElement(expected, i);
    if (a == b || (std::isnan(a) && std::isnan(b)))
      continue;
    double absolute = std::fabs(a - b);
    double scaled = absolute / std::max(1.0, std::fabs(b));
    if (std::isnan(scaled) || std::isinf(absolute))
      absolute = scaled = std::numeric_limits<double>::infinity();
    worst.maxAbsolute = std::max(worst.maxAbsolute, absolute);
    if (worst.index >= 0 && scaled <= worst.maxScaled)
      continue;
    worst.maxScaled = scaled;
    worst.index = i;
    worst.found = a;
    worst.expected = b;
  }
  return worst;
}

double rarefy::getDefaultTolerance(ElementType type) {
  switch (type) {
  case ElementType::F16:
    return 1e-2;
  case ElementType::BF16:
    return 5e-2;
  case ElementType::F32:
    return 1e-4;
  case ElementType::F64:
    return 1e-9;
  default:
    return 0;
  }
}

std::string rarefy::formatIndex(int64_t index, ArrayRef<int64_t> shape) {
  std::string text;
  for (int64_t size : llvm::reverse(shape)) {
    text = std::to_string(index % size) + (text.empty() ? "" : ", ") + text;
    index /= size;
  }
  return "[" + text + "]";
}
