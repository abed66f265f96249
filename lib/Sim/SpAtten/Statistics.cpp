// What a run did: energy, what cannot be, and the report as JSON or a table.

#include "Core.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>
#include <numeric>

using namespace rarefy;
using namespace rarefy::spatten;
using llvm::Error;

StringRef spatten::getName(Engine engine) {
  static constexpr StringLiteral names[] = {
      "control",    "fetch",   "fetch_key_lsb", "fetch_value",
      "score",      "softmax", "value_topk",    "weight",
      "accumulate", "topk",    "store",         "product"};
  static_assert(std::size(names) == kEngines);
  return names[unsigned(engine)];
}

StringRef spatten::getName(Traffic traffic) {
  static constexpr StringLiteral names[] = {
      "query", "key_msb", "key_lsb", "value",  "scales", "tokens",
      "heads", "list",    "vector",  "matrix", "copy",   "output"};
  static_assert(std::size(names) == kTraffics);
  return names[unsigned(traffic)];
}

template <typename T> static uint64_t sum(const T &numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), uint64_t(0));
}

static uint64_t getMacs(const Statistics &statistics) {
  return statistics.scoreMacs + statistics.weightMacs + statistics.productMacs +
         statistics.requantizedMacs;
}

/// Adds the numbers of one list to those of another.
template <typename T> static void addEach(T &sums, const T &numbers) {
  for (auto [sum, number] : llvm::zip_equal(sums, numbers))
    sum += number;
}

Statistics &Statistics::operator+=(const Statistics &other) {
  for (auto [sum, engine] : llvm::zip_equal(engines, other.engines)) {
    sum.instructions += engine.instructions;
    sum.busy += engine.busy;
    sum.memory += engine.memory;
    sum.empty += engine.empty;
    addEach(sum.waits, engine.waits);
  }
  addEach(bytesRead, other.bytesRead);
  addEach(bytesWritten, other.bytesWritten);
  memory += other.memory;
  instructions += other.instructions;
  cycles += other.cycles;
  scoreMacs += other.scoreMacs;
  weightMacs += other.weightMacs;
  productMacs += other.productMacs;
  requantizedMacs += other.requantizedMacs;
  checkedRows += other.checkedRows;
  requantizedRows += other.requantizedRows;
  softmaxScores += other.softmaxScores;
  sramLines += other.sramLines;
  topkSelections += other.topkSelections;
  topkRounds += other.topkRounds;
  topkItems += other.topkItems;
  return *this;
}

ArrayRef<StringLiteral> Statistics::getEnergyParts() {
  static constexpr StringLiteral parts[] = {"dram",    "sram", "multiply",
                                            "softmax", "topk", "control"};
  return parts;
}

std::array<double, 6> Statistics::getEnergy() const {
  const SpAttenEnergy &energy = config.energy;
  double bits = 8.0 * memory.transactions * config.memory.transactionBytes;
  return {bits * energy.dramPicojoulesPerBit,
          sramLines * energy.sramPicojoulesPerLine,
          getMacs(*this) * energy.multiplyPicojoules,
          softmaxScores * energy.softmaxPicojoulesPerScore,
          topkItems * energy.topkPicojoulesPerItem,
          cycles * energy.controlPicojoulesPerCycle};
}

//===----------------------------------------------------------------------===//
// What cannot be
//===----------------------------------------------------------------------===//

/// An error unless `found` is at least `least`.
static Error expectAtLeast(const Twine &what, double least, double found) {
  if (found >= least)
    return Error::success();
  return makeError(
      "the simulation contradicts itself: expected at least " +
      llvm::formatv("{0:f0} {1}, found {2:f0}", least, what.str(), found)
          .str());
}

Error Statistics::check() const {
  uint64_t useful = sum(bytesRead) + sum(bytesWritten);
  double moved = double(memory.transactions) * config.memory.transactionBytes;
  double perCycle = config.memory.channels *
                    (config.memory.mode == MemoryMode::Nominal
                         ? config.memory.nominal.bytesPerCyclePerChannel
                         : config.memory.transactionBytes);
  double macs[] = {
      double(scoreMacs + requantizedMacs) / config.arrays.scoreMultipliers,
      double(weightMacs) / config.arrays.valueMultipliers,
      double(productMacs) /
          (config.arrays.scoreMultipliers + config.arrays.valueMultipliers)};
  std::pair<StringRef, std::pair<double, double>> rules[] = {
      {"bytes at the memory", {useful, memory.usefulBytes}},
      {"bytes in transactions", {useful, moved}},
      {"cycles for the bytes", {std::floor(moved / perCycle), cycles}},
      {"cycles for the scores", {macs[0], cycles}},
      {"cycles for the outputs", {macs[1], cycles}},
      {"cycles for the products", {macs[2], cycles}}};
  for (auto &[what, numbers] : rules)
    if (Error error = expectAtLeast(what, numbers.first, numbers.second))
      return error;
  for (auto [index, engine] : llvm::enumerate(engines)) {
    uint64_t total =
        engine.busy + engine.memory + engine.empty + sum(engine.waits);
    if (total != cycles)
      return makeError("the simulation contradicts itself: expected " +
                       Twine(cycles) + " cycles of " + getName(Engine(index)) +
                       ", found " + Twine(total));
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Reports
//===----------------------------------------------------------------------===//

static StringRef getMode(const MemoryConfig &memory) {
  return memory.mode == MemoryMode::Nominal ? "nominal" : "timing";
}

/// Nominal memory has no rows, and refreshes none.
static bool isRefreshed(const MemoryConfig &memory) {
  return memory.mode == MemoryMode::Timing &&
         memory.refresh.mode != RefreshMode::None;
}

/// The parameters that decide what a run costs.
static llvm::json::Object describe(const SpAttenConfig &config) {
  const MemoryConfig &memory = config.memory;
  return llvm::json::Object{
      {"name", config.name},
      {"clock_ghz", config.clockGHz},
      {"products", config.products == ProductMode::Exact ? "exact" : "rtl"},
      {"max_context", config.maxContext},
      {"score_multipliers", config.arrays.scoreMultipliers},
      {"value_multipliers", config.arrays.valueMultipliers},
      {"sram_lines", config.sram.lines},
      {"softmax_parallelism", config.softmax.parallelism},
      {"topk_parallelism", config.topk.parallelism},
      {"topk_rounds",
       config.topk.rounds == TopKRounds::Data ? "data" : "expected"},
      {"queue_depth", config.queueDepth},
      {"memory", getMode(memory)},
      {"memory_channels", memory.channels},
      {"memory_refresh", isRefreshed(memory) ? "all-bank" : "none"},
      {"memory_nominal_bytes_per_cycle",
       memory.nominal.bytesPerCyclePerChannel * memory.channels}};
}

/// Names and numbers, without those that are zero if `all` does not hold.
template <typename Name, typename T>
static llvm::json::Object describe(const T &numbers, bool all = false) {
  llvm::json::Object object;
  for (auto [index, number] : llvm::enumerate(numbers))
    if (number || all)
      object[getName(Name(index))] = number;
  return object;
}

llvm::json::Object Statistics::toJSON() const {
  llvm::json::Object busy, stall, issued;
  for (auto [index, engine] : llvm::enumerate(engines)) {
    StringRef name = getName(Engine(index));
    busy[name] = engine.busy;
    issued[name] = engine.instructions;
    stall[name] =
        llvm::json::Object{{"empty", engine.empty},
                           {"memory", engine.memory},
                           {"waiting_for", describe<Engine>(engine.waits)}};
  }
  llvm::json::Object energyParts;
  double energyTotal = 0;
  for (auto [part, picojoules] : llvm::zip(getEnergyParts(), getEnergy())) {
    energyParts[part] = picojoules;
    energyTotal += picojoules;
  }
  energyParts["total"] = energyTotal;
  return llvm::json::Object{
      {"config", describe(config)},
      {"instructions", instructions},
      {"cycles", cycles},
      {"microseconds", cycles / config.clockGHz * 1e-3},
      {"bytes", llvm::json::Object{{"read", describe<Traffic>(bytesRead, true)},
                                   {"write", describe<Traffic>(bytesWritten)}}},
      {"macs", llvm::json::Object{{"score", scoreMacs},
                                  {"weight", weightMacs},
                                  {"product", productMacs},
                                  {"requantized", requantizedMacs},
                                  {"total", getMacs(*this)}}},
      {"engine_instructions", std::move(issued)},
      {"busy", std::move(busy)},
      {"stall", std::move(stall)},
      {"energy_pj", std::move(energyParts)},
      {"dram_transactions", memory.transactions},
      {"dram_bytes", memory.transactions * config.memory.transactionBytes},
      {"dram_row_hits", memory.rowHits},
      {"dram_row_misses", memory.rowMisses},
      {"dram_row_conflicts", memory.rowConflicts},
      {"dram_refreshes", memory.refreshes},
      {"dram_bus_busy", sum(memory.busBusyCycles)},
      {"checked_rows", checkedRows},
      {"requantized_rows", requantizedRows},
      {"topk_selections", topkSelections},
      {"topk_rounds", topkRounds}};
}

std::string Statistics::describeMachine() const {
  const MemoryConfig &memory = config.memory;
  std::string text;
  llvm::raw_string_ostream os(text);
  os << config.name << ", " << getMode(memory) << " memory";
  if (memory.mode == MemoryMode::Nominal)
    os << llvm::format(" of %g bytes a cycle",
                       memory.nominal.bytesPerCyclePerChannel *
                           memory.channels);
  return text;
}

void Statistics::printTable(raw_ostream &os) const {
  auto percent = [&](uint64_t part) {
    return llvm::formatv("{0,7:f1}", cycles ? 100.0 * part / cycles : 0.0);
  };
  os << llvm::formatv("{0}: {1} cycles, {2:f3} us at {3} GHz, {4} "
                      "instructions\n\n",
                      describeMachine(), cycles,
                      cycles / config.clockGHz * 1e-3, config.clockGHz,
                      instructions);
  os << "engine      instructions        busy   busy% memory%   wait%  "
        "empty%\n";
  for (auto [index, engine] : llvm::enumerate(engines))
    if (engine.instructions)
      os << llvm::formatv("{0,-11} {1,12} {2,11} {3} {4} {5} {6}\n",
                          getName(Engine(index)), engine.instructions,
                          engine.busy, percent(engine.busy),
                          percent(engine.memory), percent(sum(engine.waits)),
                          percent(engine.empty));
  os << "\nbytes                 read     written\n";
  for (unsigned traffic = 0; traffic < kTraffics; ++traffic)
    if (bytesRead[traffic] || bytesWritten[traffic])
      os << llvm::formatv("{0,-14} {1,11} {2,11}\n", getName(Traffic(traffic)),
                          bytesRead[traffic], bytesWritten[traffic]);
  os << llvm::formatv("\ndram: {0} transactions, {1} row hits, {2} misses, {3} "
                      "conflicts\n",
                      memory.transactions, memory.rowHits, memory.rowMisses,
                      memory.rowConflicts);
  os << llvm::formatv("macs: {0} score, {1} weight, {2} product, {3} again for "
                      "more bits\n",
                      scoreMacs, weightMacs, productMacs, requantizedMacs);
  os << llvm::formatv("rows: {0} checked, {1} needed more bits; top-k: {2} "
                      "selections, {3:f0} rounds\n",
                      checkedRows, requantizedRows, topkSelections, topkRounds);
  os << "energy in nJ:";
  for (auto [part, picojoules] : llvm::zip(getEnergyParts(), getEnergy()))
    os << llvm::formatv(" {0} {1:f1}", part, picojoules * 1e-3);
  os << "\n";
}
