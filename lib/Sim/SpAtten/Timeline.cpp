// Engines, their queues and their semaphores, in the order of time.

#include "Core.h"
#include "Timing.h"
#include "llvm/ADT/STLExtras.h"

using namespace rarefy;
using namespace rarefy::spatten;
using llvm::Error;

/// Semaphores of a set, one after the other.
template <typename F> static void forEach(uint16_t semaphores, F &&f) {
  for (; semaphores; semaphores &= semaphores - 1)
    f(llvm::countr_zero(semaphores));
}

Timeline::Timeline(const SpAttenConfig &config, Statistics &statistics,
                   Trace *trace)
    : config(config), statistics(statistics), trace(trace),
      memory(config.memory) {}

uint64_t Timeline::addInstruction(Operation *op, uint32_t place,
                                  Engine engine) {
  // The front end is past its own instructions when others meet them.
  bool isPast = engine == Engine::Control;
  progress.push_back({op, place, engine, isPast, 0, isPast ? 0 : never});
  return firstNumber + progress.size() - 1;
}

const Timeline::Progress &Timeline::getProgress(uint64_t number) const {
  static constexpr Progress over = {nullptr, 0, Engine::Control, true, 0, 0};
  return number < firstNumber ? over : progress[number - firstNumber];
}

/// Forgets what is over in `cycle`: no instruction starts before that any more.
void Timeline::forget(uint64_t cycle) {
  auto isOver = [&](const Progress &progress) {
    return progress.started && progress.end <= cycle &&
           progress.result <= cycle;
  };
  hazards.forget([&](uint64_t number) { return isOver(getProgress(number)); });
  while (!progress.empty() && isOver(progress.front())) {
    progress.pop_front();
    ++firstNumber;
  }
}

void Timeline::push(Record record) {
  Engine engine = record.engine;
  auto &queue = queues[unsigned(engine)];
  queue.push_back(std::move(record));
  if (queue.size() == 1)
    prepareNext(engine);
}

/// All that an engine was given before its next instruction has started.
void Timeline::prepareNext(Engine engine) {
  auto &queue = queues[unsigned(engine)];
  if (queue.empty())
    return;
  Record &record = queue.front();
  record.ownResults = getOwnResults(record);
  record.earliest = std::max(free[unsigned(engine)], record.ready);
  // The softmax pipeline hands results on in order; others wait for them.
  if (engine != Engine::Softmax)
    record.earliest = std::max(record.earliest, record.ownResults);
}

void Timeline::signal(uint16_t semaphores, unsigned count, uint64_t cycle,
                      Engine engine) {
  forEach(semaphores, [&](unsigned semaphore) {
    // An instruction with nothing to do does not signal before earlier ones.
    uint64_t &last = lastSignals[unsigned(engine)][semaphore];
    last = std::max(last, cycle);
    for (unsigned i = 0; i < count; ++i)
      counts[semaphore].push({last, engine});
  });
}

std::optional<uint64_t> Timeline::findCounts(uint16_t semaphores,
                                             uint64_t cycle) const {
  std::optional<uint64_t> found = cycle;
  forEach(semaphores, [&](unsigned semaphore) {
    if (counts[semaphore].empty())
      found = std::nullopt;
    else if (found)
      found = std::max(*found, counts[semaphore].top().cycle);
  });
  return found;
}

Engine Timeline::takeCounts(uint16_t semaphores) {
  Count last{0, Engine::Control};
  forEach(semaphores, [&](unsigned semaphore) {
    if (counts[semaphore].top().cycle >= last.cycle)
      last = counts[semaphore].top();
    counts[semaphore].pop();
  });
  return last.engine;
}

/// When the results of the record's own engine are there that it needs.
uint64_t Timeline::getOwnResults(const Record &record) const {
  uint64_t cycle = 0;
  for (const Dependence &dependence : record.dependences)
    if (const Progress &other = getProgress(dependence.number);
        other.engine == record.engine && dependence.afterResult &&
        !dependence.isOverwrite && dependence.use.kind != Use::Memory)
      cycle = std::max(cycle, other.result);
  return cycle;
}

std::optional<Timeline::Start> Timeline::findStart() const {
  std::optional<Start> next;
  for (unsigned engine = 0; engine < kEngines; ++engine) {
    if (queues[engine].empty())
      continue;
    const Record &record = queues[engine].front();
    if (record.earliest == never || (next && next->cycle <= record.earliest))
      continue;
    std::optional<uint64_t> start = findCounts(record.wait, record.earliest);
    if (start && (!next || *start < next->cycle))
      next = {record.engine, *start};
  }
  return next;
}

std::optional<Timeline::LastResult>
Timeline::findLastResult(uint64_t engines) const {
  LastResult found;
  for (unsigned engine = 1; engine < kEngines; ++engine) {
    if (engines && !(engines & getFenceBit(Engine(engine))))
      continue;
    if (!queues[engine].empty() || !unsettled[engine].empty())
      return std::nullopt;
    uint64_t cycle = std::max(free[engine], results[engine]);
    if (cycle > found.cycle)
      found = {cycle, Engine(engine)};
  }
  return found;
}

static std::string describePlace(Operation *op, uint32_t place) {
  return ("instruction " + Twine(place) + " ('" + op->getName().getStringRef() +
          "')")
      .str();
}

Error spatten::addPlace(Operation *op, uint32_t place, Error error) {
  return makeError(describePlace(op, place) + ": " +
                   toString(std::move(error)));
}

Error Timeline::check(const Dependence &dependence, Operation *op,
                      uint32_t place, uint64_t cycle) {
  const Progress &other = getProgress(dependence.number);
  auto getOver = [&] {
    return dependence.afterResult ? other.result : other.end;
  };
  if (other.started && getOver() <= cycle)
    return Error::success();
  while (other.started && getOver() == never)
    receive(never);
  uint64_t over = getOver();
  std::string until = other.started ? "until cycle " + std::to_string(over)
                                    : std::string("later");
  return addPlace(op, place,
                  makeError(Twine(dependence.use.write ? "writes " : "reads ") +
                            describe(dependence.use) + " in cycle " +
                            Twine(cycle) + ", which " +
                            describePlace(other.op, other.place) +
                            (dependence.afterResult ? " writes " : " reads ") +
                            until + "; expects to wait for a semaphore"));
}

/// Says why the engine did nothing from its last instruction to `cycle`.
void Timeline::addIdle(const Record &record, uint64_t cycle, Engine last) {
  EngineStatistics &engine = statistics.engines[unsigned(record.engine)];
  uint64_t since = free[unsigned(record.engine)];
  uint64_t filled = std::clamp(record.ready, since, cycle);
  engine.empty += filled - since;
  engine.waits[unsigned(last)] += cycle - filled;
}

Error Timeline::start(Start start) {
  auto &queue = queues[unsigned(start.engine)];
  Record record = std::move(queue.front());
  queue.pop_front();
  Engine source = record.wait ? takeCounts(record.wait) : start.engine;
  for (const Dependence &dependence : record.dependences)
    if (getProgress(dependence.number).engine != record.engine)
      if (Error error = check(dependence, record.op, record.place, start.cycle))
        return error;
  addIdle(record, start.cycle, source);
  Progress &self = progress[record.number - firstNumber];
  EngineStatistics &engine = statistics.engines[unsigned(start.engine)];
  self.started = true;
  self.end = start.cycle;
  Unsettled begun{record.number, record.slot,  record.skipped,  record.signal,
                  start.cycle,   std::nullopt, record.cost.tail};
  if (!record.skipped) {
    uint64_t busyUntil = start.cycle + record.cost.busy;
    begun.result = std::max(busyUntil, record.ownResults);
    self.end = std::max(busyUntil, access(record, start.cycle, begun));
    engine.busy += record.cost.busy;
    engine.memory += self.end - busyUntil;
  }
  ++engine.instructions;
  free[unsigned(start.engine)] = self.end;
  last = std::max(last, self.end);
  if (trace && !record.skipped)
    trace->add(start.engine, record.op, record.place, start.cycle,
               self.end - start.cycle);
  unsettled[unsigned(start.engine)].push_back(begun);
  settle(start.engine);
  prepareNext(start.engine);
  if (begun.access)
    receive(start.cycle);
  forget(start.cycle);
  return Error::success();
}

/// Has memory move the bytes of `record` from `cycle` on. Returns when the last
/// request has left.
uint64_t Timeline::access(const Record &record, uint64_t cycle,
                          Unsettled &self) {
  uint64_t left = cycle;
  for (bool write : {false, true}) {
    ArrayRef<Segment> segments = write ? record.writes : record.reads;
    if (segments.empty())
      continue;
    // A copy writes what it has read.
    if (self.access)
      cycle = self.result = std::max(self.result, memory.wait());
    left = std::max(left, memory.access(cycle, segments, write));
    self.access = numAccesses++;
  }
  return left;
}

bool Timeline::receive(uint64_t cycle) {
  std::optional<Completion> completion = memory.complete(cycle);
  if (!completion)
    return false;
  for (unsigned engine = 0; engine < kEngines; ++engine)
    for (Unsettled &waiting : unsettled[engine])
      if (waiting.access == completion->access) {
        waiting.access = std::nullopt;
        waiting.result = std::max(waiting.result, completion->cycle);
        settle(Engine(engine));
        prepareNext(Engine(engine));
        return true;
      }
  llvm_unreachable("an instruction waits for each access");
}

/// Settles all of an engine that can be. Results come in order, whatever order
/// memory has; what has nothing to do only follows those of its own row and
/// earlier signals of its semaphores.
void Timeline::settle(Engine engine) {
  auto &queue = unsettled[unsigned(engine)];
  for (auto next = queue.begin(); next != queue.end();) {
    auto isBefore = [&](const Unsettled &other) {
      return !next->skipped || other.slot == next->slot ||
             other.signal & next->signal;
    };
    if (next->access ||
        llvm::any_of(llvm::make_range(queue.begin(), next), isBefore)) {
      ++next;
      continue;
    }
    settle(*next, engine);
    next = queue.erase(next);
  }
}

void Timeline::settle(const Unsettled &self, Engine engine) {
  uint64_t &ofEngine = results[unsigned(engine)];
  uint64_t &ofRow = rowResults[unsigned(engine)][self.slot];
  uint64_t result =
      std::max(self.result + self.tail, self.skipped ? ofRow : ofEngine);
  progress[self.number - firstNumber].result = ofRow = result;
  ofEngine = std::max(ofEngine, result);
  last = std::max(last, result);
  signal(self.signal, 1, result, engine);
}

void Timeline::finish(uint64_t cycle) {
  statistics.cycles = std::max(cycle, last);
  free[unsigned(Engine::Control)] = cycle;
  for (unsigned engine = 0; engine < kEngines; ++engine)
    statistics.engines[engine].empty += statistics.cycles - free[engine];
  statistics.memory = memory.statistics();
}
