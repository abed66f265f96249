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
                Location loc) {
  double start = options.start, end = options.end;
  if (start != 0 && end != 0)
    return std::pair(start, end);
  double mean = (options.mean * layers - front) / (layers - front);
  if (!(mean > 0 && mean <= 1))
    return emitError(loc) << "expected a mean keep ratio above "
                          << show(double(front) / layers)
                          << " and at most 1, as " << front << " of " << layers
                          << " layers keep all, found " << show(options.mean);
  double spread = std::min(mean / 2, 1 - mean);
  if (start == 0 && end == 0)
    return std::pair(mean + spread, mean - spread);
  return start != 0 ? std::pair(start, 2 * mean - start)
                    : std::pair(2 * mean - end, end);
}

static FailureOr<SmallVector<double>>
interpolate(const KeepOptions &options, int64_t layers, Location loc) {
  SmallVector<double> ratios(layers, 1.0);
  int64_t front =
      std::max<int64_t>(1, std::ceil(options.front * layers - 1e-9));
  int64_t behind = layers - front;
  if (behind <= 0)
    return ratios;
  FailureOr<std::pair<double, double>> line =
      lineBehindFront(options, layers, front, loc);
  if (failed(line))
    return failure();
  auto [start, end] = *line;
  for (int64_t i = 0; i < behind; ++i)
    ratios[front + i] = behind == 1 ? (start + end) / 2
                                    : start + (end - start) * i / (behind - 1);
  return ratios;
}

FailureOr<SmallVector<Keep>> rarefy::readEntries(ArrayRef<double> ratios,
                                                 ArrayRef<int64_t> counts,
                                                 Location loc) {
  if (!ratios.empty() && !counts.empty())
    return emitError(loc) << "expected keep or counts, found both";
  SmallVector<Keep> entries;
  for (double ratio : ratios) {
    if (!(ratio > 0 && ratio <= 1))
      return emitError(loc)
             << "expected keep ratios in (0, 1], found " << show(ratio);
    entries.push_back({/*isCount=*/false, std::llround(ratio * million)});
  }
  for (int64_t count : counts) {
    if (count < 1)
      return emitError(loc) << "expected positive counts, found " << count;
    entries.push_back({/*isCount=*/true, count});
  }
  return entries;
}

/// Each layer keeps at most what the one before does, and the first all.
static LogicalResult checkCascade(ArrayRef<Keep> schedule, Location loc) {
  for (size_t i = 1; i < schedule.size(); ++i)
    if (schedule[i].value > schedule[i - 1].value)
      return emitError(loc) << "expected entries that do not increase, found a "
                               "larger one for layer "
                            << i + 1;
  // A single entry is about the layers behind the first.
  if (schedule.size() > 1 && !schedule[0].isCount &&
      schedule[0].value != million)
    return emitError(loc) << "expected keep ratio 1 in the first layer, found "
                          << show(double(schedule[0].value) / million);
  return success();
}

/// An error if the option `name`, which is given, does nothing beside another.
static LogicalResult checkEffect(const KeepOptions &options, StringRef name,
                                 Location loc) {
  if (!options.keep.empty() || !options.counts.empty())
    return emitError(loc) << "expected "
                          << (options.keep.empty() ? "counts" : "keep")
                          << " or " << name << ", found both";
  if (name != "front" && options.front == 1)
    return emitError(loc) << "expected front below 1 beside " << name
                          << ", found 1";
  if (name == "mean" && options.start != 0 && options.end != 0)
    return emitError(loc) << "expected mean or end beside start, found both";
  return success();
}

LogicalResult rarefy::checkOptions(const KeepOptions &options, Location loc) {
  FailureOr<SmallVector<Keep>> entries =
      readEntries(options.keep, options.counts, loc);
  if (failed(entries) || failed(checkCascade(*entries, loc)))
    return failure();
  std::pair<StringRef, RatioOption> parts[] = {{"mean", options.mean},
                                               {"start", options.start},
                                               {"end", options.end},
                                               {"front", options.front}};
  for (auto [name, part] : parts)
    if (!(part >= 0 && part <= 1))
      return emitError(loc)
             << "expected " << name << " in [0, 1], found " << show(part);
  for (auto [name, part] : parts)
    if (part.isGiven && failed(checkEffect(options, name, loc)))
      return failure();
  return success();
}

FailureOr<SmallVector<Keep>> rarefy::fillEntries(SmallVector<Keep> entries,
                                                 int64_t layers, Location loc) {
  int64_t given = entries.size();
  if (given > layers)
    return emitError(loc) << "expected at most " << layers
                          << " entries, one for each layer, found " << given;
  entries.resize(layers, entries.back());
  return entries;
}

FailureOr<SmallVector<Keep>> rarefy::makeSchedule(const KeepOptions &options,
                                                  int64_t layers, int64_t size,
                                                  Location loc) {
  SmallVector<double> ratios(options.keep);
  bool isLine = ratios.empty() && options.counts.empty();
  if (isLine) {
    FailureOr<SmallVector<double>> line = interpolate(options, layers, loc);
    if (failed(line))
      return failure();
    ratios = *line;
  }
  FailureOr<SmallVector<Keep>> entries =
      readEntries(ratios, options.counts, loc);
  if (failed(entries) || (isLine && failed(checkCascade(*entries, loc))))
    return failure();
  const Keep &first = entries->front();
  if (entries->size() > 1 && first.isCount && !ShapedType::isDynamic(size) &&
      first.value < size)
    return emitError(loc) << "expected a count of " << size
                          << " at least in the first layer, found "
                          << first.value;
  FailureOr<SmallVector<Keep>> schedule =
      fillEntries(std::move(*entries), layers, loc);
  if (succeeded(schedule))
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
