// Which heads the device counts, selects and keeps.

#include "HeadSelection.h"
#include "Plan.h"

using namespace rarefy;
using namespace rarefy::spatten;

bool HeadSelection::isImportance(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.getRank() == 1 && type.getElementType().isInteger(64);
}

/// A list and a selection from it that became one list.
Value HeadSelection::resolve(Value list) const {
  if (auto gather = list ? list.getDefiningOp<GatherOp>() : GatherOp())
    if (local.contains(gather.getPositions()))
      return gather.getPositions();
  return list;
}

bool HeadSelection::isSelection(GatherOp op) const {
  auto found = local.find(op.getPositions());
  return found != local.end() && found->second == resolve(op.getSource());
}

bool HeadSelection::isOfAll(Value importance) const {
  auto found = counted.find(importance);
  return found != counted.end() && !found->second;
}

LogicalResult HeadSelection::count(AttentionOp op, Value list) {
  Value init = op.getHeadImportanceInit();
  if (counted.empty() && !list && isZero(init)) {
    unsigned heads = cast<ShapedType>(init.getType()).getDimSize(0);
    stream.flush();
    program.waitForEngines();
    program.emit<ClearHeadsOp>(0, 0, heads);
    program.emit<KeepAllHeadsOp>(0, 0, heads);
  } else if (auto found = counted.find(init); found == counted.end()) {
    return op.emitOpError("needs importance of heads that the device does not "
                          "have");
  } else if (resolve(found->second) != resolve(list)) {
    return op.emitOpError("counts the importance of other heads than its own");
  }
  counted.clear();
  counted[op.getHeadImportance()] = list;
  return success();
}

LogicalResult HeadSelection::gather(GatherOp op) {
  auto found = counted.find(op.getSource());
  if (found == counted.end() ||
      (found->second &&
       local.lookup(op.getPositions()) != resolve(found->second)))
    return op.emitOpError("gathers importance of heads that the device does "
                          "not have");
  counted[op->getResult(0)] = op.getPositions();
  return success();
}

LogicalResult HeadSelection::select(TopKOp op) {
  auto found = counted.find(op.getScores());
  if (found == counted.end())
    return op.emitOpError("selects by an importance of heads that the device "
                          "does not have");
  auto type = cast<ShapedType>(op.getInit().getType());
  if (!type.hasStaticShape())
    return op.emitOpError("selects a number of heads that is not constant");
  Value list = resolve(found->second);
  if (list != active)
    return op.emitOpError("selects among heads that the device no longer has");
  stream.flush();
  program.waitForEngine(Engine::Accumulate);
  auto scores = cast<ShapedType>(op.getScores().getType());
  program.emit<TopkHeadsOp>(0, 0, scores.getDimSize(0), type.getDimSize(0));
  pending = op->getResult(0);
  if (list)
    local[pending] = list;
  return success();
}

LogicalResult HeadSelection::activate(Operation *op, Value list) {
  list = resolve(list);
  if (list == active)
    return success();
  if (list != pending)
    return op->emitOpError("needs a list of heads that the device no longer "
                           "has");
  stream.flush();
  program.waitForEngines();
  program.emit<KeepHeadsOp>(0, 0);
  active = std::exchange(pending, Value());
  return success();
}
