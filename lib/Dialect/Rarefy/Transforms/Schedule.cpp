// Keep schedules (SpAtten, section V-A).

#include "Schedule.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace rarefy;

static constexpr int64_t million = 1000000;

/// A ratio as people write it.
static std::string show(double ratio) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%g", ratio);
  return text;
}

/// The ratios of the layers behind the front: a line.
static FailureOr<std::pair<double, double>>
lineBehindFront(const KeepOptions &options, int64_t layers, int64_t front,
                function_ref<InFlightDiagnostic()> emitError) {
  double start = options.start, end = options.end;
  if (start != 0 && end != 0)
    return std::pair(start, end);
  double mean = (options.mean * layers - front) / (layers - front);
  if (!(mean > 0 && mean <= 1))
    return emitError() << "expected a mean keep ratio above "
                       << show(double(front) / layers) << " and at most 1, as "
                       << front << " of " << layers
                       << " layers keep all, found " << show(options.mean);
  double spread = std::min(mean / 2, 1 - mean);
  if (start == 0 && end == 0)
    return std::pair(mean + spread, mean - spread);
  return start != 0 ? std::pair(start, 2 * mean - start)
                    : std::pair(2 * mean - end, end);
}

static FailureOr<SmallVector<double>>
interpolate(const KeepOptions &options, int64_t layers,
            function_ref<InFlightDiagnostic()> emitError) {
  SmallVector<double> ratios(layers, 1.0);
  if (!(options.front >= 0 && options.front <= 1))
    return emitError() << "expected front in [0, 1], found "
                       << show(options.front);
  int64_t front =
      std::max<int64_t>(1, std::ceil(options.front * layers - 1e-9));
  int64_t behind = layers - front;
  if (behind <= 0)
    return ratios;
  FailureOr<std::pair<double, double>> line =
      lineBehindFront(options, layers, front, emitError);
  if (failed(line))
    return failure();
  auto [start, end] = *line;
  for (int64_t i = 0; i < behind; ++i)
    ratios[front + i] = behind == 1 ? (start + end) / 2
                                    : start + (end - start) * i / (behind - 1);
  return ratios;
}

/// Each layer keeps at most what the one before does, and the first all.
static LogicalResult
checkCascade(ArrayRef<Keep> schedule, int64_t size,
             function_ref<InFlightDiagnostic()> emitError) {
  for (size_t i = 1; i < schedule.size(); ++i)
    if (schedule[i].value > schedule[i - 1].value)
      return emitError() << "expected entries that do not increase, found a "
                            "larger one for layer "
                         << i + 1;
  const Keep &first = schedule[0];
  if (!first.isCount && first.value != million)
    return emitError() << "expected keep ratio 1 in the first layer, found "
                       << show(double(first.value) / million);
  if (first.isCount && !ShapedType::isDynamic(size) && first.value < size)
    return emitError() << "expected a count of " << size
                       << " at least in the first layer, found " << first.value;
  return success();
}

FailureOr<SmallVector<Keep>>
rarefy::listEntries(ArrayRef<double> ratios, ArrayRef<int64_t> counts,
                    int64_t layers,
                    function_ref<InFlightDiagnostic()> emitError) {
  if (!ratios.empty() && !counts.empty())
    return emitError() << "expected keep or counts, found both";
  int64_t given = ratios.size() + counts.size();
  if (given > layers)
    return emitError() << "expected at most " << layers
                       << " entries, one for each layer, found " << given;
  SmallVector<Keep> entries;
  for (double ratio : ratios) {
    if (!(ratio > 0 && ratio <= 1))
      return emitError() << "expected keep ratios in (0, 1], found "
                         << show(ratio);
    entries.push_back({/*isCount=*/false, std::llround(ratio * million)});
  }
  for (int64_t count : counts) {
    if (count < 1)
      return emitError() << "expected positive counts, found " << count;
    entries.push_back({/*isCount=*/true, count});
  }
  entries.resize(layers, entries.back());
  return entries;
}

FailureOr<SmallVector<Keep>>
rarefy::makeSchedule(const KeepOptions &options, int64_t layers, int64_t size,
                     function_ref<InFlightDiagnostic()> emitError) {
  SmallVector<double> ratios(options.keep);
  if (ratios.empty() && options.counts.empty()) {
    FailureOr<SmallVector<double>> line =
        interpolate(options, layers, emitError);
    if (failed(line))
      return failure();
    ratios = *line;
  }
  FailureOr<SmallVector<Keep>> schedule =
      listEntries(ratios, options.counts, layers, emitError);
  if (failed(schedule))
    return failure();
  // A single entry is about the layers behind the first.
  bool isList = options.keep.size() + options.counts.size() != 1;
  if (isList && failed(checkCascade(*schedule, size, emitError)))
    return failure();
  (*schedule)[0] = Keep();
  return schedule;
}

OpFoldResult rarefy::countKept(OpBuilder &b, Location loc, Keep keep,
                               OpFoldResult size, int64_t least,
                               OpFoldResult most) {
  std::optional<int64_t> known = getConstantIntValue(size);
  std::optional<int64_t> bound = getConstantIntValue(most);
  auto ratioOf = [&](int64_t n) {
    return llvm::divideCeil(n * keep.value, million);
  };
  if ((known || keep.isCount) && bound) {
    int64_t count = keep.isCount ? keep.value : ratioOf(*known);
    return b.getIndexAttr(std::min(*bound, std::max(count, least)));
  }
  auto constant = [&](int64_t n) -> Value {
    return arith::ConstantIndexOp::create(b, loc, n);
  };
  Value count = constant(keep.value);
  if (!keep.isCount)
    count = arith::CeilDivUIOp::create(
        b, loc,
        arith::MulIOp::create(
            b, loc, getValueOrCreateConstantIndexOp(b, loc, size), count),
        constant(million));
  count = arith::MaxUIOp::create(b, loc, count, constant(least));
  return arith::MinUIOp::create(b, loc, count,
                                getValueOrCreateConstantIndexOp(b, loc, most))
      .getResult();
}
