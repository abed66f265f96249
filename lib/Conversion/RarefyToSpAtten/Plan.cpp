// What the types and attributes of an attention ask of the device.

#include "Plan.h"
#include "MemoryLayout.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace rarefy;
using namespace rarefy::spatten;

/// The least number of bits, from `bits` on, whose rows are whole transactions.
static unsigned widen(unsigned bits, bool fused) {
  while (getRowBytes(bits, fused) % kTransactionBytes != 0)
    ++bits;
  return bits;
}

static llvm::Error makeError(const Twine &message) {
  return llvm::createStringError(message);
}

namespace {
/// Of [batch.., heads, rows, depth].
struct Sizes {
  int64_t heads, rows, depth;

  explicit Sizes(Value value) {
    auto last = cast<ShapedType>(value.getType()).getShape().take_back(3);
    heads = last[0];
    rows = last[1];
    depth = last[2];
  }
};
} // namespace

static llvm::Error makeTypeError(Type type) {
  return makeError("has an operand of type " +
                   llvm::formatv("'{0}'", type).str() +
                   ", the device takes static [heads, rows, depth]");
}

/// Refuses what the device has no instruction for.
static llvm::Error checkOptions(AttentionOp op) {
  if (!op.isInteger())
    return makeError(
        "has elements of type " +
        llvm::formatv("'{0}'", getElementTypeOrSelf(op.getQuery())).str() +
        ", the device computes with i16");
  if (APFloat scale = op.getScale(); !scale.isFinite() || scale.isNegative())
    return makeError("has a scale of " +
                     llvm::formatv("{0:e}", scale.convertToFloat()).str() +
                     ", the device takes finite ones that are not negative");
  if (op.getMask())
    return makeError("has a mask, the device takes 'causal' alone");
  if (op.getRefetchedInit())
    return makeError("has 'refetched', which the device only counts");
  if (op.getKeepGroup().value_or(1) > kLanes)
    return makeError("has a 'keep_group' of " + Twine(*op.getKeepGroup()) +
                     ", the device takes up to " + Twine(kLanes));
  return llvm::Error::success();
}

static llvm::Error checkShape(AttentionOp op) {
  for (Type operand : op->getOperandTypes()) {
    auto type = dyn_cast<RankedTensorType>(operand);
    if (!type || !type.hasStaticShape() || type.getNumElements() == 0 ||
        !llvm::all_of(type.getShape().take_front(op.getBatchRank()),
                      [](int64_t size) { return size == 1; }))
      return makeTypeError(operand);
  }
  Sizes query(op.getQuery()), value(op.getValue());
  for (int64_t depth : {query.depth, value.depth})
    if (depth > kHeadSize)
      return makeError("has a depth of " + Twine(depth) +
                       ", the device takes up to " + Twine(kHeadSize));
  if (query.heads > kMaxHeads)
    return makeError("has " + Twine(query.heads) +
                     " heads, the device takes up to " + Twine(kMaxHeads));
  if (op.getCausal() && query.rows > value.rows)
    return makeError("has rows that see no key");
  return llvm::Error::success();
}

llvm::Error spatten::checkBytes(uint64_t bytes, const SpAttenConfig &machine) {
  constexpr uint64_t kOffsets = uint64_t(1) << 32;
  uint64_t reach = std::min(machine.memory.capacityBytes(), kOffsets);
  if (bytes <= reach)
    return llvm::Error::success();
  return makeError("needs " + Twine(bytes) +
                   " bytes of device memory, programs reach " + Twine(reach));
}

/// The bytes that a program of the attention alone takes, each tensor with what
/// may lie in front of it.
static uint64_t getNumBytes(const AttentionPlan &plan,
                            const SpAttenConfig &machine) {
  uint64_t stripe = uint64_t(machine.memory.channels) * kTransactionBytes;
  uint64_t keyHeads = plan.heads / plan.sharing, bytes = 0;
  auto add = [&](uint64_t tensor) { bytes += llvm::alignTo(tensor, stripe); };
  for (unsigned bits : {plan.key.bits, plan.lowBits, plan.value.bits})
    add(keyHeads * plan.keys * getRowBytes(bits, /*fused=*/false));
  uint64_t rows = uint64_t(plan.heads) * plan.rows * getRowBytes(16, false);
  add(rows); // Queries.
  add(rows); // Outputs.
  add(plan.heads * sizeof(float));
  add(plan.addTokens ? plan.keys * sizeof(uint32_t) : 0);
  add(plan.addHeads ? plan.heads * sizeof(uint64_t) : 0);
  return bytes;
}

/// Refuses what `machine` has no room for.
static llvm::Error checkRoom(const AttentionPlan &plan,
                             const SpAttenConfig &machine) {
  if (plan.keys > machine.maxContext)
    return makeError("has " + Twine(plan.keys) + " keys, the device takes " +
                     Twine(machine.maxContext));
  // Values take as many lines, or fewer. A machine with lines for one head of
  // so many keys may have none for a pair.
  unsigned lines =
      getLines(plan.keys, machine.sram.elementsPerLine / kHeadSize, plan.pairs);
  if (lines > machine.sram.lines)
    return makeError("needs " + Twine(lines) +
                     " lines of SRAM for its keys, the device has " +
                     Twine(machine.sram.lines));
  return checkBytes(getNumBytes(plan, machine), machine);
}

/// How many heads `rows` were gathered from by a list of them; 0 if they were
/// not.
static unsigned getGatheredHeads(Value rows) {
  while (auto gather = rows.getDefiningOp<GatherOp>()) {
    rows = gather.getSource();
    if (gather.getDim() == 0)
      return cast<ShapedType>(rows.getType()).getDimSize(0);
  }
  return 0;
}

/// Whether the heads of `op`, selected ones of `keptOf` if that is not 0, can
/// come two by two. Which ones are selected is not known before the program
/// runs; pairs choose values together, and one head alone chooses alone.
static bool canPair(AttentionOp op, unsigned keptOf) {
  Sizes query(op.getQuery()), key(op.getKey());
  std::optional<int64_t> keep = op.getKeepValues();
  bool choosesAlone =
      keep && *keep < key.rows && op.getKeepGroup().value_or(1) == 1;
  return query.heads == key.heads && query.heads % kLanes == 0 && !keptOf &&
         !choosesAlone;
}

/// Whether heads that cannot come in pairs are read from the same keys or
/// values: then all have to lie alone.
static bool sharesWithSingle(AttentionOp op) {
  BlockArgument key = findArgument(op.getKey());
  BlockArgument value = findArgument(op.getValue());
  for (BlockArgument argument : {key, value})
    if (argument && Sizes(argument).heads % kLanes != 0)
      return true;
  WalkResult result =
      op->getParentOfType<func::FuncOp>().walk([&](AttentionOp other) {
        bool isShared = findArgument(other.getKey()) == key ||
                        findArgument(other.getValue()) == value;
        return isShared && !canPair(other, getGatheredHeads(other.getKey()))
                   ? WalkResult::interrupt()
                   : WalkResult::advance();
      });
  return result.wasInterrupted();
}

FailureOr<AttentionPlan> spatten::planAttention(AttentionOp op,
                                                const SpAttenConfig &machine) {
  if (op.getBatchRank() != 0)
    return op.emitOpError() << toString(makeTypeError(op.getQuery().getType()));
  llvm::Expected<AttentionPlan> plan =
      findPlan(op, machine, getGatheredHeads(op.getKey()));
  if (plan && plan->pairs && sharesWithSingle(op))
    plan = findPlan(op, machine, /*keptOf=*/0, /*mayPair=*/false);
  if (!plan)
    return op.emitOpError() << toString(plan.takeError());
  return *plan;
}

llvm::Expected<AttentionPlan> spatten::findPlan(AttentionOp op,
                                                const SpAttenConfig &machine,
                                                unsigned keptOf, bool mayPair) {
  if (llvm::Error error = checkOptions(op))
    return error;
  if (llvm::Error error = checkShape(op))
    return error;
  Sizes query(op.getQuery()), key(op.getKey());
  AttentionPlan plan;
  plan.heads = query.heads;
  plan.rows = query.rows;
  plan.keys = key.rows;
  plan.sharing = plan.heads / key.heads;
  plan.scale = op.getScale().convertToFloat();
  plan.causal = op.getCausal();
  plan.addTokens = op.getTokenImportanceInit() != nullptr;
  plan.addHeads = op.getHeadImportanceInit() != nullptr;
  if (std::optional<int64_t> keep = op.getKeepValues(); keep < plan.keys)
    plan.keep = keep;
  PlanesAttr planes = op.getPlanesAttr();
  unsigned high = planes ? planes.getMsb() : 12;
  unsigned low = planes ? planes.getLsb() : 0;
  unsigned valueBits = op.getValueBits().value_or(12);
  unsigned group = plan.keep ? op.getKeepGroup().value_or(1) : 1;
  plan.keptOf = keptOf;
  if (plan.keptOf && plan.sharing != 1)
    return makeError("has selected heads that share keys, the device takes "
                     "those with keys of their own");
  bool savesBytes =
      widen(high, false) != high || widen(valueBits, false) != valueBits;
  plan.pairs =
      canPair(op, keptOf) && (group == kLanes || (mayPair && savesBytes));
  if (group == kLanes && !plan.pairs)
    return makeError("has a 'keep_group', but its heads do not come in pairs "
                     "with keys of their own");
  unsigned keyBits = widen(high, plan.pairs);
  plan.key = {keyBits, 0, plan.pairs, keyBits - high};
  valueBits = widen(valueBits, plan.pairs);
  plan.value = {valueBits, 12 - valueBits, plan.pairs};
  if (low) {
    // Low bits fill theirs from above, so that keys are larger than they were.
    plan.lowBits = widen(low, /*fused=*/false);
    plan.key.shift = plan.lowBits;
    plan.scale = std::ldexp(plan.scale, int(low) - int(plan.lowBits));
    plan.threshold = planes.getThresholdSteps();
  }
  if (plan.key.bits + plan.lowBits > 12)
    return makeError("has planes of " + Twine(high) + " and " + Twine(low) +
                     " bits, which take " + Twine(plan.key.bits) + " and " +
                     Twine(plan.lowBits) + " in memory: more than 12 in all");
  if (llvm::Error error = checkRoom(plan, machine))
    return error;
  return plan;
}

unsigned spatten::getDroppedBits(AttentionOp op, Role role) {
  if (role == Role::Key && op.getPlanesAttr())
    return op.getPlanesAttr().getLsb();
  if (role == Role::Value)
    return 12 - op.getValueBits().value_or(12);
  return 0;
}

bool spatten::isZero(Value importance) {
  if (auto fill = importance.getDefiningOp<linalg::FillOp>())
    importance = fill.getInputs().front();
  return matchPattern(importance, m_Zero());
}

RankedTensorType spatten::getDeviceType(RankedTensorType type,
                                        RowFormat format) {
  SmallVector<int64_t> shape(type.getShape());
  shape.back() = kHeadSize;
  if (format.fused) {
    shape[shape.size() - 3] /= kLanes;
    shape.insert(shape.end() - 1, kLanes);
  }
  return RankedTensorType::get(
      shape, IntegerType::get(type.getContext(), format.bits));
}
