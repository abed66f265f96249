// How much of an axis each layer keeps. Not installed.

#ifndef RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_SCHEDULE_H
#define RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_SCHEDULE_H

#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"
#include "rarefy/Support/LLVM.h"

namespace rarefy {

/// An option that is a ratio. A pipeline that MLIR prints names every option,
/// so one that has its default does not count as given.
struct RatioOption {
  template <typename OptionT>
  RatioOption(const OptionT &option)
      : value(option), isGiven(!option.getDefault().compare(value)) {}
  operator double() const { return value; }

  double value;
  bool isGiven;
};

/// The options of a pruning pass, see Rarefy_KeepOptions.
struct KeepOptions {
  ArrayRef<double> keep;
  ArrayRef<int64_t> counts;
  RatioOption mean, start, end, front;
};

/// What one layer keeps: a number, or a ratio in millionths.
struct Keep {
  bool isCount = false;
  int64_t value = 1000000;

  bool operator==(const Keep &) const = default;
};

/// An error for options that make no sense, or do nothing beside another,
/// whatever function they are for.
LogicalResult checkOptions(const KeepOptions &options, Location loc);

/// One entry for each layer, the first of which keeps all `size`: a single one
/// that is given goes for the layers behind it. An error for options, checked
/// before, that make no sense for so many.
FailureOr<SmallVector<Keep>> makeSchedule(const KeepOptions &options,
                                          int64_t layers, int64_t size,
                                          Location loc);

/// The entries of a list of ratios or counts, which may be empty.
FailureOr<SmallVector<Keep>>
readEntries(ArrayRef<double> ratios, ArrayRef<int64_t> counts, Location loc);

/// One entry for each layer: the last that is given goes for all behind.
FailureOr<SmallVector<Keep>> fillEntries(SmallVector<Keep> entries,
                                         int64_t layers, Location loc);

/// How many of `size` an entry keeps: the ratio rounded up, `least` at least
/// and `most` at most.
OpFoldResult countKept(OpBuilder &b, Location loc, Keep keep, OpFoldResult size,
                       int64_t least, OpFoldResult most);

} // namespace rarefy

#endif // RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_SCHEDULE_H
