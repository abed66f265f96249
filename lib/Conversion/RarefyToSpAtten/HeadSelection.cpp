// Which heads the device counts, selects and keeps.

#include "HeadSelection.h"
#include "Plan.h"

using namespace rarefy;
using namespace rarefy::spatten;

bool HeadSelection::isImportance(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.getRank() == 1 && type.getElementType().isInteger(64);
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
  } else if (kept.resolve(found->second) != kept.resolve(list)) {
    return op.emitOpError("counts the importance of other heads than its own");
  }
  counted.clear();
  counted[op.getHeadImportance()] = list;
  return success();
}

LogicalResult HeadSelection::gather(GatherOp op) {
  auto found = counted.find(op.getSource());
  if (found == counted.end() ||
      (found->second && !kept.isSelectedFrom(op.getPositions(), found->second)))
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
  Value list = found->second;
  if (!kept.isActive(list))
    return op.emitOpError("selects among heads that the device no longer has");
  stream.flush();
  program.waitForEngine(Engine::Accumulate);
  auto scores = cast<ShapedType>(op.getScores().getType());
  program.emit<TopkHeadsOp>(0, 0, scores.getDimSize(0), type.getDimSize(0));
  kept.select(op->getResult(0), list);
  return success();
}

LogicalResult HeadSelection::activate(Operation *op, Value list) {
  if (kept.isActive(list))
    return success();
  if (!kept.isPending(list))
    return op->emitOpError("needs a list of heads that the device no longer "
                           "has");
  stream.flush();
  program.waitForEngines();
  program.emit<KeepHeadsOp>(0, 0);
  kept.keepSelection();
  return success();
}
