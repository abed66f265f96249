// What each instruction of a program reads must have been written before.

#include "Rules.h"
#include "llvm/ADT/TypeSwitch.h"
#include <array>
#include <utility>

using namespace rarefy;
using namespace rarefy::spatten;

namespace {

/// What a handle of SRAM lines holds; zero `rows` are none.
struct BufferState {
  uint64_t line = 0;
  uint64_t lines = 0;
  uint64_t rows = 0;
  bool fused = false;
  bool selected = false;
};

/// What one lane of a row slot holds; zero counts are none.
struct LaneState {
  bool query = false;
  uint64_t scores = 0;
  uint64_t probabilities = 0;
  bool checked = false;
  bool output = false;
};

struct SlotState {
  std::array<LaneState, kLanes> lanes;
  uint64_t selected = 0;
};

/// Follows a program in order. Loops run twice, so that what the end of a body
/// destroys is missed at its start.
class StateChecker {
public:
  explicit StateChecker(program::ProgramOp program) : program(program) {}
  LogicalResult run();

private:
  using Buffers = std::array<BufferState, kBuffers>;

  LogicalResult readParameters();
  LogicalResult visit(Operation *op);

  LogicalResult bind(Operation *op, Buffers &buffers, uint64_t handle,
                     uint64_t line, uint64_t lines, uint64_t limit);
  void overwrite(Buffers &buffers, uint64_t line, uint64_t lines);
  LogicalResult load(Operation *op, Buffers &buffers, uint64_t handle,
                     uint64_t rows, uint64_t bits, bool fused);
  LogicalResult gather(Operation *op, bool gathers, uint64_t rows);
  LogicalResult expectKept(Operation *op, uint64_t tokens);

  LogicalResult check(BindKeyOp op);
  LogicalResult check(BindValueOp op);
  LogicalResult check(LoadQueryOp op);
  LogicalResult check(LoadKeyOp op);
  LogicalResult check(LoadKeyLsbOp op);
  LogicalResult check(LoadValueOp op);
  LogicalResult check(LoadScalesOp op);
  LogicalResult check(LoadListOp op);
  LogicalResult check(LoadVectorOp op);
  LogicalResult check(ScoreOp op);
  LogicalResult check(SoftmaxOp op);
  LogicalResult check(CheckOp op);
  LogicalResult check(TopkValuesOp op);
  LogicalResult check(WeightOp op);
  LogicalResult check(AddTokensOp op);
  LogicalResult check(AddHeadOp op);
  LogicalResult check(TopkTokensOp op);
  LogicalResult check(TopkHeadsOp op);
  LogicalResult check(KeepTokensOp op);
  LogicalResult check(KeepHeadsOp op);
  LogicalResult check(KeepAllTokensOp op);
  LogicalResult check(KeepAllHeadsOp op);
  LogicalResult check(LoopHeadsOp op);
  LogicalResult check(StoreOutputOp op);
  LogicalResult check(StoreListOp op);
  LogicalResult check(StoreVectorOp op);
  LogicalResult check(MultiplyOp op);

  LaneState &lane(auto op) { return slots[op.getSlot()].lanes[op.getLane()]; }

  program::ProgramOp program;
  uint64_t keyLines = 0, valueLines = 0, rowsPerLine = 0, maxKeys = 0;
  Buffers keys, values;
  std::array<SlotState, kSlots> slots;
  uint64_t scales = 0, vector = 0, product = 0;
  uint64_t keptTokens = 0, selectedTokens = 0;
  uint64_t keptHeads = 0, selectedHeads = 0;
};

} // namespace

LogicalResult StateChecker::readParameters() {
  std::pair<StringRef, uint64_t *> parameters[] = {
      {"key_lines", &keyLines},
      {"value_lines", &valueLines},
      {"rows_per_line", &rowsPerLine},
      {"max_keys", &maxKeys}};
  for (auto [name, value] : parameters) {
    std::optional<int64_t> parameter = program.getParameter(name);
    if (!parameter || *parameter < 1 || *parameter > kMaxTokens)
      return program.emitOpError("expects parameter '")
             << name << "' of its configuration from 1 to " << kMaxTokens;
    *value = *parameter;
  }
  return success();
}

LogicalResult StateChecker::bind(Operation *op, Buffers &buffers,
                                 uint64_t handle, uint64_t line, uint64_t lines,
                                 uint64_t limit) {
  if (line + lines > limit)
    return op->emitOpError("expects lines below ")
           << limit << ", found " << line << " to " << line + lines - 1;
  overwrite(buffers, line, lines);
  buffers[handle] = {line, lines};
  return success();
}

/// Buffers that share lines hold nothing any more.
void StateChecker::overwrite(Buffers &buffers, uint64_t line, uint64_t lines) {
  for (BufferState &buffer : buffers)
    if (line < buffer.line + buffer.lines && buffer.line < line + lines)
      buffer.rows = 0;
}

LogicalResult StateChecker::check(BindKeyOp op) {
  return bind(op, keys, op.getBuffer(), op.getLine(), op.getLines(), keyLines);
}

LogicalResult StateChecker::check(BindValueOp op) {
  return bind(op, values, op.getBuffer(), op.getLine(), op.getLines(),
              valueLines);
}

/// Loads `rows` vectors into a buffer after checking that they fit.
LogicalResult StateChecker::load(Operation *op, Buffers &buffers,
                                 uint64_t handle, uint64_t rows, uint64_t bits,
                                 bool fused) {
  BufferState &buffer = buffers[handle];
  if (rows > maxKeys)
    return op->emitOpError("expects at most ")
           << maxKeys << " rows, found " << rows;
  if (unsigned bytes = getRowBytes(bits, fused); bytes % kTransactionBytes != 0)
    return op->emitOpError("expects rows of whole ")
           << kTransactionBytes << "-byte transactions, found " << bytes
           << " bytes; elements of 6 bits come in fused pairs";
  unsigned lines = getLines(rows, rowsPerLine, fused);
  if (lines > buffer.lines)
    return op->emitOpError("needs ")
           << lines << " lines of its buffer, found " << buffer.lines;
  overwrite(buffers, buffer.line, lines);
  buffer.rows = rows;
  buffer.fused = fused;
  return success();
}

LogicalResult StateChecker::expectKept(Operation *op, uint64_t tokens) {
  if (keptTokens < tokens)
    return op->emitOpError("expects at least ")
           << tokens << " kept tokens, found " << keptTokens;
  return success();
}

LogicalResult StateChecker::gather(Operation *op, bool gathers, uint64_t rows) {
  return gathers ? expectKept(op, rows) : success();
}

LogicalResult StateChecker::check(LoadQueryOp op) {
  lane(op).query = true;
  return success();
}

LogicalResult StateChecker::check(LoadKeyOp op) {
  if (op.getBits() + op.getShift() > 12)
    return op.emitOpError("expects bits and shift to make at most 12, found ")
           << op.getBits() + op.getShift();
  if (failed(gather(op, op.getGather(), op.getKeys())))
    return failure();
  return load(op, keys, op.getBuffer(), op.getKeys(), op.getBits(),
              op.getFused());
}

LogicalResult StateChecker::check(LoadKeyLsbOp op) {
  BufferState &buffer = keys[op.getBuffer()];
  if (buffer.rows != op.getKeys() || (op.getLane() && !buffer.fused))
    return op.emitOpError("expects a buffer that holds ")
           << op.getKeys() << " keys of its lane, found " << buffer.rows;
  if (unsigned bytes = getRowBytes(op.getBits(), false);
      bytes % kTransactionBytes != 0)
    return op.emitOpError("expects rows of whole ")
           << kTransactionBytes << "-byte transactions, found " << bytes
           << " bytes";
  if (!lane(op).checked)
    return op.emitOpError("expects that 'spatten.check' looked at the row");
  return gather(op, op.getGather(), op.getKeys());
}

LogicalResult StateChecker::check(LoadValueOp op) {
  if (op.getBits() + op.getShift() > 12)
    return op.emitOpError("expects bits and shift to make at most 12, found ")
           << op.getBits() + op.getShift();
  if (op.getSelected() && slots[op.getSlot()].selected < op.getValues())
    return op.emitOpError("expects ")
           << op.getValues() << " selected positions, found "
           << slots[op.getSlot()].selected;
  uint64_t listed = op.getSelected() ? 1 : op.getValues();
  if (failed(gather(op, op.getGather(), listed)))
    return failure();
  values[op.getBuffer()].selected = op.getSelected();
  return load(op, values, op.getBuffer(), op.getValues(), op.getBits(),
              op.getFused());
}

LogicalResult StateChecker::check(LoadScalesOp op) {
  scales = op.getHeads();
  return success();
}

LogicalResult StateChecker::check(LoadListOp op) {
  keptTokens = op.getTokens();
  return success();
}

LogicalResult StateChecker::check(LoadVectorOp op) {
  vector = op.getElements();
  return success();
}

LogicalResult StateChecker::check(ScoreOp op) {
  const BufferState &buffer = keys[op.getBuffer()];
  if (!lane(op).query)
    return op.emitOpError("expects a query in its slot");
  if (buffer.rows < op.getKeys() || (op.getLane() && !buffer.fused))
    return op.emitOpError("expects a buffer that holds ")
           << op.getKeys() << " keys of its lane, found " << buffer.rows;
  if (op.getRequantized() && !lane(op).checked)
    return op.emitOpError("expects that 'spatten.check' looked at the row");
  lane(op).scores = op.getKeys();
  return success();
}

LogicalResult StateChecker::check(SoftmaxOp op) {
  if (lane(op).scores != op.getKeys())
    return op.emitOpError("expects ")
           << op.getKeys() << " scores in its slot, found " << lane(op).scores;
  if (scales <= op.getLane())
    return op.emitOpError("expects the scale of its head");
  if (op.getRequantized() && !lane(op).checked)
    return op.emitOpError("expects that 'spatten.check' looked at the row");
  lane(op).probabilities = op.getKeys();
  return success();
}

LogicalResult StateChecker::check(CheckOp op) {
  if (!lane(op).probabilities)
    return op.emitOpError("expects probabilities in its slot");
  lane(op).checked = true;
  return success();
}

LogicalResult StateChecker::check(TopkValuesOp op) {
  SlotState &slot = slots[op.getSlot()];
  for (unsigned lane = 0; lane <= op.getFused(); ++lane)
    if (slot.lanes[lane].probabilities != op.getKeys())
      return op.emitOpError("expects ")
             << op.getKeys() << " probabilities in lane " << lane << ", found "
             << slot.lanes[lane].probabilities;
  if (op.getKeep() > op.getKeys())
    return op.emitOpError("expects to keep at most ")
           << op.getKeys() << " positions, found " << op.getKeep();
  slot.selected = op.getKeep();
  return success();
}

LogicalResult StateChecker::check(WeightOp op) {
  const BufferState &buffer = values[op.getBuffer()];
  uint64_t rows = op.getValues();
  if (lane(op).probabilities < rows)
    return op.emitOpError("expects ")
           << rows << " probabilities, found " << lane(op).probabilities;
  if (op.getCompact() && !op.getSelected())
    return op.emitOpError("expects 'selected' beside 'compact'");
  if (op.getSelected() && slots[op.getSlot()].selected < rows)
    return op.emitOpError("expects ") << rows << " selected positions, found "
                                      << slots[op.getSlot()].selected;
  uint64_t held =
      op.getSelected() && !op.getCompact() ? lane(op).probabilities : rows;
  if (buffer.rows < held || buffer.selected != bool(op.getCompact()) ||
      (op.getLane() && !buffer.fused))
    return op.emitOpError("expects a buffer that holds ")
           << held << (op.getCompact() ? " selected" : "")
           << " values of its lane, found " << buffer.rows;
  lane(op).output = true;
  return success();
}

LogicalResult StateChecker::check(AddTokensOp op) {
  if (lane(op).probabilities != op.getKeys())
    return op.emitOpError("expects ")
           << op.getKeys() << " probabilities, found "
           << lane(op).probabilities;
  return expectKept(op, op.getKeys());
}

LogicalResult StateChecker::check(AddHeadOp op) {
  return lane(op).output ? success()
                         : op.emitOpError("expects an output in its slot");
}

LogicalResult StateChecker::check(TopkTokensOp op) {
  if (op.getKeep() > op.getCandidates())
    return op.emitOpError("expects to keep at most ")
           << op.getCandidates() << " tokens, found " << op.getKeep();
  selectedTokens = op.getKeep();
  return op.getAll() ? success() : expectKept(op, op.getCandidates());
}

LogicalResult StateChecker::check(TopkHeadsOp op) {
  if (op.getCandidates() != keptHeads)
    return op.emitOpError("expects as many candidates as there are kept "
                          "heads, ")
           << keptHeads << ", found " << op.getCandidates();
  if (op.getKeep() > op.getCandidates())
    return op.emitOpError("expects to keep at most ")
           << op.getCandidates() << " heads, found " << op.getKeep();
  selectedHeads = op.getKeep();
  return success();
}

LogicalResult StateChecker::check(KeepTokensOp op) {
  if (!selectedTokens)
    return op.emitOpError("expects a selection of tokens");
  keptTokens = selectedTokens;
  return success();
}

LogicalResult StateChecker::check(KeepHeadsOp op) {
  if (!selectedHeads)
    return op.emitOpError("expects a selection of heads");
  keptHeads = selectedHeads;
  return success();
}

LogicalResult StateChecker::check(KeepAllTokensOp op) {
  keptTokens = op.getTokens();
  return success();
}

LogicalResult StateChecker::check(KeepAllHeadsOp op) {
  keptHeads = op.getHeads();
  return success();
}

LogicalResult StateChecker::check(LoopHeadsOp op) {
  return keptHeads ? success() : op.emitOpError("expects a list of kept heads");
}

LogicalResult StateChecker::check(StoreOutputOp op) {
  return lane(op).output ? success()
                         : op.emitOpError("expects an output in its slot");
}

LogicalResult StateChecker::check(StoreListOp op) {
  return expectKept(op, op.getTokens());
}

LogicalResult StateChecker::check(MultiplyOp op) {
  if (vector != op.getColumns())
    return op.emitOpError("expects a vector of ")
           << op.getColumns() << " elements, found " << vector;
  product = op.getRows();
  return success();
}

LogicalResult StateChecker::check(StoreVectorOp op) {
  if (product < op.getElements())
    return op.emitOpError("expects a product of ")
           << op.getElements() << " elements, found " << product;
  return success();
}

LogicalResult StateChecker::visit(Operation *operation) {
  return llvm::TypeSwitch<Operation *, LogicalResult>(operation)
      .Case<BindKeyOp, BindValueOp, LoadQueryOp, LoadKeyOp, LoadKeyLsbOp,
            LoadValueOp, LoadScalesOp, LoadListOp, LoadVectorOp, ScoreOp,
            SoftmaxOp, CheckOp, TopkValuesOp, WeightOp, AddTokensOp, AddHeadOp,
            TopkTokensOp, TopkHeadsOp, KeepTokensOp, KeepHeadsOp,
            KeepAllTokensOp, KeepAllHeadsOp, LoopHeadsOp, StoreOutputOp,
            StoreListOp, StoreVectorOp, MultiplyOp>(
          [&](auto op) { return check(op); })
      .Default([](Operation *) { return success(); });
}

LogicalResult StateChecker::run() {
  if (failed(readParameters()))
    return failure();
  struct Loop {
    Block::iterator first;
    bool again;
  };
  SmallVector<Loop> loops;
  Block &body = *program.getBody();
  for (auto op = body.begin(), end = body.end(); op != end; ++op) {
    if (failed(visit(&*op)))
      return failure();
    if (isa<LoopOp, LoopHeadsOp>(*op)) {
      auto loop = dyn_cast<LoopOp>(*op);
      loops.push_back({op, !loop || loop.getCount() > 1});
    } else if (isa<EndLoopOp>(*op)) {
      if (std::exchange(loops.back().again, false))
        op = loops.back().first;
      else
        loops.pop_back();
    }
  }
  return success();
}

LogicalResult spatten::verifyState(program::ProgramOp program) {
  return StateChecker(program).run();
}
