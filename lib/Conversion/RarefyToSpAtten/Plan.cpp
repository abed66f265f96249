// What the types and attributes of an attention ask of the device.

#include "Plan.h"

using namespace rarefy;
using namespace rarefy::spatten;

/// The least number of bits, from `bits` on, whose rows are whole transactions.
static unsigned widen(unsigned bits, bool fused) {
  while (getRowBytes(bits, fused) % kTransactionBytes != 0)
    ++bits;
  return bits;
}

static LogicalResult checkShape(AttentionOp op) {
  auto query = cast<RankedTensorType>(op.getQuery().getType());
  auto key = cast<RankedTensorType>(op.getKey().getType());
  auto value = cast<RankedTensorType>(op.getValue().getType());
  if (!op.isInteger())
    return op.emitOpError("has elements of type ")
           << query.getElementType() << ", the device computes with i16";
  for (RankedTensorType type : {query, key, value})
    if (!type.hasStaticShape() || type.getRank() != 3 ||
        type.getNumElements() == 0)
      return op.emitOpError("has an operand of type ")
             << type << ", the device takes static [heads, rows, depth]";
  for (RankedTensorType type : {query, value})
    if (type.getDimSize(2) > kHeadSize)
      return op.emitOpError("has a depth of ")
             << type.getDimSize(2) << ", the device takes up to " << kHeadSize;
  if (query.getDimSize(0) > kMaxHeads)
    return op.emitOpError("has ")
           << query.getDimSize(0) << " heads, the device takes up to "
           << kMaxHeads;
  return success();
}

/// Refuses what the device has no instruction for.
static LogicalResult checkOptions(AttentionOp op) {
  if (op.getMask())
    return op.emitOpError("has a mask, the device takes 'causal' alone");
  if (op.getRefetchedInit())
    return op.emitOpError("has 'refetched', which the device only counts");
  if (op.getKeepGroup().value_or(1) > kLanes)
    return op.emitOpError("has a 'keep_group' of ")
           << *op.getKeepGroup() << ", the device takes up to " << kLanes;
  auto query = cast<RankedTensorType>(op.getQuery().getType());
  auto key = cast<RankedTensorType>(op.getKey().getType());
  if (op.getCausal() && query.getDimSize(1) > key.getDimSize(1))
    return op.emitOpError("has rows that see no key");
  return success();
}

FailureOr<AttentionPlan> spatten::planAttention(AttentionOp op) {
  if (failed(checkShape(op)) || failed(checkOptions(op)))
    return failure();
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
  // Pairs choose values together; one head alone chooses alone.
  bool canPair = plan.heads % kLanes == 0 && plan.sharing == 1 &&
                 (!plan.keep || group == kLanes);
  plan.pairs = canPair && (group == kLanes || widen(high, false) != high ||
                           widen(valueBits, false) != valueBits);
  if (group == kLanes && !plan.pairs)
    return op.emitOpError("has a 'keep_group', but its heads do not come in "
                          "pairs with keys of their own");
  plan.key = {widen(high, plan.pairs), low, plan.pairs};
  unsigned stored = widen(valueBits, plan.pairs);
  plan.value = {stored, 12 - stored, plan.pairs};
  if (plan.key.bits + low > 12)
    return op.emitOpError("has planes of ")
           << high << " and " << low << " bits, of which the first takes "
           << plan.key.bits << " in memory: more than 12 in all";
  if (low) {
    plan.lowBits = widen(low, /*fused=*/false);
    plan.threshold = planes.getThresholdSteps();
  }
  return plan;
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
