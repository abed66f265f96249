// What the types and attributes of an attention ask of the device.

#include "Plan.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/FormatVariadic.h"
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

static llvm::Error checkShape(AttentionOp op) {
  auto query = cast<ShapedType>(op.getQuery().getType());
  auto key = cast<ShapedType>(op.getKey().getType());
  auto value = cast<ShapedType>(op.getValue().getType());
  if (!op.isInteger())
    return makeError("has elements of type " +
                     llvm::formatv("'{0}'", query.getElementType()).str() +
                     ", the device computes with i16");
  for (ShapedType type : {query, key, value})
    if (!isa<RankedTensorType>(type) || !type.hasStaticShape() ||
        type.getRank() != 3 || type.getNumElements() == 0)
      return makeError("has an operand of type " +
                       llvm::formatv("'{0}'", type).str() +
                       ", the device takes static [heads, rows, depth]");
  for (ShapedType type : {query, value})
    if (type.getDimSize(2) > kHeadSize)
      return makeError("has a depth of " + Twine(type.getDimSize(2)) +
                       ", the device takes up to " + Twine(kHeadSize));
  if (query.getDimSize(0) > kMaxHeads)
    return makeError("has " + Twine(query.getDimSize(0)) +
                     " heads, the device takes up to " + Twine(kMaxHeads));
  return llvm::Error::success();
}

/// Refuses what the device has no instruction for.
static llvm::Error checkOptions(AttentionOp op) {
  if (op.getMask())
    return makeError("has a mask, the device takes 'causal' alone");
  if (op.getRefetchedInit())
    return makeError("has 'refetched', which the device only counts");
  if (op.getKeepGroup().value_or(1) > kLanes)
    return makeError("has a 'keep_group' of " + Twine(*op.getKeepGroup()) +
                     ", the device takes up to " + Twine(kLanes));
  auto query = cast<ShapedType>(op.getQuery().getType());
  auto key = cast<ShapedType>(op.getKey().getType());
  if (op.getCausal() && query.getDimSize(1) > key.getDimSize(1))
    return makeError("has rows that see no key");
  return llvm::Error::success();
}

FailureOr<AttentionPlan> spatten::planAttention(AttentionOp op) {
  llvm::Expected<AttentionPlan> plan = findPlan(op);
  if (!plan)
    return op.emitOpError() << toString(plan.takeError());
  return *plan;
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

llvm::Expected<AttentionPlan> spatten::findPlan(AttentionOp op) {
  if (llvm::Error error = checkShape(op))
    return error;
  if (llvm::Error error = checkOptions(op))
    return error;
  auto query = cast<RankedTensorType>(op.getQuery().getType());
  auto key = cast<RankedTensorType>(op.getKey().getType());
  AttentionPlan plan;
  plan.heads = query.getDimSize(0);
  plan.rows = query.getDimSize(1);
  plan.keys = key.getDimSize(1);
  plan.sharing = plan.heads / key.getDimSize(0);
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
  plan.keptOf = getGatheredHeads(op.getKey());
  if (plan.keptOf && plan.sharing != 1)
    return makeError("has selected heads that share keys, the device takes "
                     "those with keys of their own");
  // Pairs choose values together; one head alone chooses alone. Which heads are
  // kept is not known before the program runs.
  bool canPair = plan.heads % kLanes == 0 && plan.sharing == 1 &&
                 !plan.keptOf && (!plan.keep || group == kLanes);
  plan.pairs = canPair && (group == kLanes || widen(high, false) != high ||
                           widen(valueBits, false) != valueBits);
  if (group == kLanes && !plan.pairs)
    return makeError("has a 'keep_group', but its heads do not come in pairs "
                     "with keys of their own");
  plan.key = {widen(high, plan.pairs), low, plan.pairs};
  unsigned stored = widen(valueBits, plan.pairs);
  plan.value = {stored, 12 - stored, plan.pairs};
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
