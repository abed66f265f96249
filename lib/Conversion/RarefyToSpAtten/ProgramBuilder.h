#ifndef RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_PROGRAMBUILDER_H
#define RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_PROGRAMBUILDER_H

#include "mlir/IR/Builders.h"
#include "rarefy/Dialect/SpAtten/IR/SpAtten.h"
#include "rarefy/Hardware/SpAttenConfig.h"
#include <map>

namespace rarefy::spatten {

/// The largest number that a field of an instruction holds.
template <typename Op> uint64_t getLargest(StringRef field) {
  for (const program::Field &candidate : Op::getFields())
    if (candidate.name == field)
      return candidate.max;
  llvm_unreachable("expected the name of a field");
}

/// Builds one program: tensors, each at an address of its own, then
/// instructions.
class ProgramBuilder {
public:
  ProgramBuilder(OpBuilder &b, Location loc, StringRef name,
                 const SpAttenConfig &config);

  /// Puts a tensor behind the others and returns its address.
  uint64_t addTensor(const Twine &name, program::Direction direction,
                     RankedTensorType type, ElementsAttr value = {});
  /// The address of `count` equal binary32 numbers.
  uint64_t addScales(float scale, unsigned count);

  /// Appends an instruction; its fields in the order of its definition.
  template <typename Op, typename... Fields> void emit(Fields... fields) {
    Op::create(b, loc, static_cast<uint64_t>(fields)...);
    isRunning |= Op::engine != Engine::Control;
  }
  /// Has the front end wait for every engine, if any has something to do.
  void waitForEngines() {
    if (std::exchange(isRunning, false))
      emit<FenceOp>(/*engines=*/0);
  }
  void waitForEngine(Engine engine) { emit<FenceOp>(getFenceBit(engine)); }
  void setLoc(Location location) { loc = location; }
  Location getLoc() const { return loc; }

  program::ProgramOp getProgram() { return program; }
  const SpAttenConfig &getConfig() const { return config; }
  /// Bytes that the tensors take.
  uint64_t getNumBytes() const { return next; }

private:
  OpBuilder b;
  Location loc;
  const SpAttenConfig &config;
  program::ProgramOp program;
  program::TensorOp lastTensor;
  uint64_t next = 0;
  bool isRunning = false;
  std::map<std::pair<float, unsigned>, uint64_t> scales;
};

} // namespace rarefy::spatten

#endif // RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_PROGRAMBUILDER_H
