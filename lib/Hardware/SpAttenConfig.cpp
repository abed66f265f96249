// SpAtten's parameters: their YAML form, and what they have to satisfy.

#include "rarefy/Hardware/SpAttenConfig.h"
#include "ConfigReader.h"
#include "MemoryYAML.h"
#include "llvm/Support/FormatVariadic.h"

using namespace rarefy;

namespace llvm::yaml {

template <> struct ScalarEnumerationTraits<ProductMode> {
  static void enumeration(IO &io, ProductMode &value) {
    mapWord(io, value,
            {{"exact", ProductMode::Exact}, {"rtl", ProductMode::RTL}});
  }
};

template <> struct ScalarEnumerationTraits<TopKRounds> {
  static void enumeration(IO &io, TopKRounds &value) {
    mapWord(io, value,
            {{"data", TopKRounds::Data}, {"expected", TopKRounds::Expected}});
  }
};

template <> struct MappingTraits<SpAttenArrays> {
  static void mapping(IO &io, SpAttenArrays &arrays) {
    mapField(io, "scoreMultipliers", arrays.scoreMultipliers);
    mapField(io, "valueMultipliers", arrays.valueMultipliers);
    mapField(io, "scoreLatencyCycles", arrays.scoreLatencyCycles);
    mapField(io, "valueLatencyCycles", arrays.valueLatencyCycles);
  }
};

template <> struct MappingTraits<SpAttenSRAM> {
  static void mapping(IO &io, SpAttenSRAM &sram) {
    mapField(io, "lines", sram.lines);
    mapField(io, "elementsPerLine", sram.elementsPerLine);
    mapField(io, "buffers", sram.buffers);
    mapField(io, "handles", sram.handles);
  }
};

template <> struct MappingTraits<SpAttenSoftmax> {
  static void mapping(IO &io, SpAttenSoftmax &softmax) {
    mapField(io, "parallelism", softmax.parallelism);
    mapField(io, "fifoDepth", softmax.fifoDepth);
    mapField(io, "dequantizeCycles", softmax.dequantizeCycles);
    mapField(io, "exponentialCycles", softmax.exponentialCycles);
    mapField(io, "accumulateCycles", softmax.accumulateCycles);
    mapField(io, "divideCycles", softmax.divideCycles);
    mapField(io, "quantizeCycles", softmax.quantizeCycles);
  }
};

template <> struct MappingTraits<SpAttenTopK> {
  static void mapping(IO &io, SpAttenTopK &topk) {
    mapField(io, "parallelism", topk.parallelism);
    mapField(io, "roundOverheadCycles", topk.roundOverheadCycles);
    mapField(io, "rounds", topk.rounds);
    mapField(io, "pivotSeed", topk.pivotSeed);
  }
};

template <> struct MappingTraits<SpAttenFetch> {
  static void mapping(IO &io, SpAttenFetch &fetch) {
    mapField(io, "ports", fetch.ports);
    mapField(io, "dataFifoDepth", fetch.dataFifoDepth);
  }
};

template <> struct MappingTraits<SpAttenEnergy> {
  static void mapping(IO &io, SpAttenEnergy &energy) {
    mapField(io, "dramPicojoulesPerBit", energy.dramPicojoulesPerBit);
    mapField(io, "sramPicojoulesPerLine", energy.sramPicojoulesPerLine);
    mapField(io, "multiplyPicojoules", energy.multiplyPicojoules);
    mapField(io, "softmaxPicojoulesPerScore", energy.softmaxPicojoulesPerScore);
    mapField(io, "topkPicojoulesPerItem", energy.topkPicojoulesPerItem);
    mapField(io, "controlPicojoulesPerCycle", energy.controlPicojoulesPerCycle);
  }
};

template <> struct MappingTraits<SpAttenConfig> {
  static void mapping(IO &io, SpAttenConfig &config) {
    mapField(io, "name", config.name);
    mapField(io, "clockGHz", config.clockGHz);
    mapField(io, "headSize", config.headSize);
    mapField(io, "operandBits", config.operandBits);
    mapField(io, "products", config.products);
    mapField(io, "maxContext", config.maxContext);
    mapField(io, "semaphores", config.semaphores);
    mapField(io, "queueDepth", config.queueDepth);
    mapField(io, "arrays", config.arrays);
    mapField(io, "sram", config.sram);
    mapField(io, "softmax", config.softmax);
    mapField(io, "topk", config.topk);
    mapField(io, "fetch", config.fetch);
    mapField(io, "energy", config.energy);
    mapField(io, "memory", config.memory);
  }
};

} // namespace llvm::yaml

namespace rarefy {

static void checkArrays(const SpAttenConfig &config, ConfigChecker &checker) {
  auto check = [&](llvm::StringRef key, unsigned multipliers) {
    checker.require(multipliers && multipliers % config.headSize == 0, key,
                    llvm::formatv("expected a positive multiple of the head "
                                  "size {0}, found {1}",
                                  config.headSize, multipliers)
                        .str());
    checker.within(key, multipliers, 1 << 16);
    checker.require(multipliers == config.sram.elementsPerLine, key,
                    llvm::formatv("expected what a line of the SRAM feeds in a "
                                  "cycle, {0} elements, found {1}",
                                  config.sram.elementsPerLine, multipliers)
                        .str());
  };
  check("arrays.scoreMultipliers", config.arrays.scoreMultipliers);
  check("arrays.valueMultipliers", config.arrays.valueMultipliers);
}

static void checkSRAM(const SpAttenConfig &config, ConfigChecker &checker) {
  checker.within("sram.lines", config.sram.lines, 1 << 16);
  checker.within("sram.buffers", config.sram.buffers, 2);
  checker.within("sram.handles", config.sram.handles, 16);
  if (checker.failed())
    return;
  unsigned needed = config.linesFor(config.maxContext) * config.sram.buffers;
  checker.require(
      config.sram.lines >= needed, "sram.lines",
      llvm::formatv("expected at least {0}, for {1} row set(s) of {2} vectors, "
                    "found {3}",
                    needed, config.sram.buffers, config.maxContext,
                    config.sram.lines)
          .str());
}

static void checkSoftmax(const SpAttenConfig &config, ConfigChecker &checker) {
  checker.within("softmax.parallelism", config.softmax.parallelism, 1024);
  checker.within("softmax.fifoDepth", config.softmax.fifoDepth, 1 << 16);
  // The sum of a row is known only when all of it has come.
  checker.require(
      uint64_t(config.softmax.parallelism) * config.softmax.fifoDepth >=
          config.maxContext,
      "softmax.fifoDepth",
      llvm::formatv("expected room for a row of {0} scores, found {1} x {2}",
                    config.maxContext, config.softmax.parallelism,
                    config.softmax.fifoDepth)
          .str());
  constexpr unsigned maxStageCycles = 1 << 16;
  checker.within("softmax.dequantizeCycles", config.softmax.dequantizeCycles,
                 maxStageCycles);
  checker.within("softmax.exponentialCycles", config.softmax.exponentialCycles,
                 maxStageCycles);
  checker.within("softmax.accumulateCycles", config.softmax.accumulateCycles,
                 maxStageCycles);
  checker.within("softmax.divideCycles", config.softmax.divideCycles,
                 maxStageCycles);
  checker.within("softmax.quantizeCycles", config.softmax.quantizeCycles,
                 maxStageCycles);
}

static void checkFetch(const SpAttenConfig &config, ConfigChecker &checker) {
  checker.powerOfTwo("fetch.ports", config.fetch.ports, 1024);
  checker.within("fetch.dataFifoDepth", config.fetch.dataFifoDepth, 1 << 16);
  // Memory cannot hold back what a port has asked for.
  uint64_t owed =
      uint64_t(config.memory.channels) * config.memory.outstandingPerChannel;
  checker.require(
      uint64_t(config.fetch.ports) * config.fetch.dataFifoDepth >= owed,
      "fetch.dataFifoDepth",
      llvm::formatv("expected room for {0} transactions, as many as memory may "
                    "have outstanding, found {1} x {2}",
                    owed, config.fetch.ports, config.fetch.dataFifoDepth)
          .str());
}

static void checkEnergy(const SpAttenEnergy &energy, ConfigChecker &checker) {
  auto check = [&](llvm::StringRef name, double value) {
    checker.positive("energy." + name, value, /*orZero=*/true);
  };
  check("dramPicojoulesPerBit", energy.dramPicojoulesPerBit);
  check("sramPicojoulesPerLine", energy.sramPicojoulesPerLine);
  check("multiplyPicojoules", energy.multiplyPicojoules);
  check("softmaxPicojoulesPerScore", energy.softmaxPicojoulesPerScore);
  check("topkPicojoulesPerItem", energy.topkPicojoulesPerItem);
  check("controlPicojoulesPerCycle", energy.controlPicojoulesPerCycle);
}

static llvm::Error check(const SpAttenConfig &config) {
  ConfigChecker checker;
  checker.require(!config.name.empty(), "name", "expected a name");
  checker.positive("clockGHz", config.clockGHz);
  checker.powerOfTwo("headSize", config.headSize, 1024);
  checker.require(
      config.operandBits >= 4 && config.operandBits <= 16, "operandBits",
      "expected 4 to 16, found " + std::to_string(config.operandBits));
  // Positions are 16 bits wide, and the mean rounds of a top-k a table of
  // its square.
  checker.within("maxContext", config.maxContext, 4096);
  checker.within("semaphores", config.semaphores, 16);
  checker.within("queueDepth", config.queueDepth, 1 << 12);
  if (llvm::Error error = checker.take())
    return error;
  checkArrays(config, checker);
  checker.within("arrays.scoreLatencyCycles", config.arrays.scoreLatencyCycles,
                 1 << 10);
  checker.within("arrays.valueLatencyCycles", config.arrays.valueLatencyCycles,
                 1 << 10);
  checkSRAM(config, checker);
  checkSoftmax(config, checker);
  checker.within("topk.parallelism", config.topk.parallelism, 1024);
  checker.require(config.topk.roundOverheadCycles <= 1 << 10,
                  "topk.roundOverheadCycles", "expected at most 1024 cycles");
  checkFetch(config, checker);
  checkEnergy(config.energy, checker);
  return checker.take();
}

llvm::Expected<SpAttenConfig>
readSpAttenConfig(llvm::StringRef path, llvm::ArrayRef<std::string> overrides) {
  SpAttenConfig config;
  if (llvm::Error error = readConfig(path, overrides, config))
    return error;
  llvm::Error error = config.memory.resolve();
  if (!error)
    error = check(config);
  if (error)
    return llvm::createStringError(path + ": " +
                                   llvm::toString(std::move(error)));
  config.memory.sendCycles =
      llvm::divideCeil(config.memory.channels, config.fetch.ports);
  return config;
}

} // namespace rarefy
