#ifndef RAREFY_DIALECT_SPATTEN_IR_SPATTEN_H
#define RAREFY_DIALECT_SPATTEN_IR_SPATTEN_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "rarefy/ISA/ISA.h"
#include "rarefy/Support/LLVM.h"

namespace rarefy::spatten {

/// What executes an instruction. The front end, `Control`, has no queue; the
/// others are members of `fence`, in this order.
enum class Engine {
  Control,
  Fetch,
  FetchKeyLsb,
  FetchValue,
  Score,
  Softmax,
  ValueTopK,
  Weight,
  Accumulate,
  TopK,
  Store,
  Product
};

/// The set of `engine` alone in `fence`.
constexpr uint64_t getFenceBit(Engine engine) {
  return uint64_t(1) << (unsigned(engine) - 1);
}

/// Sizes that the instruction set fixes.
inline constexpr unsigned kHeadSize = 64;
inline constexpr unsigned kSemaphores = 16;
/// Counts that a semaphore holds.
inline constexpr unsigned kMaxCounts = 65535;
inline constexpr unsigned kBases = 16;
inline constexpr unsigned kBuffers = 16;
inline constexpr unsigned kSlots = 8;
inline constexpr unsigned kLanes = 2;
inline constexpr unsigned kMaxTokens = 2048;
inline constexpr unsigned kMaxHeads = 64;
inline constexpr unsigned kMaxLoopDepth = 4;
/// Bytes that memory moves at once; a row of keys or values is a multiple.
inline constexpr unsigned kTransactionBytes = 32;

/// The unit attribute of functions that become programs.
inline constexpr StringRef kProgramAttr = "spatten.program";

/// What is no number of the machine's and stands for what it has to refuse: a
/// NaN, or a number of more bits than a program reads.
inline constexpr int16_t kRefused = INT16_MIN;

/// Bytes in memory of a row of keys or values.
constexpr unsigned getRowBytes(unsigned bits, bool fused) {
  return kHeadSize * bits / 8 * (fused ? 2 : 1);
}

/// Lines of SRAM that `rows` vectors take where a line holds `rowsPerLine`: an
/// even number, for each head of a fused pair.
constexpr unsigned getLines(unsigned rows, unsigned rowsPerLine, bool fused) {
  unsigned lines = (rows + rowsPerLine - 1) / rowsPerLine;
  return (lines + lines % 2) * (fused ? 2 : 1);
}

} // namespace rarefy::spatten

#include "rarefy/Dialect/SpAtten/IR/SpAttenOpsDialect.h.inc"
#define GET_OP_CLASSES
#include "rarefy/Dialect/SpAtten/IR/SpAttenOps.h.inc"

namespace rarefy::spatten {
/// The engine that executes `instruction`, an op of the dialect.
Engine getEngine(Operation *instruction);
} // namespace rarefy::spatten

#endif // RAREFY_DIALECT_SPATTEN_IR_SPATTEN_H
