#ifndef RAREFY_SIM_SPATTEN_H
#define RAREFY_SIM_SPATTEN_H

#include "rarefy/Dialect/SpAtten/IR/SpAtten.h"
#include "rarefy/Hardware/SpAttenConfig.h"
#include "rarefy/Sim/Memory.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"
#include <array>
#include <memory>

namespace rarefy::spatten {

/// What else there is to say of a number that does not fit: what host code
/// means by it, or nothing.
StringRef explainMisfit(int64_t number);

/// The tensors of a program, in the memory of the device.
class DeviceMemory {
public:
  /// Puts the tensors of `program` where it says, those without a value zero.
  /// Refuses one that ends beyond `capacityBytes`.
  static llvm::Expected<DeviceMemory> create(program::ProgramOp program,
                                             uint64_t capacityBytes);

  /// Writes tensor `name` from dense `elements` of `elementBytes` bytes each,
  /// or reads it into them: numbers are packed to the width that the tensor's
  /// type has, and refused where they do not fit. A number of a signless type
  /// may be written as a signed or an unsigned one; it is read as a signed one.
  llvm::Error write(StringRef name, ArrayRef<uint8_t> elements,
                    unsigned elementBytes, bool isSigned = true);
  llvm::Error read(StringRef name, MutableArrayRef<uint8_t> elements,
                   unsigned elementBytes) const;

  /// Puts every tensor but those that `write` has to write back to its value,
  /// or to zero.
  void reset();

  /// The bytes from `address` on, if they all lie in one tensor; else null.
  uint8_t *find(uint64_t address, uint64_t bytes) const;

  /// "place 3 of tensor 'query'", for the element at `address`, which lies in a
  /// tensor.
  std::string describe(uint64_t address) const;

  /// An error for the first `in` tensor that nobody has written.
  llvm::Error checkWritten() const;

private:
  struct Free {
    void operator()(uint8_t *bytes) const { std::free(bytes); }
  };
  struct Tensor {
    std::string name;
    RankedTensorType type;
    uint64_t address;
    uint64_t bytes;
    /// What the program gives it; null for most.
    DenseElementsAttr value;
    /// Somebody has to write it, and whether somebody has.
    bool isInput, written;
    std::unique_ptr<uint8_t, Free> data;

    void setValue();
  };

  llvm::Expected<const Tensor *> get(StringRef name, size_t bytes,
                                     unsigned elementBytes) const;
  /// The last tensor that begins at `address` or before; null if none does.
  const Tensor *findTensor(uint64_t address) const;

  /// In the order of their addresses.
  std::vector<Tensor> tensors;
  llvm::StringMap<size_t> names;
};

inline constexpr unsigned kEngines = unsigned(Engine::Product) + 1;

/// What bytes of memory are read or written for.
enum class Traffic {
  Query,
  KeyMsb,
  KeyLsb,
  Value,
  Scales,
  Tokens,
  Heads,
  List,
  Vector,
  Matrix,
  Copy,
  Output
};
inline constexpr unsigned kTraffics = unsigned(Traffic::Output) + 1;

/// Cycles of one engine: busy, and idle by cause. They sum up to those of the
/// program.
struct EngineStatistics {
  uint64_t instructions = 0;
  uint64_t busy = 0;
  /// Waiting until memory takes the next request.
  uint64_t memory = 0;
  /// Without an instruction.
  uint64_t empty = 0;
  /// Waiting for a semaphore, by the engine that signaled it last.
  std::array<uint64_t, kEngines> waits{};
};

/// What a run did.
struct Statistics {
  SpAttenConfig config;
  uint64_t instructions = 0;
  uint64_t cycles = 0;
  std::array<EngineStatistics, kEngines> engines;
  /// Useful bytes; those of transactions are `memory`'s.
  std::array<uint64_t, kTraffics> bytesRead{};
  std::array<uint64_t, kTraffics> bytesWritten{};
  MemoryStatistics memory;
  /// Products by engine; those of repeated rows are `requantizedMacs` alone.
  uint64_t scoreMacs = 0;
  uint64_t weightMacs = 0;
  uint64_t productMacs = 0;
  uint64_t requantizedMacs = 0;
  uint64_t checkedRows = 0;
  uint64_t requantizedRows = 0;
  /// Scores that became probabilities.
  uint64_t softmaxScores = 0;
  /// Accesses to lines of both SRAMs.
  uint64_t sramLines = 0;
  uint64_t topkSelections = 0;
  double topkRounds = 0;
  double topkItems = 0;

  /// Adds the figures of another run on the same machine.
  Statistics &operator+=(const Statistics &other);

  /// Picojoules by part, in the order of `getEnergyParts`.
  std::array<double, 6> getEnergy() const;
  static ArrayRef<StringLiteral> getEnergyParts();

  /// An error for the first thing that cannot be: more work than the machine
  /// can do in its cycles, less memory traffic than the program asked for.
  llvm::Error check() const;

  /// Its name and its memory, which decides what the figures mean.
  std::string describeMachine() const;
  llvm::json::Object toJSON() const;
  void printTable(raw_ostream &os) const;
};

StringRef getName(Engine engine);
StringRef getName(Traffic traffic);

/// Runs a program on a machine. Values are those of its instructions in
/// sequence; cycles are those of engines that run in parallel.
class Simulator {
public:
  /// `program` has been verified and outlives the simulator. Refuses one that
  /// was made for another machine.
  static llvm::Expected<std::unique_ptr<Simulator>>
  create(program::ProgramOp program, SpAttenConfig config);
  ~Simulator();

  /// Its tensors stay from run to run.
  DeviceMemory &getMemory();

  /// Runs the program from its start to its end, and writes what each engine
  /// did when to `trace` in the Trace Event Format of Chrome and Perfetto.
  /// Errors begin with the instruction's place in the program, from 1 on. Every
  /// million cycles, or a little later, `progress` is told the cycle.
  llvm::Expected<Statistics>
  run(raw_ostream *trace = nullptr,
      llvm::function_ref<void(uint64_t)> progress = {});

private:
  struct Implementation;
  explicit Simulator(std::unique_ptr<Implementation> implementation);
  std::unique_ptr<Implementation> implementation;
};

} // namespace rarefy::spatten

#endif // RAREFY_SIM_SPATTEN_H
