// Tensors and instructions of a program under construction.

#include "ProgramBuilder.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/Support/MathExtras.h"

using namespace rarefy;
using namespace rarefy::spatten;

/// The parameters that a program depends on, see `StateChecker`.
static DictionaryAttr getParameters(OpBuilder &b, const SpAttenConfig &config) {
  auto named = [&](StringRef name, unsigned value) {
    return b.getNamedAttr(name, b.getI64IntegerAttr(value));
  };
  return b.getDictionaryAttr(
      {named("key_lines", config.sram.lines),
       named("value_lines", config.sram.lines),
       named("rows_per_line", config.sram.elementsPerLine / kHeadSize),
       named("max_keys", config.maxContext)});
}

ProgramBuilder::ProgramBuilder(OpBuilder &builder, Location loc, StringRef name,
                               const SpAttenConfig &config)
    : b(builder), loc(loc), config(config),
      program(program::ProgramOp::create(b, loc, name, "spatten",
                                         getParameters(b, config))) {
  b.setInsertionPointToEnd(&program.getBodyRegion().emplaceBlock());
}

uint64_t ProgramBuilder::addTensor(const Twine &name,
                                   program::Direction direction,
                                   RankedTensorType type, ElementsAttr value) {
  OpBuilder::InsertionGuard guard(b);
  if (lastTensor)
    b.setInsertionPointAfter(lastTensor);
  else
    b.setInsertionPointToStart(program.getBody());
  // Every channel has its share of each tensor's first bytes.
  uint64_t stripe = uint64_t(config.memory.channels) * kTransactionBytes;
  uint64_t address = llvm::alignTo(next, stripe);
  lastTensor = program::TensorOp::create(b, loc, name.str(), direction, address,
                                         type, value);
  next = address + lastTensor.getSizeInBytes();
  return address;
}

uint64_t ProgramBuilder::addScales(float scale, unsigned count) {
  auto [entry, isNew] = scales.try_emplace({scale, count}, 0);
  if (isNew) {
    auto type = RankedTensorType::get({count}, b.getF32Type());
    entry->second =
        addTensor("scales." + Twine(scales.size()), program::Direction::In,
                  type, DenseElementsAttr::get(type, scale));
  }
  return entry->second;
}
