// The front end: reads instructions in order, executes their values, and hands
// them to the engines in time.

#include "Core.h"
#include "Timing.h"
#include "rarefy/Sim/SpAttenNumbers.h"
#include "rarefy/Support/Prefetch.h"
#include "llvm/ADT/STLExtras.h"
#include <type_traits>

using namespace rarefy;
using namespace rarefy::spatten;
using llvm::Error;
using llvm::Expected;

namespace {

/// An instruction of the program, ready to execute.
struct Step {
  Operation *op;
  Engine engine;
  uint16_t wait;
  uint16_t signal;
  uint8_t slot;
  /// Null for those that decide what comes next: the front end's.
  Error (*execute)(Core &, Operation *);
  Cost (*getCost)(CostModel &, Operation *, const Activity &);
};

template <typename Op>
constexpr bool isFlow =
    llvm::is_one_of<Op, HaltOp, LoopOp, LoopHeadsOp, EndLoopOp, CreditOp,
                    SyncOp, FenceOp>::value;

template <typename Op> Step makeStep(Operation *op) {
  auto getBits = [&](StringRef name) -> uint16_t {
    auto bits = op->getAttrOfType<IntegerAttr>(name);
    return bits ? bits.getValue().getZExtValue() : 0;
  };
  Step step{op,
            Op::engine,
            getBits("wait"),
            getBits("signal"),
            static_cast<uint8_t>(getBits("slot")),
            nullptr,
            nullptr};
  if constexpr (!isFlow<Op>)
    step.execute = [](Core &core, Operation *op) {
      return core.execute(cast<Op>(op));
    };
  if constexpr (Op::engine == Engine::Fetch ||
                Op::engine == Engine::FetchKeyLsb ||
                Op::engine == Engine::FetchValue || Op::engine == Engine::Store)
    step.getCost = [](CostModel &model, Operation *op, const Activity &done) {
      return model.getCost(op, done);
    };
  else if constexpr (Op::engine != Engine::Control)
    step.getCost = [](CostModel &model, Operation *op, const Activity &done) {
      return model.getCost(cast<Op>(op), done);
    };
  return step;
}

/// Finds the class of an instruction among `Ops`.
template <typename... Ops> struct StepOf {
  static Step get(Operation *op) {
    Step step{};
    (void)((isa<Ops>(op) && (step = makeStep<Ops>(op), true)) || ...);
    return step;
  }
};

struct Loop {
  size_t first;
  uint64_t left;
  /// The heads of a loop over them.
  bool overHeads = false;
  std::vector<unsigned> heads = {};
};

/// How often a caller is told how far a run is.
constexpr uint64_t progressCycles = 1000000;

/// One run of a program.
class Run {
public:
  Run(ArrayRef<Step> steps, const SpAttenConfig &config, DeviceMemory &memory,
      Statistics &statistics, Trace *trace)
      : steps(steps), statistics(statistics), core(config, memory, statistics),
        costs(config, statistics), timeline(config, statistics, trace) {}

  Error run(llvm::function_ref<void(uint64_t)> progress);

private:
  /// Whether the front end waits for the rest of the machine.
  enum class State { Running, Full, Waiting, Halted };

  Error advance();
  void prefetchNext() const;
  Error dispatch(const Step &step);
  std::optional<uint64_t> findReady() const;
  Error executeWaiting(uint64_t start);
  void executeFlow(const Step &step);
  void openLoop(Loop loop);
  void endLoop();
  void next() {
    ++place;
    ++cycle;
  }

  ArrayRef<Step> steps;
  Statistics &statistics;
  Core core;
  CostModel costs;
  Timeline timeline;
  State state = State::Running;
  size_t place = 0;
  uint64_t cycle = 0;
  std::vector<Loop> loops;
};

} // namespace

/// Executes `step` and puts it into the queue of its engine.
Error Run::dispatch(const Step &step) {
  core.activity.clear();
  if (Error error = step.execute(core, step.op))
    return addPlace(step.op, place + 1, std::move(error));
  if (step.engine == Engine::Control) {
    next();
    return Error::success();
  }
  Activity &done = core.activity;
  uint64_t number = timeline.addInstruction(step.op, place + 1, step.engine);
  Record record{step.op,
                step.engine,
                uint32_t(place + 1),
                number,
                step.wait,
                step.signal,
                step.slot,
                cycle + 1,
                done.skipped,
                done.skipped ? Cost{0, 0} : step.getCost(costs, step.op, done),
                std::move(done.reads),
                std::move(done.writes),
                timeline.hazards.add(done.uses, number, step.engine)};
  timeline.push(std::move(record));
  next();
  return Error::success();
}

void Run::openLoop(Loop loop) {
  if (loop.overHeads)
    core.setHead(loop.heads.front());
  loops.push_back(std::move(loop));
}

void Run::endLoop() {
  Loop &loop = loops.back();
  if (--loop.left == 0) {
    loops.pop_back();
    next();
    return;
  }
  if (loop.overHeads)
    core.setHead(loop.heads[loop.heads.size() - loop.left]);
  place = loop.first;
  ++cycle;
}

/// Executes an instruction of control that needs nothing from the engines.
void Run::executeFlow(const Step &step) {
  if (auto loop = dyn_cast<LoopOp>(step.op)) {
    openLoop({place + 1, loop.getCount()});
  } else if (auto credit = dyn_cast<CreditOp>(step.op)) {
    timeline.signal(step.signal, credit.getCount(), cycle, Engine::Control);
  } else if (isa<EndLoopOp>(step.op)) {
    endLoop();
    return;
  } else {
    bool isOver = isa<HaltOp>(step.op);
    state = isOver ? State::Halted : State::Waiting;
    cycle += isOver;
    return;
  }
  next();
}

/// Executes what stops the front end: `sync`, `fence`, or a loop over the kept
/// heads, which are there in cycle `start` or never.
Error Run::executeWaiting(uint64_t start) {
  const Step &step = steps[place];
  EngineStatistics &engine = statistics.engines[unsigned(Engine::Control)];
  if (isa<SyncOp>(step.op)) {
    Engine source = timeline.takeCounts(step.wait);
    engine.waits[unsigned(source)] += start - cycle;
  } else if (auto fence = dyn_cast<FenceOp>(step.op)) {
    Engine source = timeline.findLastResult(fence.getEngines())->engine;
    engine.waits[unsigned(source)] += start - cycle;
  } else {
    Use use{Use::Single, false, unsigned(Register::HeadList)};
    uint64_t number =
        timeline.addInstruction(step.op, place + 1, Engine::Control);
    for (const Dependence &dependence :
         timeline.hazards.add(use, number, Engine::Control))
      if (Error error = timeline.check(dependence, step.op, place + 1, start))
        return error;
    ArrayRef<unsigned> heads = core.getKeptHeads();
    if (heads.empty())
      return addPlace(step.op, place + 1,
                      makeError("expects a list of kept heads"));
    openLoop({place + 1, heads.size(), true, heads.vec()});
  }
  cycle = start;
  state = State::Running;
  next();
  return Error::success();
}

/// When what the front end waits for is there.
std::optional<uint64_t> Run::findReady() const {
  auto fence = dyn_cast<FenceOp>(steps[place].op);
  if (!fence)
    return timeline.findCounts(steps[place].wait, cycle);
  auto last = timeline.findLastResult(fence.getEngines());
  return last ? std::optional(std::max(cycle, last->cycle)) : std::nullopt;
}

/// A program may be longer than what the host's caches hold, and each of its
/// instructions lies by itself.
void Run::prefetchNext() const {
  static constexpr size_t ahead = 6, bytes = 256;
  if (place + ahead < steps.size())
    prefetch(steps[place + ahead].op, bytes);
}

/// Lets the front end run until it has to wait.
Error Run::advance() {
  while (state == State::Running) {
    const Step &step = steps[place];
    if (step.engine != Engine::Control && !timeline.hasRoom(step.engine)) {
      state = State::Full;
      break;
    }
    ++statistics.instructions;
    prefetchNext();
    if (step.execute) {
      if (Error error = dispatch(step))
        return error;
    } else {
      executeFlow(step);
    }
  }
  return Error::success();
}

Error Run::run(llvm::function_ref<void(uint64_t)> progress) {
  uint64_t due = progressCycles;
  EngineStatistics &control = statistics.engines[unsigned(Engine::Control)];
  while (true) {
    if (Error error = advance())
      return error;
    std::optional<Timeline::Start> start = timeline.findStart();
    std::optional<uint64_t> ready;
    if (state == State::Waiting)
      ready = findReady();
    // What memory answers before may let something else go first.
    if (timeline.receive(std::min(start ? start->cycle : Timeline::never,
                                  ready.value_or(Timeline::never))))
      continue;
    if (ready && (!start || *ready <= start->cycle)) {
      if (Error error = executeWaiting(*ready))
        return error;
      continue;
    }
    if (!start && state == State::Halted)
      break;
    if (!start)
      llvm_unreachable("the verifier saw a signal for every wait");
    if (Error error = timeline.start(*start))
      return error;
    if (progress && start->cycle >= due) {
      progress(start->cycle);
      due = llvm::alignDown(start->cycle, progressCycles) + progressCycles;
    }
    if (state == State::Full && start->engine == steps[place].engine) {
      state = State::Running;
      uint64_t resumed = std::max(cycle, start->cycle);
      control.waits[unsigned(start->engine)] += resumed - cycle;
      cycle = resumed;
    }
  }
  control.instructions = control.busy = statistics.instructions;
  timeline.finish(cycle);
  return Error::success();
}

/// Refuses a machine that the instruction set is not for, or the program.
static Error checkMachine(program::ProgramOp program,
                          const SpAttenConfig &config) {
  if (config.headSize != kHeadSize || config.operandBits != kOperandBits)
    return makeError("expected vectors of " + Twine(kHeadSize) +
                     " elements of " + Twine(kOperandBits) +
                     " bits, as instructions have them; the machine's have " +
                     Twine(config.headSize) + " of " +
                     Twine(config.operandBits));
  std::pair<StringRef, int64_t> parameters[] = {
      {"key_lines", config.sram.lines},
      {"value_lines", config.sram.lines},
      {"rows_per_line", config.sram.elementsPerLine / kHeadSize},
      {"max_keys", config.maxContext}};
  for (NamedAttribute parameter : program.getConfig()) {
    StringRef name = parameter.getName();
    auto *known = llvm::find_if(
        parameters, [&](const auto &entry) { return entry.first == name; });
    if (known == std::end(parameters))
      return makeError("the program was made for a machine with '" + name +
                       "', which is not known");
    if (int64_t value = *program.getParameter(name); value != known->second)
      return makeError("the program was made for a machine with " + name +
                       " = " + Twine(value) + ", not " + Twine(known->second));
  }
  return Error::success();
}

/// Refuses what an instruction names and the machine does not have.
static Error checkNames(const Step &step, const SpAttenConfig &config) {
  unsigned semaphores = step.wait | step.signal;
  if (semaphores >> std::min(config.semaphores, kSemaphores))
    return makeError("expects semaphores below " + Twine(config.semaphores));
  auto buffer = step.op->getAttrOfType<IntegerAttr>("buffer");
  if (buffer && buffer.getValue().uge(config.sram.handles))
    return makeError("expects buffers below " + Twine(config.sram.handles));
  return Error::success();
}

struct Simulator::Implementation {
  std::vector<Step> steps;
  SpAttenConfig config;
  DeviceMemory memory;
};

Simulator::Simulator(std::unique_ptr<Implementation> implementation)
    : implementation(std::move(implementation)) {}
Simulator::~Simulator() = default;

DeviceMemory &Simulator::getMemory() { return implementation->memory; }

Expected<std::unique_ptr<Simulator>>
Simulator::create(program::ProgramOp program, SpAttenConfig config) {
  if (program.getTarget() != SpAttenDialect::getDialectNamespace())
    return makeError("expected a program for 'spatten', found one for '" +
                     program.getTarget() + "'");
  if (Error error = checkMachine(program, config))
    return error;
  Expected<DeviceMemory> memory =
      DeviceMemory::create(program, config.memory.capacityBytes());
  if (!memory)
    return memory.takeError();
  std::vector<Step> steps;
  for (Operation &op : *program.getBody()) {
    if (isa<program::TensorOp>(op))
      continue;
    steps.push_back(StepOf<
#define GET_OP_LIST
#include "rarefy/Dialect/SpAtten/IR/SpAttenOps.cpp.inc"
                    >::get(&op));
    if (Error error = checkNames(steps.back(), config))
      return addPlace(&op, steps.size(), std::move(error));
  }
  return std::unique_ptr<Simulator>(
      new Simulator(std::make_unique<Implementation>(Implementation{
          std::move(steps), std::move(config), std::move(*memory)})));
}

Expected<Statistics>
Simulator::run(raw_ostream *os, llvm::function_ref<void(uint64_t)> progress) {
  Implementation &self = *implementation;
  if (Error error = self.memory.checkWritten())
    return error;
  Statistics statistics;
  statistics.config = self.config;
  std::optional<Trace> trace;
  if (os)
    trace.emplace(*os, self.config.clockGHz);
  if (Error error = Run(self.steps, self.config, self.memory, statistics,
                        trace ? &*trace : nullptr)
                        .run(progress))
    return error;
  if (Error error = statistics.check())
    return error;
  return statistics;
}
