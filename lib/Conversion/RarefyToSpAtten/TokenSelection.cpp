// Which tokens the device counts, selects and keeps.

#include "TokenSelection.h"
#include "Plan.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Matchers.h"

using namespace rarefy;
using namespace rarefy::spatten;

static int64_t getSize(Value list) {
  return cast<ShapedType>(list.getType()).getDimSize(0);
}

/// Whether all elements are the largest importance.
static bool isLargest(Value value) {
  DenseIntElementsAttr elements;
  return matchPattern(value, m_Constant(&elements)) && elements.isSplat() &&
         elements.getSplatValue<APInt>().isAllOnes();
}

bool TokenSelection::isImportance(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.getRank() == 1 && type.getElementType().isInteger(32);
}

bool TokenSelection::isOfAll(Value importance) const {
  auto found = importances.find(importance);
  return found != importances.end() && counted.contains(importance) &&
         found->second.isOfAll();
}

/// What `value` says of importance; if nothing is known, that of all tokens.
TokenSelection::Importance TokenSelection::get(Value value) {
  return importances
      .try_emplace(value, Importance{Value(), getSize(value), value})
      .first->second;
}

/// The most tokens of a zero importance that one of fewer is put back into:
/// of a slice of zeros nobody sees any more what it was a slice of.
static int64_t getLargestZero(Operation *op) {
  int64_t largest = 0;
  op->getParentOfType<func::FuncOp>().walk([&](tensor::InsertSliceOp insert) {
    Value dest = insert.getDest();
    if (TokenSelection::isImportance(dest) && isZero(dest))
      largest = std::max(largest, getSize(dest));
  });
  return std::min<int64_t>(largest, kMaxTokens);
}

/// Puts the first importance into the counters.
LogicalResult TokenSelection::initialize(Operation *op, Value counters) {
  if (counted.contains(counters))
    return success();
  Value whole = get(counters).whole;
  if (getSize(whole) > kMaxTokens)
    return op->emitOpError("counts the importance of ")
           << getSize(whole) << " tokens, the device counts " << kMaxTokens;
  if (!isZero(whole) || !counted.empty())
    return op->emitOpError("needs importance that the device does not have");
  cleared = std::max(getSize(whole), getLargestZero(op));
  program.emit<ClearTokensOp>(0, 0, cleared);
  counted.insert(counters);
  return success();
}

LogicalResult TokenSelection::count(AttentionOp op, Value list) {
  Value init = op.getTokenImportanceInit();
  Importance importance = get(init);
  if (importance.list != list || importance.protectedToken)
    return op.emitOpError("counts the importance of other tokens than its "
                          "keys");
  if (failed(initialize(op, init)))
    return failure();
  counted.clear();
  counted.insert(op.getTokenImportance());
  importances[op.getTokenImportance()] = {list, getSize(init),
                                          importance.whole};
  return success();
}

LogicalResult TokenSelection::slice(tensor::ExtractSliceOp op) {
  Importance part = get(op.getSource());
  part.size = op.getStaticSizes()[0];
  // What was counted behind the slice is lost where that alone is put back.
  if (op.getSource().getDefiningOp<AttentionOp>() &&
      part.size != getSize(op.getSource()))
    part.whole = op.getSource();
  importances[op.getResult()] = part;
  if (counted.contains(op.getSource()))
    counted.insert(op.getResult());
  return success();
}

/// The largest number in place of a token's importance has it selected first.
LogicalResult TokenSelection::protect(tensor::InsertSliceOp op) {
  auto found = importances.find(op.getDest());
  if (found == importances.end() || !found->second.isOfAll() ||
      !counted.contains(op.getDest()) || getSize(op.getSource()) != 1)
    return op.emitOpError("protects what is no token among all");
  Importance result = found->second;
  result.protectedToken = op.getStaticOffsets()[0];
  importances[op.getResult()] = result;
  counted.insert(op.getResult());
  return success();
}

LogicalResult TokenSelection::insert(tensor::InsertSliceOp op) {
  if (isLargest(op.getSource()))
    return protect(op);
  auto part = importances.find(op.getSource());
  auto isPartOf = [&](Value whole) {
    return whole == op.getDest() || (isZero(whole) && isZero(op.getDest()) &&
                                     getSize(op.getDest()) <= cleared);
  };
  if (part == importances.end() || !isPartOf(part->second.whole) ||
      !part->second.isOfAll() || op.getStaticOffsets()[0] != 0)
    return op.emitOpError("puts importance back where it did not come from");
  if (!counted.contains(op.getSource()))
    return op.emitOpError("puts back importance that the device no longer has");
  importances[op.getResult()] = {Value(), getSize(op.getDest()),
                                 op.getResult()};
  counted.insert(op.getResult());
  return success();
}

LogicalResult TokenSelection::gather(GatherOp op) {
  if (!get(op.getSource()).isOfAll())
    return op.emitOpError("gathers from a part of an importance");
  Value result = op->getResult(0);
  importances[result] = {op.getPositions(), getSize(result), op.getSource()};
  if (counted.contains(op.getSource()))
    counted.insert(result);
  return success();
}

LogicalResult TokenSelection::scatter(ScatterOp op) {
  auto part = importances.find(op.getSource());
  if (part == importances.end() || part->second.whole != op.getInit() ||
      part->second.list != op.getPositions())
    return op.emitOpError("puts back what is no importance from there");
  if (!counted.contains(op.getSource()))
    return op.emitOpError("puts back importance that the device no longer has");
  Value result = op->getResult(0);
  importances[result] = {Value(), getSize(result), result};
  counted.insert(result);
  return success();
}

LogicalResult TokenSelection::select(TopKOp op) {
  auto found = importances.find(op.getScores());
  if (found == importances.end() || !counted.contains(op.getScores()))
    return op.emitOpError("selects by an importance that the device does not "
                          "have");
  const Importance &importance = found->second;
  auto type = cast<ShapedType>(op.getInit().getType());
  if (!type.hasStaticShape())
    return op.emitOpError("selects a number of tokens that is not constant");
  if (importance.list && !kept.isActive(importance.list))
    return op.emitOpError("selects among tokens that the device no longer has");
  stream.flush();
  // A slice may leave the token out.
  if (importance.protectedToken.value_or(importance.size) < importance.size)
    program.emit<ProtectOp>(0, 0, *importance.protectedToken);
  // The values of the last rows may still be on their way.
  program.waitForEngine(Engine::Accumulate);
  program.emit<TopkTokensOp>(0, 0, importance.size, type.getDimSize(0),
                             /*all=*/!importance.list);
  kept.select(op->getResult(0), importance.list);
  return success();
}

LogicalResult TokenSelection::activate(Operation *op, Value list,
                                       int64_t size) {
  if (kept.isActive(list) && (list || keptSize == size))
    return success();
  if (list && !kept.isPending(list))
    return op->emitOpError("needs a list of tokens that the device no longer "
                           "has");
  stream.flush();
  program.waitForEngines();
  if (list) {
    program.emit<KeepTokensOp>(0, 0);
    kept.keepSelection();
  } else {
    program.emit<KeepAllTokensOp>(0, 0, size);
    kept.keepAll();
  }
  keptSize = size;
  return success();
}
