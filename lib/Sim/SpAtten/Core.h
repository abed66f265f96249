#ifndef RAREFY_LIB_SIM_SPATTEN_CORE_H
#define RAREFY_LIB_SIM_SPATTEN_CORE_H

#include "Activity.h"
#include "Kernels.h"
#include "rarefy/Sim/TopKLatency.h"
#include <bitset>

namespace rarefy::spatten {

/// One head of a row.
struct Lane {
  alignas(32) Vector query{};
  alignas(32) Vector output{};
  std::vector<int32_t> scores;
  std::vector<int16_t> probabilities;
  int32_t largest = 0;
  bool flag = false;
};

struct Slot {
  std::array<Lane, kLanes> lanes;
  std::vector<unsigned> selected;
};

/// The key or the value SRAM, as vectors of elements.
struct SRAM {
  struct Buffer {
    unsigned line = 0;
    unsigned lines = 0;
    unsigned rows = 0;
    unsigned shift = 0;
    bool fused = false;
    /// Lanes that have their low bits.
    std::array<bool, kLanes> completed{};
  };

  SRAM(unsigned lines, unsigned rowsPerLine)
      : rowsPerLine(rowsPerLine), vectors(size_t(lines) * rowsPerLine) {}

  /// The vectors of `lane`, as many as there is room for.
  MutableArrayRef<Vector> getVectors(const Buffer &buffer, unsigned lane);
  unsigned getLineCount() const { return vectors.size() / rowsPerLine; }

  unsigned rowsPerLine;
  std::vector<Vector> vectors;
  std::array<Buffer, kBuffers> buffers;
};

/// Where rows of a tensor lie in memory: row i at `address` + rows[i] *
/// `bytes`.
struct RowPlace {
  uint64_t address;
  unsigned bytes;
  std::vector<unsigned> rows;
  /// Without a list, the first `count` rows.
  bool listed = false;
  unsigned count = 0;

  uint64_t getOffset(unsigned row) const {
    return uint64_t(listed ? rows[row] : row) * bytes;
  }
};

/// The state of the machine, and what each instruction does to it. Each
/// overload of `execute` is one instruction.
class Core {
public:
  Core(const SpAttenConfig &config, DeviceMemory &memory,
       Statistics &statistics);

  llvm::Error execute(SetBaseOp op);
  llvm::Error execute(AddBaseOp op);
  llvm::Error execute(HeadBaseOp op);
  llvm::Error execute(SetHeadOp op);
  llvm::Error execute(BindKeyOp op);
  llvm::Error execute(BindValueOp op);

  llvm::Error execute(LoadQueryOp op);
  llvm::Error execute(LoadKeyOp op);
  llvm::Error execute(LoadKeyLsbOp op);
  llvm::Error execute(LoadValueOp op);
  llvm::Error execute(LoadScalesOp op);
  llvm::Error execute(LoadTokensOp op);
  llvm::Error execute(LoadHeadsOp op);
  llvm::Error execute(LoadListOp op);
  llvm::Error execute(LoadVectorOp op);
  llvm::Error execute(CopyOp op);

  llvm::Error execute(ScoreOp op);
  llvm::Error execute(SoftmaxOp op);
  llvm::Error execute(CheckOp op);
  llvm::Error execute(TopkValuesOp op);
  llvm::Error execute(WeightOp op);

  llvm::Error execute(AddTokensOp op);
  llvm::Error execute(AddHeadOp op);
  llvm::Error execute(ClearTokensOp op);
  llvm::Error execute(ClearHeadsOp op);
  llvm::Error execute(ScaleTokensOp op);
  llvm::Error execute(ProtectOp op);
  llvm::Error execute(TopkTokensOp op);
  llvm::Error execute(TopkHeadsOp op);
  llvm::Error execute(KeepTokensOp op);
  llvm::Error execute(KeepHeadsOp op);
  llvm::Error execute(KeepAllTokensOp op);
  llvm::Error execute(KeepAllHeadsOp op);

  llvm::Error execute(StoreOutputOp op);
  llvm::Error execute(StoreTokensOp op);
  llvm::Error execute(StoreHeadsOp op);
  llvm::Error execute(StoreListOp op);
  llvm::Error execute(StoreVectorOp op);

  llvm::Error execute(MultiplyOp op);

  /// Of the last instruction.
  Activity activity;

  /// For loops over heads.
  ArrayRef<unsigned> getKeptHeads() const { return heads; }
  void setHead(unsigned number) { head = number; }

private:
  // Addresses and bytes of memory.
  uint64_t getAddress(uint64_t base, uint64_t offset) const;
  llvm::Expected<uint8_t *> access(uint64_t address, uint64_t bytes,
                                   Traffic traffic, bool write);
  llvm::Expected<const uint8_t *> accessRows(const RowPlace &place,
                                             Traffic traffic);
  llvm::Expected<RowPlace> placeRows(uint64_t address, unsigned bytes,
                                     unsigned count, bool gather,
                                     const Slot *selected);
  llvm::Error bind(SRAM &sram, unsigned handle, unsigned line, unsigned lines);
  llvm::Error fill(SRAM &sram, SRAM::Buffer &buffer, const RowPlace &place,
                   unsigned bits, Traffic traffic);
  template <typename T>
  llvm::Error load(uint64_t address, MutableArrayRef<T> numbers,
                   Traffic traffic);
  template <typename T>
  llvm::Error store(uint64_t address, ArrayRef<T> numbers, Traffic traffic);
  llvm::Error loadOperands(uint64_t address, MutableArrayRef<int16_t> numbers,
                           Traffic traffic);
  llvm::Error checkTokens(uint64_t count);

  // Rows.
  unsigned getLane(auto op) const {
    return op.getSlot() * kLanes + op.getLane();
  }
  Lane &lane(auto op) { return slots[op.getSlot()].lanes[op.getLane()]; }
  void useLines(Use::Kind kind, const SRAM::Buffer &buffer, unsigned rows,
                unsigned lane, bool write);
  /// With the low bits, too.
  void useWholeKeys(const SRAM::Buffer &buffer, unsigned rows, unsigned lane,
                    bool write);
  std::vector<unsigned> select(ArrayRef<int64_t> values, unsigned keep);

  void read(Register which, unsigned index = 0) { use(which, index, false); }
  void write(Register which, unsigned index = 0) { use(which, index, true); }
  void use(Register which, unsigned index, bool write) {
    activity.uses.push_back({Use::Single, write, uint64_t(which) + index});
  }
  /// Whether a row of `op` does not need more bits.
  bool isSkipped(auto op) {
    read(Register::Flag, getLane(op));
    return activity.skipped = !lane(op).flag;
  }

  const SpAttenConfig &config;
  DeviceMemory &memory;
  Statistics &statistics;
  const Kernels &kernels = getKernels();
  PivotGenerator pivots;

  std::array<uint64_t, kBases> bases{};
  unsigned head = 0;
  SRAM keys, values;
  std::array<Slot, kSlots> slots;
  std::vector<float> scales, exponentials;
  std::vector<uint32_t> tokenImportance;
  std::vector<uint64_t> headImportance;
  std::bitset<kMaxTokens> protectedTokens;
  std::vector<unsigned> tokens, tokenSelection, heads, headSelection;
  std::vector<int16_t> vector;
  std::vector<int32_t> product;
};

/// An error of the instruction that executes.
inline llvm::Error makeError(const Twine &text) {
  return llvm::createStringError(text);
}

} // namespace rarefy::spatten

#endif // RAREFY_LIB_SIM_SPATTEN_CORE_H
