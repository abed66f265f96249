#ifndef RAREFY_HARDWARE_SPATTENCONFIG_H
#define RAREFY_HARDWARE_SPATTENCONFIG_H

#include "rarefy/Hardware/MemoryConfig.h"
#include "llvm/ADT/ArrayRef.h"

namespace rarefy {

/// The two arrays of multipliers, and what flows through them.
struct SpAttenArrays {
  /// Multipliers of query x key, and of probability x value.
  unsigned scoreMultipliers = 0;
  unsigned valueMultipliers = 0;
  /// From a line of the SRAM to its scores, and to the accumulated output.
  unsigned scoreLatencyCycles = 0;
  unsigned valueLatencyCycles = 0;
};

/// How the products of a dot product are summed.
enum class ProductMode : uint8_t {
  /// Whole products, in 32 bits.
  Exact,
  /// The upper half of each product, in as many bits as an operand has,
  /// wrapping around.
  RTL
};

/// Each of the key and value memories.
struct SpAttenSRAM {
  unsigned lines = 0;
  unsigned elementsPerLine = 0;
  /// How many rows of `maxContext` vectors there are lines for: 2 where one
  /// fills while one is used.
  unsigned buffers = 0;
  /// Row sets that may be allocated at a time.
  unsigned handles = 0;
};

struct SpAttenSoftmax {
  /// Scores taken and probabilities given per cycle.
  unsigned parallelism = 0;
  /// Depth of the queue in front, in groups of `parallelism` scores.
  unsigned fifoDepth = 0;
  unsigned dequantizeCycles = 0;
  unsigned exponentialCycles = 0;
  unsigned accumulateCycles = 0;
  unsigned divideCycles = 0;
  unsigned quantizeCycles = 0;

  unsigned latencyCycles() const {
    return dequantizeCycles + exponentialCycles + accumulateCycles +
           divideCycles + quantizeCycles;
  }
};

/// How many rounds a selection is charged for: those that its data takes, or
/// the mean over all pivots.
enum class TopKRounds : uint8_t { Data, Expected };

struct SpAttenTopK {
  /// Of each comparator array.
  unsigned parallelism = 0;
  unsigned roundOverheadCycles = 0;
  TopKRounds rounds = TopKRounds::Data;
  uint64_t pivotSeed = 0;
};

/// Between fetchers and channels stands a crossbar.
struct SpAttenFetch {
  /// Each sends a request a cycle. Where there are fewer than channels, these
  /// take turns.
  unsigned ports = 0;
  /// Transactions of each port that memory may owe it.
  unsigned dataFifoDepth = 0;
};

/// Energy by part; what is per cycle is spent whether or not there is work.
struct SpAttenEnergy {
  double dramPicojoulesPerBit = 0;
  double sramPicojoulesPerLine = 0;
  double multiplyPicojoules = 0;
  double softmaxPicojoulesPerScore = 0;
  double topkPicojoulesPerItem = 0;
  double controlPicojoulesPerCycle = 0;
};

/// Everything that is known of a SpAtten (HPCA 2021): what the verifier, the
/// lowering, the cost model and the simulator read.
struct SpAttenConfig {
  std::string name;
  double clockGHz = 0;
  unsigned headSize = 0;
  unsigned operandBits = 0;
  ProductMode products = ProductMode::Exact;
  /// Keys that a row may have.
  unsigned maxContext = 0;
  unsigned semaphores = 0;
  /// Instructions that wait for an engine; the front end waits for the next.
  unsigned queueDepth = 0;
  SpAttenArrays arrays;
  SpAttenSRAM sram;
  SpAttenSoftmax softmax;
  SpAttenTopK topk;
  SpAttenFetch fetch;
  SpAttenEnergy energy;
  MemoryConfig memory;

  /// Keys whose scores come in one cycle, and probabilities used in one.
  unsigned scoreLanes() const { return arrays.scoreMultipliers / headSize; }
  unsigned valueLanes() const { return arrays.valueMultipliers / headSize; }
  /// Lines that `count` vectors of a head take.
  unsigned linesFor(unsigned count) const {
    unsigned perLine = sram.elementsPerLine / headSize;
    return (count + perLine - 1) / perLine;
  }
};

/// Reads a configuration and replaces what `overrides` name, each as
/// `topk.parallelism=1` or `memory.refresh.mode=all-bank`. An unknown key, a
/// missing one, a value of the wrong type and a machine that cannot be built
/// give one error with file, key and reason.
llvm::Expected<SpAttenConfig>
readSpAttenConfig(llvm::StringRef path,
                  llvm::ArrayRef<std::string> overrides = {});

} // namespace rarefy

#endif // RAREFY_HARDWARE_SPATTENCONFIG_H
