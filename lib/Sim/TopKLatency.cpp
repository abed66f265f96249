// The top-k engine: Algorithm 3 on data, and how long it takes on average.

#include "rarefy/Sim/TopKLatency.h"
#include <numeric>
#include <utility>

namespace rarefy {

uint64_t TopKLatency::cycles(llvm::ArrayRef<unsigned> roundSizes) const {
  uint64_t sum = 0;
  for (unsigned size : roundSizes)
    sum += roundCycles(size);
  return sum;
}

double TopKLatency::expectedCycles(unsigned n, unsigned k) {
  if (k == 0 || k >= n)
    return 0;
  growTo(n);
  return expected[n][k];
}

// With the pivot at descending rank r, rank k is found if r == k; above it
// n - r - 1 values are left and k falls by r + 1; below it r values are left:
//
//   E[n][k] = round(n) + (sum of E[n-r-1][k-r-1] for r < k
//                         + sum of E[r][k] for k < r < n) / n
//
// The first sum runs along a diagonal and the second down a column, so that
// running sums give each entry in constant time.
void TopKLatency::growTo(unsigned n) {
  for (unsigned size = expected.size(); size <= n; ++size) {
    std::vector<double> row(size);
    std::vector<double> diagonals(size);
    columnSums.resize(size, 0);
    for (unsigned k = 0; k < size; ++k) {
      double above = k ? diagonalSums[k - 1] : 0;
      double below = columnSums[k];
      row[k] = roundCycles(size) + (above + below) / size;
      diagonals[k] = above + row[k];
      columnSums[k] = below + row[k];
    }
    diagonalSums = std::move(diagonals);
    expected.push_back(std::move(row));
  }
}

unsigned PivotGenerator::pick(unsigned size) {
  // SplitMix64, then the high half of a product in place of a remainder.
  state += 0x9e3779b97f4a7c15;
  uint64_t bits = state;
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
  bits ^= bits >> 31;
  return ((bits >> 32) * size) >> 32;
}

/// Keeps what is larger than `kth`, and the first `equals` that equal it.
static std::vector<unsigned> filter(llvm::ArrayRef<int64_t> values, int64_t kth,
                                    unsigned equals) {
  std::vector<unsigned> kept;
  for (unsigned i = 0; i < values.size(); ++i) {
    bool isTaken = values[i] == kth && equals;
    equals -= isTaken;
    if (isTaken || values[i] > kth)
      kept.push_back(i);
  }
  return kept;
}

Selection quickSelect(llvm::ArrayRef<int64_t> values, unsigned k,
                      PivotGenerator &pivots) {
  Selection selection;
  if (k == 0)
    return selection;
  if (k >= values.size()) {
    selection.kept.resize(values.size());
    std::iota(selection.kept.begin(), selection.kept.end(), 0);
    return selection;
  }
  std::vector<int64_t> left(values.begin(), values.end());
  std::vector<int64_t> right(values.size()), chosen(values.size());
  size_t lefts = values.size(), rights = 0, equals = 0, target = k;
  int64_t pivot = 0;
  while (true) {
    size_t count = 0;
    if (rights + equals <= target) { // The pivot is too large.
      target -= rights + equals;
      chosen.swap(left);
      count = lefts;
    } else if (rights > target) { // It is too small.
      chosen.swap(right);
      count = rights;
    } else {
      selection.kept = filter(values, pivot, target - rights);
      return selection;
    }
    pivot = chosen[pivots.pick(count)];
    lefts = rights = 0;
    // Each goes to both sides, and stays on its own: no branch to guess.
    for (int64_t value : llvm::ArrayRef(chosen).take_front(count)) {
      left[lefts] = right[rights] = value;
      lefts += value < pivot;
      rights += value > pivot;
    }
    equals = count - lefts - rights;
    selection.roundSizes.push_back(count);
  }
}

std::vector<unsigned> countZerosBefore(llvm::ArrayRef<int64_t> items) {
  std::vector<unsigned> counts;
  unsigned zeros = 0;
  for (int64_t item : items) {
    counts.push_back(zeros);
    zeros += item == 0;
  }
  return counts;
}

std::vector<int64_t> eliminateZeros(llvm::ArrayRef<int64_t> items) {
  std::vector<int64_t> moved(items);
  std::vector<unsigned> counts = countZerosBefore(items);
  for (unsigned shift = 1; shift < items.size(); shift *= 2)
    for (unsigned i = shift; i < moved.size(); ++i)
      if (moved[i] && (counts[i] & shift)) {
        moved[i - shift] = std::exchange(moved[i], 0);
        counts[i - shift] = counts[i];
      }
  return moved;
}

} // namespace rarefy
