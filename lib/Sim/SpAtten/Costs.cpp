// How many cycles each instruction keeps its engine, and until its result.

#include "Timing.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <limits>

using namespace rarefy;
using namespace rarefy::spatten;
using llvm::divideCeil;

/// More items than any selection has: a round takes a cycle.
static constexpr unsigned kWide = 1 << 16;

CostModel::CostModel(const SpAttenConfig &config, Statistics &statistics)
    : config(config), statistics(statistics),
      latency(config.topk.parallelism, config.topk.roundOverheadCycles),
      rounds(kWide, 0), items(1, 0) {}

/// Rows come in eights, lines in pairs.
uint64_t CostModel::getLineCycles(unsigned rows) const {
  return getLines(llvm::alignTo(rows, 8),
                  config.sram.elementsPerLine / kHeadSize, /*fused=*/false);
}

Cost CostModel::getCost(Operation *, const Activity &activity) {
  uint64_t bytes = config.memory.transactionBytes;
  auto count = [&](ArrayRef<Segment> segments) {
    uint64_t transactions = 0;
    for (const Segment &segment : segments)
      transactions += (segment.address + segment.bytes - 1) / bytes -
                      segment.address / bytes + 1;
    return transactions;
  };
  return {divideCeil(count(activity.reads) + count(activity.writes),
                     config.memory.channels) *
          config.memory.sendCycles};
}

Cost CostModel::getCost(ScoreOp op, const Activity &) {
  return {getLineCycles(op.getKeys()), config.arrays.scoreLatencyCycles};
}

/// The row goes in, and comes out behind the pipeline.
Cost CostModel::getCost(SoftmaxOp op, const Activity &) {
  uint64_t cycles = divideCeil(op.getKeys(), config.softmax.parallelism);
  return {cycles, config.softmax.latencyCycles() + cycles};
}

Cost CostModel::getCost(CheckOp, const Activity &) {
  // Three levels of a tree and the comparison, behind the row's last number.
  return {1, 4};
}

uint64_t CostModel::getSelectionCycles(const Activity &activity,
                                       unsigned candidates, unsigned keep) {
  if (keep >= candidates)
    return 0;
  if (config.topk.rounds == TopKRounds::Expected) {
    statistics.topkRounds += rounds.expectedCycles(candidates, keep);
    statistics.topkItems += items.expectedCycles(candidates, keep);
    return std::llround(latency.expectedCycles(candidates, keep));
  }
  statistics.topkRounds += activity.rounds.size();
  for (unsigned size : activity.rounds)
    statistics.topkItems += size;
  return latency.cycles(activity.rounds);
}

/// Once the limit is found, the filter takes the rows of each lane as the array
/// behind it does.
Cost CostModel::getCost(TopkValuesOp op, const Activity &activity) {
  uint64_t lanes = op.getFused() ? kLanes : 1;
  return {getSelectionCycles(activity, op.getKeys(), op.getKeep()) +
          lanes * getLineCycles(op.getKeep())};
}

Cost CostModel::getCost(WeightOp op, const Activity &) {
  return {getLineCycles(op.getValues()), config.arrays.valueLatencyCycles};
}

Cost CostModel::getCost(AddTokensOp op, const Activity &) {
  return {divideCeil(op.getKeys(), config.softmax.parallelism)};
}

Cost CostModel::getCost(AddHeadOp, const Activity &) { return {}; }
Cost CostModel::getCost(ClearTokensOp, const Activity &) { return {}; }
Cost CostModel::getCost(ClearHeadsOp, const Activity &) { return {}; }

Cost CostModel::getCost(ScaleTokensOp op, const Activity &) {
  return {divideCeil(op.getTokens(), config.topk.parallelism)};
}

Cost CostModel::getCost(ProtectOp, const Activity &) { return {}; }

Cost CostModel::getCost(TopkTokensOp op, const Activity &activity) {
  return {getSelectionCycles(activity, op.getCandidates(), op.getKeep()) +
          divideCeil(op.getKeep(), config.softmax.parallelism)};
}

Cost CostModel::getCost(TopkHeadsOp op, const Activity &activity) {
  return {getSelectionCycles(activity, op.getCandidates(), op.getKeep()) +
          divideCeil(op.getKeep(), config.softmax.parallelism)};
}

Cost CostModel::getCost(KeepTokensOp, const Activity &) { return {}; }
Cost CostModel::getCost(KeepHeadsOp, const Activity &) { return {}; }
Cost CostModel::getCost(KeepAllTokensOp, const Activity &) { return {}; }
Cost CostModel::getCost(KeepAllHeadsOp, const Activity &) { return {}; }

/// Both arrays; the matrix streams through them.
Cost CostModel::getCost(MultiplyOp op, const Activity &) {
  uint64_t multipliers =
      config.arrays.scoreMultipliers + config.arrays.valueMultipliers;
  return {divideCeil(op.getRows() * op.getColumns(), multipliers), 10};
}
