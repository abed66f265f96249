#ifndef RAREFY_LIB_SIM_SPATTEN_SELECT_H
#define RAREFY_LIB_SIM_SPATTEN_SELECT_H

#include "llvm/ADT/ArrayRef.h"
#include <algorithm>
#include <functional>
#include <numeric>
#include <vector>

namespace rarefy::spatten {

/// Positions of the `keep` largest of `values`, in rising order; of equal ones
/// the first.
template <typename T>
std::vector<unsigned> selectLargest(llvm::ArrayRef<T> values, unsigned keep) {
  std::vector<unsigned> kept;
  if (keep == 0)
    return kept;
  if (keep >= values.size()) {
    kept.resize(values.size());
    std::iota(kept.begin(), kept.end(), 0);
    return kept;
  }
  std::vector<T> order(values.begin(), values.end());
  std::nth_element(order.begin(), order.begin() + (keep - 1), order.end(),
                   std::greater<T>());
  T least = order[keep - 1];
  unsigned larger = 0;
  for (T value : values)
    larger += value > least;
  unsigned equals = keep - larger;
  kept.reserve(keep);
  for (unsigned i = 0; i < values.size(); ++i) {
    bool taken = values[i] == least && equals;
    equals -= taken;
    if (taken || values[i] > least)
      kept.push_back(i);
  }
  return kept;
}

} // namespace rarefy::spatten

#endif // RAREFY_LIB_SIM_SPATTEN_SELECT_H
