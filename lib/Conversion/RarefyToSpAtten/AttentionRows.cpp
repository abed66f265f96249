// The instructions of one attention: rows pipelined over the engines.

#include "AttentionRows.h"
#include "mlir/IR/Diagnostics.h"
#include <initializer_list>

using namespace rarefy;
using namespace rarefy::spatten;

namespace {

/// What each semaphore says, and who waits for it.
enum Semaphore : unsigned {
  QueryReady,   ///< score: the query, and the keys before it, are there
  KeyFree,      ///< fetch: a buffer of keys can be overwritten
  SlotFree,     ///< fetch: a row's query and scores are used up
  Scored,       ///< softmax
  Checked,      ///< fetch of low bits
  LowReady,     ///< score: the low bits are there
  ChooseValues, ///< value top-k: probabilities are there
  AddTokens,    ///< accumulate: probabilities are there
  WeightsUsed,  ///< softmax: the row's probabilities met the values
  TokensAdded,  ///< softmax: the row's probabilities were added
  ValuesChosen, ///< fetch of values
  ValuesReady,  ///< weight: values are there
  ValueFree,    ///< fetch of values: a buffer can be overwritten
  OutputReady,  ///< store
  OutputStored, ///< weight: a row's output can be overwritten
  RowReady,     ///< weight: probabilities, and the choice of values, are there
};

/// One row, of one head or of a pair of heads.
struct Row {
  unsigned group;
  unsigned slot;
  unsigned keys;
  /// The row before in the same slot must be done with something; the row
  /// behind in the same slot waits for this one.
  bool waits, frees;
  /// The row is the first, the last of its heads.
  bool first, last;
  /// Base registers and offsets of query and output of the first lane.
  unsigned queryBase, outputBase;
  uint64_t query, output;
};

class RowScheduler {
public:
  RowScheduler(ProgramBuilder &program, const AttentionPlan &plan)
      : program(program), plan(plan), lanes(plan.pairs ? 2 : 1),
        groups(plan.heads / lanes),
        compact(plan.keep.has_value() && plan.rows == 1) {}

  LogicalResult run(function_ref<InFlightDiagnostic()> emitError);

private:
  LogicalResult bindBuffers(function_ref<InFlightDiagnostic()> emitError);
  void emitGroup(unsigned group);
  void emitRow(const Row &row);
  void emitLoop(unsigned group, unsigned first, unsigned count);
  void emitScores(const Row &row);
  void emitLowBits(const Row &row);
  void emitProbabilities(const Row &row, bool again);
  void emitValues(const Row &row);
  void loadKeys(unsigned group);
  void loadValues(unsigned group, unsigned slot);
  Row getRow(unsigned group, unsigned row) const;

  unsigned lastLane() const { return lanes - 1; }
  unsigned getNumValues() const { return plan.keep.value_or(plan.keys); }

  ProgramBuilder &program;
  const AttentionPlan &plan;
  unsigned lanes, groups;
  /// The value buffer holds the chosen rows alone.
  bool compact;
  unsigned keyBuffers = 1, valueBuffers = 1;
};

/// Base registers: addresses from zero on, and rows that a loop walks over.
enum : unsigned { kZeroBase = 0, kQueryBase = 1, kOutputBase = 2 };

} // namespace

/// The set of those semaphores that come with true.
static uint64_t
set(std::initializer_list<std::pair<Semaphore, bool>> semaphores) {
  uint64_t bits = 0;
  for (auto [semaphore, isIn] : semaphores)
    bits |= uint64_t(isIn) << semaphore;
  return bits;
}

LogicalResult
RowScheduler::bindBuffers(function_ref<InFlightDiagnostic()> emitError) {
  const SpAttenConfig &config = program.getConfig();
  if (plan.keys > config.maxContext)
    return emitError() << "has " << plan.keys << " keys, the device takes "
                       << config.maxContext;
  // A configuration has lines for two heads of as many keys as it takes.
  unsigned perLine = config.sram.elementsPerLine / kHeadSize;
  auto bind = [&](unsigned rows, bool fused, unsigned &buffers, auto emit) {
    unsigned lines = getLines(rows, perLine, fused);
    buffers = std::min(groups, 2 * lines <= config.sram.lines ? 2u : 1u);
    for (unsigned i = 0; i < buffers; ++i)
      emit(i, i * lines, lines);
  };
  bind(plan.keys, plan.key.fused, keyBuffers,
       [&](auto... f) { program.emit<BindKeyOp>(f...); });
  bind(compact ? getNumValues() : plan.keys, plan.value.fused, valueBuffers,
       [&](auto... f) { program.emit<BindValueOp>(f...); });
  return success();
}

void RowScheduler::loadKeys(unsigned group) {
  unsigned head = plan.pairs ? group : group / plan.sharing;
  program.emit<LoadKeyOp>(
      set({{KeyFree, group >= keyBuffers}}), 0, kZeroBase, group % keyBuffers,
      plan.keys, plan.key.bits, plan.key.shift, plan.key.fused, plan.gather,
      plan.keyHigh.address + head * plan.keyHigh.headStride);
}

/// Loads all values of the heads, or those that the row in `slot` chose.
void RowScheduler::loadValues(unsigned group, unsigned slot) {
  unsigned head = plan.pairs ? group : group / plan.sharing;
  program.emit<LoadValueOp>(
      set({{ValuesChosen, compact}, {ValueFree, group >= valueBuffers}}),
      set({{ValuesReady, true}}), kZeroBase, group % valueBuffers,
      compact ? getNumValues() : plan.keys, plan.value.bits, plan.value.shift,
      plan.value.fused, plan.gather, slot, compact,
      plan.values.address + head * plan.values.headStride);
}

void RowScheduler::emitScores(const Row &row) {
  for (unsigned lane = 0; lane < lanes; ++lane)
    program.emit<LoadQueryOp>(set({{SlotFree, row.waits && lane == 0}}),
                              set({{QueryReady, true}}), row.slot, lane,
                              row.queryBase,
                              row.query + lane * plan.query.headStride);
  bool frees = row.last && row.group + keyBuffers < groups && !plan.lowBits;
  for (unsigned lane = 0; lane < lanes; ++lane)
    program.emit<ScoreOp>(
        set({{QueryReady, true}}),
        set({{Scored, true}, {KeyFree, frees && lane == lastLane()}}), row.slot,
        lane, row.group % keyBuffers, row.keys, /*requantized=*/false);
}

/// Checks the row, and where it needs them reads the low bits and scores again.
void RowScheduler::emitLowBits(const Row &row) {
  for (unsigned lane = 0; lane < lanes; ++lane)
    program.emit<CheckOp>(0, set({{Checked, lane == lastLane()}}), row.slot,
                          lane, plan.threshold);
  for (unsigned lane = 0; lane < lanes; ++lane) {
    unsigned head = (row.group * lanes + lane) / plan.sharing;
    program.emit<LoadKeyLsbOp>(
        set({{Checked, lane == 0}}), set({{LowReady, true}}), kZeroBase,
        row.group % keyBuffers, row.keys, plan.lowBits, row.slot, lane,
        plan.gather, plan.keyLow.address + head * plan.keyLow.headStride);
  }
  bool frees = row.last && row.group + keyBuffers < groups;
  for (unsigned lane = 0; lane < lanes; ++lane)
    program.emit<ScoreOp>(
        set({{LowReady, true}}),
        set({{Scored, true}, {KeyFree, frees && lane == lastLane()}}), row.slot,
        lane, row.group % keyBuffers, row.keys, /*requantized=*/true);
}

void RowScheduler::emitProbabilities(const Row &row, bool again) {
  bool final = again || !plan.lowBits;
  bool waits = row.waits && !again;
  for (unsigned lane = 0; lane < lanes; ++lane) {
    bool ends = final && lane == lastLane();
    program.emit<SoftmaxOp>(
        set({{Scored, true},
             {WeightsUsed, waits && lane == 0},
             {TokensAdded, waits && lane == 0 && plan.addTokens}}),
        set({{SlotFree, ends && row.frees},
             {AddTokens, ends && plan.addTokens},
             {ChooseValues, ends && plan.keep.has_value()},
             {RowReady, ends && !plan.keep}}),
        row.slot, lane, row.keys, again);
  }
}

/// What follows from probabilities: importance, the choice of values, output.
void RowScheduler::emitValues(const Row &row) {
  for (unsigned lane = 0; plan.addTokens && lane < lanes; ++lane)
    program.emit<AddTokensOp>(
        set({{AddTokens, lane == 0}}),
        set({{TokensAdded, row.frees && lane == lastLane()}}), row.slot, lane,
        row.keys);
  if (plan.keep)
    program.emit<TopkValuesOp>(
        set({{ChooseValues, true}}),
        set({{ValuesChosen, compact}, {RowReady, !compact}}), row.slot,
        row.keys, std::min(*plan.keep, row.keys), plan.pairs);
  if (compact)
    loadValues(row.group, row.slot);
  unsigned values = std::min(getNumValues(), row.keys);
  bool frees = row.last && row.group + valueBuffers < groups;
  for (unsigned lane = 0; lane < lanes; ++lane)
    program.emit<WeightOp>(set({{ValuesReady, row.first && lane == 0},
                                {RowReady, !compact && lane == 0},
                                {OutputStored, row.waits && lane == 0}}),
                           set({{OutputReady, lane == lastLane()},
                                {WeightsUsed, row.frees && lane == lastLane()},
                                {ValueFree, frees && lane == lastLane()}}),
                           row.slot, lane, row.group % valueBuffers, values,
                           plan.keep.has_value(), compact);
  for (unsigned lane = 0; lane < lanes; ++lane)
    program.emit<StoreOutputOp>(
        set({{OutputReady, lane == 0}}),
        set({{OutputStored, row.frees && lane == lastLane()}}), row.outputBase,
        row.slot, lane, row.output + lane * plan.output.headStride);
}

void RowScheduler::emitRow(const Row &row) {
  emitScores(row);
  emitProbabilities(row, /*again=*/false);
  if (plan.lowBits) {
    emitLowBits(row);
    emitProbabilities(row, /*again=*/true);
  }
  emitValues(row);
}

Row RowScheduler::getRow(unsigned group, unsigned row) const {
  unsigned index = group * plan.rows + row;
  unsigned keys = plan.causal
                      ? std::min(plan.keys, row + 1 + plan.keys - plan.rows)
                      : plan.keys;
  uint64_t head = uint64_t(group) * lanes;
  return {group,
          index % kSlots,
          keys,
          index >= kSlots,
          index + kSlots < groups * plan.rows,
          row == 0,
          row + 1 == plan.rows,
          kZeroBase,
          kZeroBase,
          plan.query.address + head * plan.query.headStride +
              row * plan.query.rowStride,
          plan.output.address + head * plan.output.headStride +
              row * plan.output.rowStride};
}

/// Emits `count` rows, an even number, as a loop over two at a time.
void RowScheduler::emitLoop(unsigned group, unsigned first, unsigned count) {
  Row row = getRow(group, first);
  program.emit<SetBaseOp>(kQueryBase, row.query);
  program.emit<SetBaseOp>(kOutputBase, row.output);
  program.emit<LoopOp>(count / kSlots);
  for (unsigned i = 0; i < kSlots; ++i) {
    Row next = getRow(group, first + i);
    next.queryBase = kQueryBase;
    next.outputBase = kOutputBase;
    next.query = i * plan.query.rowStride;
    next.output = i * plan.output.rowStride;
    emitRow(next);
  }
  program.emit<AddBaseOp>(kQueryBase, kSlots * plan.query.rowStride);
  program.emit<AddBaseOp>(kOutputBase, kSlots * plan.output.rowStride);
  program.emit<EndLoopOp>();
}

void RowScheduler::emitGroup(unsigned group) {
  program.emit<SetHeadOp>(group * lanes);
  loadKeys(group);
  if (!compact)
    loadValues(group, /*slot=*/0);
  // Rows in the middle wait and free alike, so that a loop can have them.
  auto isAlike = [&](unsigned row) {
    Row r = getRow(group, row);
    return !plan.causal && r.waits && r.frees && !r.first && !r.last;
  };
  for (unsigned row = 0; row < plan.rows;) {
    unsigned end = row;
    while (end < plan.rows && isAlike(end))
      ++end;
    unsigned count = (end - row) / kSlots * kSlots;
    if (count > kSlots) {
      emitLoop(group, row, count);
      row += count;
    } else {
      emitRow(getRow(group, row++));
    }
  }
}

LogicalResult RowScheduler::run(function_ref<InFlightDiagnostic()> emitError) {
  if (failed(bindBuffers(emitError)))
    return failure();
  program.emit<SetBaseOp>(kZeroBase, 0);
  program.emit<LoadScalesOp>(0, 0, kZeroBase, plan.heads,
                             program.addScales(plan.scale, plan.heads));
  program.emit<FenceOp>();
  for (unsigned group = 0; group < groups; ++group)
    emitGroup(group);
  program.emit<FenceOp>();
  return success();
}

LogicalResult
spatten::emitAttention(ProgramBuilder &program, const AttentionPlan &plan,
                       function_ref<InFlightDiagnostic()> emitError) {
  return RowScheduler(program, plan).run(emitError);
}
