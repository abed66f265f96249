// How fast SpAtten is simulated, values and all: 500 rows of 921 keys of 6 + 4
// bits in fused pairs, 184 values each, as in the first layer of GPT-2 small.

#include "benchmark/benchmark.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "rarefy/Sim/SpAtten.h"
#include "llvm/Support/FormatVariadic.h"

#include <random>

using namespace rarefy;

static constexpr unsigned kPairs = 250;

/// The keys of the next pair are read while this one's rows are computed.
static std::string getLoads(unsigned slot) {
  return llvm::formatv(R"(
    spatten.load_query slot = {0}, wait = [7, 8]
    spatten.load_query slot = {0}, lane = 1
    spatten.load_key base = 1, keys = 921, bits = 6, shift = 4, fused, gather, wait = [1], signal = [0])",
                       slot)
      .str();
}

static std::string getRows(unsigned slot, unsigned threshold) {
  std::string text = llvm::formatv(R"(
    spatten.score slot = {0}, keys = 921, wait = [0], signal = [2]
    spatten.score slot = {0}, lane = 1, keys = 921, signal = [2])",
                                   slot)
                         .str();
  for (unsigned lane : {0, 1})
    text += llvm::formatv(R"(
    spatten.softmax slot = {0}, lane = {1}, keys = 921, wait = [2]
    spatten.check slot = {0}, lane = {1}, threshold = {2}, signal = [11])",
                          slot, lane, threshold);
  for (unsigned lane : {0, 1})
    text += llvm::formatv(R"(
    spatten.load_key_lsb slot = {0}, lane = {1}, base = 2, keys = 921, bits = 4, gather, wait = [11], signal = [12]
    spatten.score slot = {0}, lane = {1}, keys = 921, requantized, wait = [12], signal = [2{2}])",
                          slot, lane, lane ? ", 1" : "");
  return text + llvm::formatv(R"(
    spatten.softmax slot = {0}, keys = 921, requantized, wait = [2]
    spatten.softmax slot = {0}, lane = 1, keys = 921, requantized, wait = [2], signal = [3, 4]
    spatten.add_tokens slot = {0}, keys = 921, wait = [4]
    spatten.add_tokens slot = {0}, lane = 1, keys = 921, signal = [8]
    spatten.topk_values slot = {0}, keys = 921, keep = 184, fused, wait = [3], signal = [5])",
                              slot)
                    .str();
}

static std::string getOutputs(unsigned slot) {
  return llvm::formatv(R"(
    spatten.load_value slot = {0}, base = 3, values = 184, bits = 6, shift = 6, fused, gather, selected, wait = [5, 9], signal = [6]
    spatten.weight slot = {0}, values = 184, selected, compact, wait = [6], signal = [10]
    spatten.weight slot = {0}, lane = 1, values = 184, selected, compact, signal = [9, 10]
    spatten.store_output slot = {0}, base = 4, wait = [10]
    spatten.store_output slot = {0}, lane = 1, base = 4, offset = 128, wait = [10], signal = [7])",
                       slot)
      .str();
}

static std::string getProgram(unsigned threshold) {
  std::string text = R"(isa.program @rows for "spatten" {key_lines = 256 : i64,
      value_lines = 256 : i64, rows_per_line = 8 : i64, max_keys = 1024 : i64} {
    isa.tensor @query in at 0 : tensor<64xi16>
    isa.tensor @key in at 4096 : tensor<1024x96xi8>
    isa.tensor @lsb in at 131072 : tensor<1024x32xi8>
    isa.tensor @value in at 262144 : tensor<1024x96xi8>
    isa.tensor @scale in at 524288 : tensor<2xf32> = dense<1.0e-5> : tensor<2xf32>
    isa.tensor @out out at 528384 : tensor<2x64xi16>
    spatten.set_base base = 1, address = 4096
    spatten.set_base base = 2, address = 131072
    spatten.set_base base = 3, address = 262144
    spatten.set_base base = 4, address = 528384
    spatten.load_scales offset = 524288, heads = 2, signal = [14]
    spatten.protect token = 1023, signal = [13]
    spatten.sync wait = [13, 14]
    spatten.topk_tokens candidates = 1024, keep = 921, all
    spatten.keep_tokens signal = [13]
    spatten.sync wait = [13]
    spatten.bind_key lines = 256
    spatten.bind_value lines = 256
    spatten.credit signal = [1, 9]
    spatten.credit signal = [7, 8], count = 2)";
  text += getLoads(0);
  text += llvm::formatv("\n    spatten.loop count = {0}", kPairs / 2);
  for (unsigned slot : {0, 1})
    text += getRows(slot, threshold) + getLoads(1 - slot) + getOutputs(slot);
  return text + "\n    spatten.end_loop\n    spatten.halt\n}";
}

static void fill(spatten::DeviceMemory &memory, StringRef name, size_t bytes) {
  std::mt19937 random(1);
  std::vector<uint8_t> data(bytes);
  for (uint8_t &byte : data)
    byte = random();
  llvm::cantFail(memory.write(name, data, 1));
}

static void simulate(benchmark::State &state,
                     std::vector<std::string> overrides, unsigned threshold) {
  MLIRContext context;
  context.loadDialect<program::ISADialect, spatten::SpAttenDialect>();
  auto module = parseSourceString<ModuleOp>(getProgram(threshold), &context);
  auto simulator = llvm::cantFail(spatten::Simulator::create(
      *module->getOps<program::ProgramOp>().begin(),
      llvm::cantFail(
          readSpAttenConfig(RAREFY_CONFIGS "/spatten.yaml", overrides))));
  spatten::DeviceMemory &memory = simulator->getMemory();
  std::vector<int16_t> query(64, 500);
  llvm::cantFail(memory.write(
      "query", {reinterpret_cast<uint8_t *>(query.data()), 128}, 2));
  fill(memory, "key", 1024 * 96);
  fill(memory, "lsb", 1024 * 32);
  fill(memory, "value", 1024 * 96);
  uint64_t cycles = 0;
  for (auto _ : state)
    cycles += llvm::cantFail(simulator->run()).cycles;
  state.counters["simulatedCycles"] =
      benchmark::Counter(cycles, benchmark::Counter::kAvgIterations);
  state.counters["cyclesPerSecond"] =
      benchmark::Counter(cycles, benchmark::Counter::kIsRate);
}

BENCHMARK_CAPTURE(simulate, timing, {}, 102)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(simulate, nominal, {"memory.mode=nominal"}, 102)
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(simulate, requantized, {}, 2048)
    ->Unit(benchmark::kMillisecond);
