// How fast the memory is simulated: time per 32-byte transaction, and the rate
// of the simulated memory.

#include "benchmark/benchmark.h"
#include "rarefy/Hardware/SpAttenConfig.h"
#include "rarefy/Sim/Memory.h"

#include <limits>
#include <random>

using namespace rarefy;

static void simulate(benchmark::State &state,
                     std::vector<std::string> overrides,
                     const std::vector<Segment> &segments) {
  MemoryConfig config =
      llvm::cantFail(
          readSpAttenConfig(RAREFY_CONFIGS "/spatten.yaml", overrides))
          .memory;
  Memory memory(config);
  uint64_t issued = 0, completed = 0;
  auto completeUntil = [&](uint64_t cycle) {
    while (std::optional<Completion> completion = memory.complete(cycle))
      completed = std::max(completed, completion->cycle);
  };
  for (auto _ : state) {
    issued = memory.access(issued, segments, false);
    completeUntil(issued);
  }
  completeUntil(std::numeric_limits<uint64_t>::max());
  MemoryStatistics statistics = memory.statistics();
  state.SetItemsProcessed(statistics.transactions);
  state.counters["simulatedBytesPerCyclePerChannel"] =
      double(statistics.transactions) * config.transactionBytes / completed /
      config.channels;
  state.counters["secondsPerTransaction"] = benchmark::Counter(
      statistics.transactions,
      benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

/// Keys of a row of 1000, in order.
static void sequentialKeys(benchmark::State &state) {
  simulate(state, {}, {{0, 96 * 1000}});
}
BENCHMARK(sequentialKeys);

/// The same in one channel, as the released simulator was measured.
static void oneChannel(benchmark::State &state) {
  simulate(state, {"memory.channels=1"}, {{0, 32 * 20000}});
}
BENCHMARK(oneChannel);

/// 200 of 1000 keys, pruned at random.
static void gatheredKeys(benchmark::State &state) {
  std::mt19937 random(1);
  std::vector<Segment> segments;
  for (unsigned key = 0; key < 1000; ++key)
    if (random() % 5 == 0)
      segments.push_back({key * 96, 96});
  simulate(state, {}, segments);
}
BENCHMARK(gatheredKeys);

/// Single transactions all over the memory: a conflict each.
static void scattered(benchmark::State &state) {
  std::mt19937 random(1);
  std::vector<Segment> segments;
  for (unsigned i = 0; i < 4096; ++i)
    segments.push_back({uint64_t(random() % (1 << 25)) * 32, 32});
  simulate(state, {}, segments);
}
BENCHMARK(scattered);

/// A query: two transactions an access.
static void queries(benchmark::State &state) { simulate(state, {}, {{0, 64}}); }
BENCHMARK(queries);
