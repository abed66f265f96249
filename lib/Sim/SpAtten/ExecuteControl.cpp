// Base registers, the current head, and handles of SRAM lines.

#include "Core.h"

using namespace rarefy;
using namespace rarefy::spatten;
using llvm::Error;

Core::Core(const SpAttenConfig &config, DeviceMemory &memory,
           Statistics &statistics)
    : config(config), memory(memory), statistics(statistics),
      pivots(config.topk.pivotSeed),
      keys(config.sram.lines, config.sram.elementsPerLine / kHeadSize),
      values(config.sram.lines, config.sram.elementsPerLine / kHeadSize),
      exponentials(kMaxTokens), tokenImportance(kMaxTokens),
      headImportance(kMaxHeads) {}

/// `address` modulo 2^48.
static uint64_t wrapAddress(uint64_t address) {
  return address & ((uint64_t(1) << 48) - 1);
}

uint64_t Core::getAddress(uint64_t base, uint64_t offset) const {
  return wrapAddress(bases[base] + offset);
}

Error Core::execute(SetBaseOp op) {
  bases[op.getBase()] = op.getAddress();
  return Error::success();
}

Error Core::execute(AddBaseOp op) {
  bases[op.getBase()] = getAddress(op.getBase(), op.getStride());
  return Error::success();
}

Error Core::execute(HeadBaseOp op) {
  bases[op.getBase()] = getAddress(op.getFrom(), op.getStride() * head);
  return Error::success();
}

Error Core::execute(SetHeadOp op) {
  head = op.getHead();
  return Error::success();
}

Error Core::bind(SRAM &sram, unsigned handle, unsigned line, unsigned lines) {
  if (line + lines > sram.getLineCount())
    return makeError("expects lines below " + Twine(sram.getLineCount()) +
                     ", found " + Twine(line) + " to " +
                     Twine(line + lines - 1));
  sram.buffers[handle] = {.line = line, .lines = lines};
  return Error::success();
}

Error Core::execute(BindKeyOp op) {
  return bind(keys, op.getBuffer(), op.getLine(), op.getLines());
}

Error Core::execute(BindValueOp op) {
  return bind(values, op.getBuffer(), op.getLine(), op.getLines());
}

MutableArrayRef<Vector> SRAM::getVectors(const Buffer &buffer, unsigned lane) {
  unsigned lines = buffer.fused ? buffer.lines / kLanes : buffer.lines;
  return MutableArrayRef<Vector>(vectors).slice(
      size_t(buffer.line + lane * lines) * rowsPerLine,
      size_t(lines) * rowsPerLine);
}

void Core::useLines(Use::Kind kind, const SRAM::Buffer &buffer, unsigned rows,
                    unsigned lane, bool write) {
  const SRAM &sram = kind == Use::ValueLines ? values : keys;
  unsigned lines = buffer.fused ? buffer.lines / kLanes : buffer.lines;
  unsigned used = getLines(rows, sram.rowsPerLine, /*fused=*/false);
  activity.uses.push_back(
      {kind, write, buffer.line + uint64_t(lane) * lines, used});
  statistics.sramLines += used;
}

void Core::useWholeKeys(const SRAM::Buffer &buffer, unsigned rows,
                        unsigned lane, bool write) {
  useLines(Use::KeyLines, buffer, rows, lane, write);
  Use low = activity.uses.back();
  low.kind = Use::KeyLowLines;
  activity.uses.push_back(low);
}
