#ifndef RAREFY_SIM_TOPKLATENCY_H
#define RAREFY_SIM_TOPKLATENCY_H

#include "llvm/ADT/ArrayRef.h"
#include <cstdint>
#include <vector>

namespace rarefy {

/// How long a quick-select engine needs (SpAtten, Algorithm 3). A round reads
/// what is left of the input `parallelism` items a cycle, and costs
/// `overheadCycles` on top: ceil(size / parallelism) + overheadCycles.
class TopKLatency {
public:
  /// `parallelism` is at least 1.
  TopKLatency(unsigned parallelism, unsigned overheadCycles)
      : parallelism(parallelism), overheadCycles(overheadCycles) {}

  uint64_t roundCycles(uint64_t size) const {
    return (size + parallelism - 1) / parallelism + overheadCycles;
  }

  /// Cycles of the rounds that a selection really ran.
  uint64_t cycles(llvm::ArrayRef<unsigned> roundSizes) const;

  /// The mean over all pivot choices for `n` distinct values; 0 where nothing
  /// is to be selected (k = 0 or k >= n). The table behind it grows with the
  /// square of the largest `n` asked for.
  double expectedCycles(unsigned n, unsigned k);

private:
  void growTo(unsigned n);

  unsigned parallelism;
  unsigned overheadCycles;
  /// Row n has the expectation for each k < n.
  std::vector<std::vector<double>> expected = {{}};
  /// Of the last row: sums of the expectations along its diagonals (n - i,
  /// k - i), and down its columns.
  std::vector<double> diagonalSums, columnSums;
};

/// Where a quick-select takes its pivots: the same seed, the same pivots, on
/// every machine.
class PivotGenerator {
public:
  explicit PivotGenerator(uint64_t seed) : state(seed) {}

  /// Uniform among 0 .. size - 1; `size` is not 0.
  unsigned pick(unsigned size);

private:
  uint64_t state;
};

struct Selection {
  /// Positions of the k largest values in ascending order; the earliest of
  /// equal ones.
  std::vector<unsigned> kept;
  /// How many items each round read.
  std::vector<unsigned> roundSizes;
};

/// SpAtten's Algorithm 3: narrows `values` around random pivots until the k-th
/// largest is found, then filters in the order of the input. With k >= n all
/// is kept, without a round; so is nothing with k = 0.
Selection quickSelect(llvm::ArrayRef<int64_t> values, unsigned k,
                      PivotGenerator &pivots);

/// What the zero eliminator's first stage counts: the zeros before each item.
std::vector<unsigned> countZerosBefore(llvm::ArrayRef<int64_t> items);

/// The zero eliminator: moves what is not zero to the front, in order. Layer i
/// shifts by 2^i places the items whose count has bit i set.
std::vector<int64_t> eliminateZeros(llvm::ArrayRef<int64_t> items);

} // namespace rarefy

#endif // RAREFY_SIM_TOPKLATENCY_H
