// The instructions of attentions: rows pipelined over the engines.

#include "AttentionRows.h"
#include "llvm/ADT/bit.h"
#include <algorithm>
#include <array>
#include <deque>
#include <initializer_list>

using namespace rarefy;
using namespace rarefy::spatten;

namespace {

/// What each semaphore says, and who waits for it.
enum Semaphore : unsigned {
  QueryReady,   ///< score: the query, and the keys before it, are there
  KeyFree,      ///< fetch: a buffer of keys can be overwritten
  SlotFree,     ///< fetch: a row's query and scores are used up
  Scored,       ///< softmax
  Checked,      ///< fetch of low bits
  LowReady,     ///< score: the low bits are there
  ChooseValues, ///< value top-k: probabilities are there
  Accumulate,   ///< accumulate: probabilities, or outputs, are there
  RowDone,      ///< softmax: a row's probabilities and output are used up
  TokensAdded,  ///< softmax: a row's probabilities were added
  ValuesChosen, ///< fetch of values
  ValuesReady,  ///< weight: values are there
  ValueFree,    ///< fetch of values: a buffer can be overwritten
  OutputReady,  ///< store
  RowReady,     ///< weight: probabilities, and the choice of values, are there
  LowFree,      ///< fetch of low bits: the row before is through with them
};

/// Base registers: addresses from zero on, rows that a loop walks over, rows
/// that are copied, and what a kept head has.
enum : unsigned {
  kZeroBase,
  kQueryBase,
  kOutputBase,
  kCopyTo,
  kCopyFrom,
  kHeadQuery,
  kHeadKey,
  kHeadLow,
  kHeadValue,
  kHeadOutput
};

/// A row that is checked has its low bits read, if it needs them, behind the
/// first scores of so many rows after it: an engine has their work to do while
/// the softmax decides.
constexpr unsigned kCheckDistance = 2;

/// One row, of one head or of a pair of heads.
struct Row {
  const AttentionPlan *plan;
  /// The heads within the attention, and within the stream.
  unsigned head, group;
  /// The row within its heads, and within the stream.
  unsigned row, index;
  unsigned keys;
  /// Base registers and offsets of query and output of the first lane.
  unsigned queryBase = 0, outputBase = 0;
  uint64_t query = 0, output = 0;

  unsigned slot() const { return index % kSlots; }
  bool isFirst() const { return row == 0; }
  bool isLast() const { return row + 1 == plan->rows; }
  bool waits() const { return index >= kSlots; }
};

/// How many of them a stream has.
struct Counts {
  /// All heads, or pairs of heads.
  unsigned groups = 0;
  unsigned rows = 0;

  void add(const AttentionPlan &plan);
};

class RowEmitter {
public:
  RowEmitter(ProgramBuilder &program, unsigned keyBuffers,
             unsigned valueBuffers, Counts all)
      : program(program), keyBuffers(keyBuffers), valueBuffers(valueBuffers),
        all(all) {}

  void emit(const AttentionPlan &plan);
  /// Emits what rows still have to do.
  void finish() { finishRows(0); }

private:
  Row getRow(const AttentionPlan &plan, unsigned head, unsigned row) const;
  bool isAlike(const Row &row) const;
  void emitGroup(const AttentionPlan &plan, unsigned head);
  void emitLoop(const AttentionPlan &plan, unsigned head, unsigned first,
                unsigned count);
  void finishRows(size_t left);
  void finishRowsBefore(const Row &row);
  void loadKeys(const Row &row);
  void loadValues(const Row &row);
  void setHead(const Row &row);

  void emitFront(const Row &row);
  void emitBack(const Row &row);
  void emitSoftmax(const Row &row, bool again);
  void emitLowBits(const Row &row);
  void emitValues(const Row &row);
  void emitImportance(const Row &row);

  /// A later row waits until this one has left its slot.
  bool frees(const Row &row) const { return row.index + kSlots < all.rows; }
  bool freesKeys(const Row &row) const {
    return row.isLast() && row.group + keyBuffers < all.groups;
  }
  bool freesValues(const Row &row) const {
    return row.isLast() && row.group + valueBuffers < all.groups;
  }

  ProgramBuilder &program;
  unsigned keyBuffers, valueBuffers;
  /// What the stream has, and what is before the attention that is emitted.
  Counts all, before;
  /// Rows whose first probabilities are there.
  std::deque<Row> begun;
  std::optional<unsigned> head;
  /// The row in a slot says when its probabilities were added.
  std::array<bool, kSlots> saysAdded{};
};

} // namespace

/// The set of those semaphores that come with true.
static uint64_t
set(std::initializer_list<std::pair<Semaphore, bool>> semaphores) {
  uint64_t bits = 0;
  for (auto [semaphore, isIn] : semaphores)
    bits |= uint64_t(isIn) << semaphore;
  return bits;
}

static unsigned getLanes(const AttentionPlan &plan) {
  return plan.pairs ? kLanes : 1;
}

/// Of kept heads, instructions are there once.
static unsigned getGroups(const AttentionPlan &plan) {
  return plan.keptOf ? 1 : plan.heads / getLanes(plan);
}

/// The value buffer holds the chosen rows alone.
static bool isCompact(const AttentionPlan &plan) {
  return plan.keep.has_value() && plan.rows == 1;
}

static unsigned getNumValues(const AttentionPlan &plan) {
  return plan.keep.value_or(plan.keys);
}

static unsigned getDistance(const AttentionPlan &plan) {
  return plan.lowBits ? kCheckDistance : 0;
}

/// The row of keys and values that heads from `head` on read.
static unsigned getKeyHead(const AttentionPlan &plan, unsigned head) {
  return plan.pairs ? head : head / plan.sharing;
}

void Counts::add(const AttentionPlan &plan) {
  groups += getGroups(plan);
  rows += getGroups(plan) * plan.rows;
}

Row RowEmitter::getRow(const AttentionPlan &plan, unsigned head,
                       unsigned row) const {
  unsigned keys = plan.causal
                      ? std::min(plan.keys, row + 1 + plan.keys - plan.rows)
                      : plan.keys;
  Row result{&plan,
             head,
             before.groups + head,
             row,
             before.rows + head * plan.rows + row,
             keys};
  result.queryBase = plan.query.base;
  result.outputBase = plan.output.base;
  uint64_t lane = uint64_t(head) * getLanes(plan);
  result.query = plan.query.address + lane * plan.query.headStride +
                 row * plan.query.rowStride;
  result.output = plan.output.address + lane * plan.output.headStride +
                  row * plan.output.rowStride;
  return result;
}

void RowEmitter::setHead(const Row &row) {
  if (row.plan->keptOf)
    return; // The loop does.
  unsigned first = row.head * getLanes(*row.plan);
  if (std::exchange(head, first) != first)
    program.emit<SetHeadOp>(first);
}

/// Loads all values of the heads, or those that the row chose.
void RowEmitter::loadValues(const Row &row) {
  const AttentionPlan &plan = *row.plan;
  bool compact = isCompact(plan);
  program.emit<LoadValueOp>(
      set({{ValuesChosen, compact}, {ValueFree, row.group >= valueBuffers}}),
      set({{ValuesReady, true}}), plan.values.base, row.group % valueBuffers,
      compact ? getNumValues(plan) : plan.keys, plan.value.bits,
      plan.value.shift, plan.value.fused, plan.gather, row.slot(), compact,
      plan.values.address +
          getKeyHead(plan, row.head) * plan.values.headStride);
}

void RowEmitter::loadKeys(const Row &row) {
  const AttentionPlan &plan = *row.plan;
  program.emit<LoadKeyOp>(set({{KeyFree, row.group >= keyBuffers}}), 0,
                          plan.keyHigh.base, row.group % keyBuffers, plan.keys,
                          plan.key.bits, plan.key.shift, plan.key.fused,
                          plan.gather,
                          plan.keyHigh.address + getKeyHead(plan, row.head) *
                                                     plan.keyHigh.headStride);
}

/// Emits the rest of rows whose buffers `row` loads anew.
void RowEmitter::finishRowsBefore(const Row &row) {
  auto isInTheWay = [&](const Row &other) {
    return other.group + std::min(keyBuffers, valueBuffers) <= row.group;
  };
  while (!begun.empty() && isInTheWay(begun.front()))
    finishRows(begun.size() - 1);
}

/// Turns scores into probabilities, the first time or `again` with low bits;
/// the first time a row with low bits is also checked.
void RowEmitter::emitSoftmax(const Row &row, bool again) {
  const AttentionPlan &plan = *row.plan;
  unsigned lanes = getLanes(plan);
  bool isFinal = again || !plan.lowBits;
  bool waits = row.waits() && !again;
  for (unsigned lane = 0; lane < lanes; ++lane) {
    bool ends = isFinal && lane + 1 == lanes;
    program.emit<SoftmaxOp>(
        set({{Scored, true},
             {RowDone, waits && lane == 0},
             {TokensAdded, waits && lane == 0 && saysAdded[row.slot()]}}),
        set({{SlotFree, ends && frees(row)},
             {Accumulate, isFinal && plan.addTokens && !plan.addHeads},
             {ChooseValues, ends && plan.keep.has_value()},
             {RowReady, ends && !plan.keep}}),
        row.slot(), lane, row.keys, again);
    if (!isFinal)
      program.emit<CheckOp>(0, set({{Checked, true}}), row.slot(), lane,
                            plan.threshold);
  }
}

/// From the query to probabilities, and whether they will do.
void RowEmitter::emitFront(const Row &row) {
  const AttentionPlan &plan = *row.plan;
  unsigned lanes = getLanes(plan);
  if (row.isFirst())
    loadKeys(row);
  if (row.isFirst() && !isCompact(plan))
    loadValues(row);
  setHead(row);
  for (unsigned lane = 0; lane < lanes; ++lane)
    program.emit<LoadQueryOp>(set({{SlotFree, row.waits() && lane == 0}}),
                              set({{QueryReady, true}}), row.slot(), lane,
                              row.queryBase,
                              row.query + lane * plan.query.headStride);
  for (unsigned lane = 0; lane < lanes; ++lane)
    program.emit<ScoreOp>(
        set({{QueryReady, true}}),
        set({{Scored, true},
             {KeyFree, freesKeys(row) && !plan.lowBits && lane + 1 == lanes}}),
        row.slot(), lane, row.group % keyBuffers, row.keys,
        /*requantized=*/false);
  emitSoftmax(row, /*again=*/false);
  saysAdded[row.slot()] = plan.addTokens && !plan.addHeads && frees(row);
}

/// Reads the low bits where they are needed, and scores again.
void RowEmitter::emitLowBits(const Row &row) {
  const AttentionPlan &plan = *row.plan;
  unsigned lanes = getLanes(plan);
  for (unsigned lane = 0; lane < lanes; ++lane) {
    unsigned head = (row.head * lanes + lane) / plan.sharing;
    program.emit<LoadKeyLsbOp>(
        set({{Checked, true}, {LowFree, !row.isFirst()}}),
        set({{LowReady, true}}), plan.keyLow.base, row.group % keyBuffers,
        plan.keys, plan.lowBits, row.slot(), lane, plan.gather,
        plan.keyLow.address + head * plan.keyLow.headStride);
  }
  for (unsigned lane = 0; lane < lanes; ++lane)
    program.emit<ScoreOp>(set({{LowReady, true}}),
                          set({{Scored, true},
                               {LowFree, !row.isLast()},
                               {KeyFree, freesKeys(row) && lane + 1 == lanes}}),
                          row.slot(), lane, row.group % keyBuffers, row.keys,
                          /*requantized=*/true);
  emitSoftmax(row, /*again=*/true);
}

/// Adds to the importance of tokens, or behind the output also of heads.
void RowEmitter::emitImportance(const Row &row) {
  const AttentionPlan &plan = *row.plan;
  unsigned lanes = getLanes(plan);
  for (unsigned lane = 0; plan.addTokens && lane < lanes; ++lane) {
    bool says = !plan.addHeads && frees(row) && lane + 1 == lanes;
    program.emit<AddTokensOp>(set({{Accumulate, lane == 0 || !plan.addHeads}}),
                              set({{TokensAdded, says}}), row.slot(), lane,
                              row.keys);
  }
  for (unsigned lane = 0; plan.addHeads && lane < lanes; ++lane)
    program.emit<AddHeadOp>(set({{Accumulate, lane == 0 && !plan.addTokens}}),
                            set({{OutputReady, lane + 1 == lanes}}), row.slot(),
                            lane);
}

/// From probabilities to the choice of values and the output.
void RowEmitter::emitValues(const Row &row) {
  const AttentionPlan &plan = *row.plan;
  unsigned lanes = getLanes(plan);
  bool compact = isCompact(plan);
  if (plan.keep)
    program.emit<TopkValuesOp>(
        set({{ChooseValues, true}}),
        set({{ValuesChosen, compact}, {RowReady, !compact}}), row.slot(),
        row.keys, std::min(*plan.keep, row.keys), plan.pairs);
  if (compact)
    loadValues(row);
  for (unsigned lane = 0; lane < lanes; ++lane) {
    bool ends = lane + 1 == lanes;
    program.emit<WeightOp>(set({{ValuesReady, row.isFirst() && lane == 0},
                                {RowReady, !compact && lane == 0}}),
                           set({{OutputReady, ends && !plan.addHeads},
                                {Accumulate, ends && plan.addHeads},
                                {ValueFree, ends && freesValues(row)}}),
                           row.slot(), lane, row.group % valueBuffers,
                           std::min(getNumValues(plan), row.keys),
                           plan.keep.has_value(), compact);
  }
}

/// All that follows the check.
void RowEmitter::emitBack(const Row &row) {
  const AttentionPlan &plan = *row.plan;
  unsigned lanes = getLanes(plan);
  setHead(row);
  if (plan.lowBits)
    emitLowBits(row);
  if (!plan.addHeads)
    emitImportance(row);
  emitValues(row);
  if (plan.addHeads)
    emitImportance(row);
  for (unsigned lane = 0; lane < lanes; ++lane)
    program.emit<StoreOutputOp>(
        set({{OutputReady, lane == 0}}),
        set({{RowDone, frees(row) && lane + 1 == lanes}}), row.outputBase,
        row.slot(), lane, row.output + lane * plan.output.headStride);
}

/// Emits the rest of rows that have begun, until so many are left.
void RowEmitter::finishRows(size_t left) {
  for (; begun.size() > left; begun.pop_front())
    emitBack(begun.front());
}

/// Has base register `base` point `offset` bytes behind where `from` does.
static void point(ProgramBuilder &program, unsigned base, unsigned from,
                  uint64_t offset) {
  program.emit<HeadBaseOp>(base, from, /*stride=*/0);
  program.emit<AddBaseOp>(base, offset);
}

/// Whether rows like this one and those before it can be a loop: all wait and
/// free alike, and none is the first or the last of its heads.
bool RowEmitter::isAlike(const Row &row) const {
  return !row.plan->causal && row.row >= kSlots + getDistance(*row.plan) &&
         !row.isLast() && frees(row);
}

/// Emits `count` rows, a multiple of the slots, as a loop over all slots.
void RowEmitter::emitLoop(const AttentionPlan &plan, unsigned head,
                          unsigned first, unsigned count) {
  unsigned distance = getDistance(plan);
  finishRows(distance);
  point(program, kQueryBase, plan.query.base, getRow(plan, head, first).query);
  point(program, kOutputBase, plan.output.base,
        getRow(plan, head, first - distance).output);
  program.emit<LoopOp>(count / kSlots);
  for (unsigned i = 0; i < kSlots; ++i) {
    Row next = getRow(plan, head, first + i);
    next.queryBase = kQueryBase;
    next.query = i * plan.query.rowStride;
    emitFront(next);
    Row earlier = getRow(plan, head, first + i - distance);
    earlier.outputBase = kOutputBase;
    earlier.output = i * plan.output.rowStride;
    emitBack(earlier);
  }
  program.emit<AddBaseOp>(kQueryBase, kSlots * plan.query.rowStride);
  program.emit<AddBaseOp>(kOutputBase, kSlots * plan.output.rowStride);
  program.emit<EndLoopOp>();
  begun.clear();
  for (unsigned row = first + count - distance; row < first + count; ++row)
    begun.push_back(getRow(plan, head, row));
}

void RowEmitter::emitGroup(const AttentionPlan &plan, unsigned head) {
  for (unsigned row = 0; row < plan.rows;) {
    unsigned end = row;
    while (end < plan.rows && isAlike(getRow(plan, head, end)))
      ++end;
    uint64_t most = kSlots * getLargest<LoopOp>("count");
    unsigned count = std::min<uint64_t>(end - row, most) / kSlots * kSlots;
    if (count > kSlots) {
      emitLoop(plan, head, row, count);
      row += count;
      continue;
    }
    Row next = getRow(plan, head, row++);
    finishRowsBefore(next);
    emitFront(next);
    begun.push_back(next);
    finishRows(getDistance(plan));
  }
}

void RowEmitter::emit(const AttentionPlan &plan) {
  for (unsigned head = 0; head < getGroups(plan); ++head)
    emitGroup(plan, head);
  before.add(plan);
}

/// Emits a copy, in parts where a row is longer than an instruction can say.
static void emitCopy(ProgramBuilder &program, const CopyPlan &copy) {
  uint64_t longest = getLargest<CopyOp>("transactions") * kTransactionBytes;
  for (uint64_t done = 0; done < copy.bytes; done += longest) {
    program.emit<SetBaseOp>(kCopyTo, copy.target.address + done);
    program.emit<SetBaseOp>(kCopyFrom, copy.source.address + done);
    uint64_t bytes = std::min(longest, copy.bytes - done);
    program.emit<CopyOp>(0, 0, kCopyTo, kCopyFrom, copy.heads,
                         bytes / kTransactionBytes, copy.target.headStride,
                         copy.source.headStride);
  }
}

/// Whether the attention may read what the copy writes.
static bool mayRead(const AttentionPlan &plan, const CopyPlan &copy) {
  uint64_t heads = plan.keptOf ? plan.keptOf : plan.heads;
  auto meets = [&](const RowAddresses &rows, uint64_t count) {
    uint64_t stride = rows.headStride, at = copy.target.address;
    if (stride != copy.target.headStride ||
        at >= rows.address + count * stride ||
        rows.address >= at + copy.heads * stride)
      return false;
    // A list may have any rows of a head.
    uint64_t distance = (at % stride + stride - rows.address % stride) % stride;
    return plan.gather || distance < plan.keys * rows.rowStride ||
           distance + copy.bytes > stride;
  };
  uint64_t groups = heads / getLanes(plan);
  return meets(plan.keyHigh, groups) || meets(plan.values, groups) ||
         (plan.lowBits && meets(plan.keyLow, heads));
}

/// Whether an attention in front of `copy` may still read what it overwrites.
bool RowStream::isReadBefore(const Item &item) const {
  for (const Item &before : items) {
    if (&before == &item)
      return false;
    auto *plan = std::get_if<AttentionPlan>(&before.plan);
    if (plan && mayRead(*plan, std::get<CopyPlan>(item.plan)))
      return true;
  }
  return false;
}

RowStream::Layout RowStream::getLayout(const AttentionPlan &plan) const {
  const auto &sram = program.getConfig().sram;
  // More parts than there are rows in flight are of no use; a loop over all
  // slots is one over all parts.
  auto count = [&](unsigned rows, bool fused) {
    unsigned needed = getLines(rows, sram.elementsPerLine / kHeadSize, fused);
    return std::clamp(llvm::bit_floor(unsigned(sram.lines) / needed), 1u,
                      kSlots);
  };
  unsigned values = isCompact(plan) ? getNumValues(plan) : plan.keys;
  return {count(plan.keys, plan.key.fused),
          count(values, plan.value.fused),
          plan.scale,
          plan.addHeads,
          plan.keptOf != 0,
          plan.keep.has_value(),
          isCompact(plan),
          plan.lowBits != 0};
}

void RowStream::add(const AttentionPlan &plan) {
  Layout next = getLayout(plan);
  // A loop over kept heads is there for one attention.
  if (layout && (*layout != next || plan.keptOf))
    flush();
  layout = next;
  items.push_back({plan, program.getLoc()});
}

/// Divides the SRAMs and loads the scales.
void RowStream::emitLayout() {
  const SpAttenConfig &config = program.getConfig();
  unsigned heads = 0;
  for (const Item &item : items)
    if (auto *plan = std::get_if<AttentionPlan>(&item.plan))
      heads = std::max({heads, plan->heads, plan->keptOf});
  unsigned lines = config.sram.lines;
  if (layout->keyBuffers != bound.keyBuffers)
    for (unsigned i = 0, n = layout->keyBuffers; i < n; ++i)
      program.emit<BindKeyOp>(i, i * (lines / n), lines / n);
  if (layout->valueBuffers != bound.valueBuffers)
    for (unsigned i = 0, n = layout->valueBuffers; i < n; ++i)
      program.emit<BindValueOp>(i, i * (lines / n), lines / n);
  if (layout->scale != bound.scale || heads > scales) {
    program.emit<LoadScalesOp>(0, 0, kZeroBase, heads,
                               program.addScales(layout->scale, heads));
    scales = heads;
  }
  bound = *layout;
}

/// Opens a loop over the kept heads, whose addresses `plan` has then.
void RowStream::openHeads(AttentionPlan &plan) {
  program.waitForEngines();
  program.emit<SetBaseOp>(kHeadOutput, 0);
  program.emit<LoopHeadsOp>();
  auto follow = [&](RowAddresses &rows, unsigned base) {
    rows.base = base;
    program.emit<HeadBaseOp>(base, kZeroBase, rows.headStride);
  };
  follow(plan.query, kHeadQuery);
  follow(plan.keyHigh, kHeadKey);
  if (plan.lowBits)
    follow(plan.keyLow, kHeadLow);
  follow(plan.values, kHeadValue);
  plan.output.base = kHeadOutput;
}

/// Ends it; the next head finds every engine idle.
void RowStream::closeHeads(const AttentionPlan &plan) {
  program.waitForEngines();
  program.emit<AddBaseOp>(kHeadOutput, plan.output.headStride);
  program.emit<EndLoopOp>();
}

void RowStream::flush() {
  if (!layout)
    return;
  Location outer = program.getLoc();
  program.waitForEngines();
  Counts all;
  for (const Item &item : items)
    if (auto *plan = std::get_if<AttentionPlan>(&item.plan))
      all.add(*plan);
  emitLayout();
  RowEmitter emitter(program, bound.keyBuffers, bound.valueBuffers, all);
  bool isCopying = false;
  for (Item &item : items) {
    program.setLoc(item.loc);
    if (auto *copy = std::get_if<CopyPlan>(&item.plan)) {
      if (isReadBefore(item)) {
        emitter.finish();
        program.waitForEngines();
      }
      emitCopy(program, *copy);
      isCopying = true;
      continue;
    }
    // Rows that choose their values load them behind the query, and that behind
    // copies; others would not wait.
    auto &plan = std::get<AttentionPlan>(item.plan);
    if (isCopying && !isCompact(plan))
      program.waitForEngine(Engine::Fetch);
    isCopying &= isCompact(plan);
    if (plan.keptOf)
      openHeads(plan);
    emitter.emit(plan);
    if (!plan.keptOf)
      continue;
    emitter.finish();
    closeHeads(plan);
  }
  emitter.finish();
  items.clear();
  layout.reset();
  program.setLoc(outer);
}
