#ifndef RAREFY_LIB_SIM_SPATTEN_TIMING_H
#define RAREFY_LIB_SIM_SPATTEN_TIMING_H

#include "Hazards.h"
#include "Trace.h"
#include "rarefy/Sim/TopKLatency.h"
#include <deque>
#include <limits>
#include <optional>
#include <queue>

namespace rarefy::spatten {

/// Cycles of one instruction. Its engine can start the next one after `busy`
/// cycles, if memory does not hold it up; its result is there `tail` cycles
/// after that.
struct Cost {
  uint64_t busy = 1;
  uint64_t tail = 0;
};

/// What each instruction costs, by its engine's data path.
class CostModel {
public:
  CostModel(const SpAttenConfig &config, Statistics &statistics);

  Cost getCost(ScoreOp op, const Activity &activity);
  Cost getCost(SoftmaxOp op, const Activity &activity);
  Cost getCost(CheckOp op, const Activity &activity);
  Cost getCost(TopkValuesOp op, const Activity &activity);
  Cost getCost(WeightOp op, const Activity &activity);
  Cost getCost(AddTokensOp op, const Activity &activity);
  Cost getCost(AddHeadOp op, const Activity &activity);
  Cost getCost(ClearTokensOp op, const Activity &activity);
  Cost getCost(ClearHeadsOp op, const Activity &activity);
  Cost getCost(ScaleTokensOp op, const Activity &activity);
  Cost getCost(ProtectOp op, const Activity &activity);
  Cost getCost(TopkTokensOp op, const Activity &activity);
  Cost getCost(TopkHeadsOp op, const Activity &activity);
  Cost getCost(KeepTokensOp op, const Activity &activity);
  Cost getCost(KeepHeadsOp op, const Activity &activity);
  Cost getCost(KeepAllTokensOp op, const Activity &activity);
  Cost getCost(KeepAllHeadsOp op, const Activity &activity);
  Cost getCost(MultiplyOp op, const Activity &activity);
  /// Every other instruction only moves bytes.
  Cost getCost(Operation *op, const Activity &activity);

private:
  /// Lines of SRAM that `rows` vectors take, a cycle each.
  uint64_t getLineCycles(unsigned rows) const;
  uint64_t getSelectionCycles(const Activity &activity, unsigned candidates,
                              unsigned keep);

  const SpAttenConfig &config;
  Statistics &statistics;
  TopKLatency latency;
  /// The same engine, were a round to cost one, or a cycle for each item.
  TopKLatency rounds, items;
};

/// An instruction in the queue of its engine.
struct Record {
  Operation *op;
  Engine engine;
  uint32_t place;
  uint64_t number;
  uint16_t wait;
  uint16_t signal;
  /// Of the row that it works on, if it does.
  uint8_t slot;
  uint64_t ready;
  bool skipped;
  Cost cost;
  std::vector<Segment> reads, writes;
  std::vector<Dependence> dependences;
  /// When the results of its own engine are there that it needs. Known, as is
  /// when it could start but for its semaphores, once it is the next.
  uint64_t ownResults = 0;
  uint64_t earliest = 0;
};

/// When each instruction runs. The front end hands instructions over in program
/// order; they start in the order of time.
class Timeline {
public:
  /// No cycle that anything happens in.
  static constexpr uint64_t never = std::numeric_limits<uint64_t>::max();

  Timeline(const SpAttenConfig &config, Statistics &statistics, Trace *trace);

  bool hasRoom(Engine engine) const {
    return queues[unsigned(engine)].size() < config.queueDepth;
  }
  void push(Record record);
  /// Gives the next instruction its number.
  uint64_t addInstruction(Operation *op, uint32_t place, Engine engine);

  void signal(uint16_t semaphores, unsigned count, uint64_t cycle,
              Engine engine);
  /// The first cycle from `cycle` on with a count of each of `semaphores`.
  std::optional<uint64_t> findCounts(uint16_t semaphores, uint64_t cycle) const;
  /// Takes the counts; returns the engine that signaled last.
  Engine takeCounts(uint16_t semaphores);

  struct Start {
    Engine engine;
    uint64_t cycle;
  };
  /// The next instruction to start.
  std::optional<Start> findStart() const;
  llvm::Error start(Start start);
  /// Takes what memory answers up to `cycle`, before anything that it was not
  /// known to let start; false if that is nothing.
  bool receive(uint64_t cycle);

  /// An error unless the results that `dependence` asks for are there.
  llvm::Error check(const Dependence &dependence, Operation *op, uint32_t place,
                    uint64_t cycle);

  struct LastResult {
    uint64_t cycle = 0;
    Engine engine = Engine::Control;
  };
  /// The last result of the engines in `engines`, of all if it is empty; none
  /// while they have instructions to start, or wait for memory.
  std::optional<LastResult> findLastResult(uint64_t engines) const;

  /// Ends at the last result, or at `cycle` if that is later.
  void finish(uint64_t cycle);

  Hazards hazards;

private:
  /// Until when an instruction used its operands, and when its result is there.
  struct Progress {
    Operation *op;
    uint32_t place;
    Engine engine;
    bool started = false;
    uint64_t end = 0;
    uint64_t result = never;
  };
  /// An instruction that has started and whose result is not known yet: memory
  /// has not answered, or one before that it follows is not settled either.
  struct Unsettled {
    uint64_t number;
    uint8_t slot;
    bool skipped;
    uint16_t signal;
    /// When the result is there, but for the access that it waits for and for
    /// what comes behind that.
    uint64_t result;
    std::optional<uint64_t> access;
    uint64_t tail;
  };
  struct Count {
    uint64_t cycle;
    Engine engine;
    bool operator>(const Count &other) const { return cycle > other.cycle; }
  };

  const Progress &getProgress(uint64_t number) const;
  void prepareNext(Engine engine);
  uint64_t access(const Record &record, uint64_t cycle, Unsettled &self);
  void settle(Engine engine);
  void settle(const Unsettled &self, Engine engine);
  void forget(uint64_t cycle);
  uint64_t getOwnResults(const Record &record) const;
  void addIdle(const Record &record, uint64_t cycle, Engine last);

  const SpAttenConfig &config;
  Statistics &statistics;
  Trace *trace;
  Memory memory;
  std::array<std::deque<Record>, kEngines> queues;
  /// Of each engine: when it can start again, and its last result.
  std::array<uint64_t, kEngines> free{}, results{};
  /// Of each engine, in the order of their starts.
  std::array<std::deque<Unsettled>, kEngines> unsettled;
  /// That memory has been asked for: the number of the next one.
  uint64_t numAccesses = 0;
  /// The last results for the rows in each slot.
  std::array<std::array<uint64_t, kSlots>, kEngines> rowResults{};
  /// When each engine last signaled each semaphore.
  std::array<std::array<uint64_t, kSemaphores>, kEngines> lastSignals{};
  std::array<std::priority_queue<Count, std::vector<Count>, std::greater<>>,
             kSemaphores>
      counts;
  /// Of instructions from `firstNumber` on; what those before did is over.
  std::deque<Progress> progress;
  uint64_t firstNumber = 1;
  uint64_t last = 0;
};

/// `error` with the instruction that it is about.
llvm::Error addPlace(Operation *op, uint32_t place, llvm::Error error);

} // namespace rarefy::spatten

#endif // RAREFY_LIB_SIM_SPATTEN_TIMING_H
