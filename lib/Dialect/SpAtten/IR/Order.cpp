// Loops and semaphores of a program.

#include "Rules.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <array>
#include <vector>

using namespace rarefy;
using namespace rarefy::spatten;

namespace {

/// What a run of instructions does to the semaphores.
struct Balance {
  /// Counts that must be there at first so that no instruction waits in vain,
  /// and the first instruction that needs that many.
  std::array<int64_t, kSemaphores> need{};
  std::array<Operation *, kSemaphores> needs{};
  /// Counts that it adds in the end.
  std::array<int64_t, kSemaphores> net{};
  /// The most that it has added at any time, and the instruction that has.
  std::array<int64_t, kSemaphores> peak{};
  std::array<Operation *, kSemaphores> peaks{};

  /// A number that stands for every larger one.
  static constexpr int64_t kMany = int64_t(1) << 40;

  void signal(unsigned semaphore, int64_t counts, Operation *op) {
    net[semaphore] += counts;
    reach(semaphore, net[semaphore], op);
  }

  void reach(unsigned semaphore, int64_t counts, Operation *op) {
    if (counts > peak[semaphore]) {
      peak[semaphore] = counts;
      peaks[semaphore] = op;
    }
  }

  void wait(unsigned semaphore, int64_t counts, Operation *op) {
    if (counts - net[semaphore] > need[semaphore]) {
      need[semaphore] = counts - net[semaphore];
      needs[semaphore] = op;
    }
  }

  /// Appends `times` runs of `body`.
  void append(const Balance &body, int64_t times) {
    for (unsigned s = 0; s < kSemaphores; ++s) {
      // A run that takes more than it adds makes the last one the hardest.
      int64_t before = std::max<int64_t>(0, -body.net[s]) * (times - 1);
      wait(s, std::min(kMany, body.need[s] + before), body.needs[s]);
      // One that adds more than it takes makes it the highest.
      int64_t behind = std::max<int64_t>(0, body.net[s]) * (times - 1);
      reach(s, std::min(kMany, net[s] + behind + body.peak[s]), body.peaks[s]);
      net[s] = std::clamp(net[s] + body.net[s] * times, -kMany, kMany);
    }
  }
};

/// A loop that is open, or the program itself.
struct Scope {
  Operation *loop;
  int64_t count;
  Balance balance;
};

} // namespace

/// Adds what `op` does, first what it takes.
static void addSemaphores(Balance &balance, Operation &op) {
  int64_t counts = 1;
  if (auto credit = dyn_cast<CreditOp>(op))
    counts = credit.getCount();
  auto bits = [&](StringRef field) -> uint64_t {
    auto attr = op.getAttrOfType<IntegerAttr>(field);
    return attr ? attr.getInt() : 0;
  };
  uint64_t wait = bits("wait"), signal = bits("signal");
  for (unsigned s = 0; s < kSemaphores; ++s) {
    if (wait >> s & 1) {
      balance.wait(s, 1, &op);
      --balance.net[s];
    }
    if (signal >> s & 1)
      balance.signal(s, counts, &op);
  }
}

/// Refuses a loop over the kept heads, whose number is not known, that leaves
/// the semaphores other than it found them.
static LogicalResult verifyHeadLoop(const Scope &scope) {
  for (unsigned s = 0; s < kSemaphores; ++s)
    if (scope.balance.net[s] != 0)
      return scope.loop->emitOpError("expects its body to take from semaphore ")
             << s << " as much as it adds, found " << scope.balance.net[s]
             << " more";
  return success();
}

static LogicalResult openLoop(std::vector<Scope> &scopes, Operation &op,
                              int64_t count) {
  if (scopes.size() > kMaxLoopDepth)
    return op.emitOpError("expects at most ")
           << kMaxLoopDepth << " loops around each other";
  scopes.push_back({&op, count, {}});
  return success();
}

static LogicalResult closeLoop(std::vector<Scope> &scopes, Operation &op) {
  if (scopes.size() == 1)
    return op.emitOpError("expects an open loop");
  Scope scope = scopes.back();
  scopes.pop_back();
  if (isa<LoopHeadsOp>(scope.loop) && failed(verifyHeadLoop(scope)))
    return failure();
  scopes.back().balance.append(scope.balance, scope.count);
  return success();
}

/// Refuses what waits for a count that never comes, and more counts at a time
/// than a semaphore holds.
static LogicalResult verifyCounts(const Balance &balance) {
  for (unsigned s = 0; s < kSemaphores; ++s) {
    if (balance.need[s] > 0)
      return balance.needs[s]->emitOpError("waits for semaphore ")
             << s << ", which is signaled too seldom before";
    if (balance.peak[s] > kMaxCounts)
      return balance.peaks[s]->emitOpError("expects at most ")
             << kMaxCounts << " counts of semaphore " << s << ", found "
             << balance.peak[s];
  }
  return success();
}

/// Refuses a semaphore that two engines wait for: which one would take a count
/// would be a matter of time.
static LogicalResult verifyWaiters(program::ProgramOp program) {
  std::array<Operation *, kSemaphores> waiters{};
  for (Operation &op : *program.getBody()) {
    auto wait = op.getAttrOfType<IntegerAttr>("wait");
    for (unsigned s = 0; wait && s < kSemaphores; ++s) {
      if (!(wait.getInt() >> s & 1))
        continue;
      if (waiters[s] && getEngine(waiters[s]) != getEngine(&op)) {
        InFlightDiagnostic error = op.emitOpError("waits for semaphore ")
                                   << s
                                   << ", for which another engine waits too";
        error.attachNote(waiters[s]->getLoc()) << "here";
        return error;
      }
      waiters[s] = &op;
    }
  }
  return success();
}

LogicalResult spatten::verifyOrder(program::ProgramOp program) {
  std::vector<Scope> scopes = {{program, 1, {}}};
  Operation *last = nullptr;
  for (Operation &op : *program.getBody()) {
    if (isa<program::TensorOp>(op))
      continue;
    if (isa_and_present<HaltOp>(last))
      return op.emitOpError("stands after the end of the program");
    last = &op;
    LogicalResult result = success();
    if (auto loop = dyn_cast<LoopOp>(op))
      result = openLoop(scopes, op, loop.getCount());
    else if (isa<LoopHeadsOp>(op))
      result = openLoop(scopes, op, 1);
    else if (isa<EndLoopOp>(op))
      result = closeLoop(scopes, op);
    else
      addSemaphores(scopes.back().balance, op);
    if (failed(result))
      return failure();
  }
  if (scopes.size() > 1)
    return scopes.back().loop->emitOpError("expects an end of the loop");
  if (!isa_and_present<HaltOp>(last))
    return program.emitOpError("expects to end with 'spatten.halt'");
  if (failed(verifyCounts(scopes.front().balance)))
    return failure();
  return verifyWaiters(program);
}
