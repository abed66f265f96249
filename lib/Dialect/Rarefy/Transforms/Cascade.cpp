// Cascade pruning of one axis: the walk over layers, choices and remarks.

#include "Cascade.h"
#include "Cost.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Transforms/RegionUtils.h"

using namespace rarefy;

/// Chooses what goes on behind `op`.
void CascadePruner::choose(AttentionOp op, unsigned level) {
  OpBuilder &b = shrinker.getBuilder();
  Location loc = op.getLoc();
  OpFoldResult from = shrinker.getLevel(level).size;
  OpFoldResult to = countKept(b, loc, schedule[layers + 1],
                              shrinker.getLevel(0).size, countLeast(), from);
  if (to == from)
    return;
  SmallVector<OpFoldResult> sizes(shrinker.getBatchSizes());
  sizes.push_back(to);
  Value init = tensor::EmptyOp::create(b, loc, sizes, b.getI32Type());
  Value positions =
      TopKOp::create(b, loc, init.getType(), score(loc, level), init)
          ->getResult(0);
  carry(level, shrinker.addLevel(b, loc, positions));
  cuts.push_back({loc, layers + 1, from, to});
}

LogicalResult CascadePruner::visitLayer(AttentionOp op) {
  unsigned level = getLevel(op);
  if (failed(rebuild(op, level)))
    return failure();
  size_t next = layers + 1;
  if (next < schedule.size() && schedule[next] != schedule[layers])
    choose(op, level);
  return success();
}

LogicalResult CascadePruner::run(ArrayRef<Keep> entries) {
  schedule = entries;
  for (size_t i = 1; i < schedule.size(); ++i)
    if (schedule[i] != schedule[i - 1])
      lastCut = i - 1;
  for (Operation &op : llvm::make_early_inc_range(function.front())) {
    auto attention = dyn_cast<AttentionOp>(op);
    bool layer = attention && isLayer(attention);
    if (failed(layer && !schedule.empty() ? visitLayer(attention)
                                          : shrinker.visit(&op)))
      return failure();
    layers += layer;
  }
  shrinker.eraseDead();
  IRRewriter rewriter(function->getContext());
  (void)runRegionDCE(rewriter, function->getRegions());
  return success();
}

void CascadePruner::reportCuts(Remarks remarks, StringRef name) const {
  auto show = [](OpFoldResult size) {
    std::optional<int64_t> known = getConstantIntValue(size);
    return known ? std::to_string(*known) : std::string("?");
  };
  for (const Cut &cut : cuts)
    remark::passed(cut.loc, remarks.named(name))
        << remark::metric("layer", cut.layer)
        << remark::metric("from", show(cut.from))
        << remark::metric("to", show(cut.to));
  std::optional<Cost> dense = computeCost(remarks.function);
  std::optional<Cost> left = computeCost(function);
  auto summary =
      remark::passed(remarks.function.getLoc(), remarks.named("Cascade"));
  summary << remark::metric("layers", layers)
          << remark::metric("cuts", cuts.size());
  if (dense && left)
    summary << remark::metric("multiply-adds", left->multiplyAdds)
            << remark::metric("saved", dense->multiplyAdds - left->multiplyAdds)
            << remark::metric("bytes", left->bytes);
}

bool rarefy::applyCascade(Remarks remarks, CascadeNames names, Operation *clone,
                          CascadePruner &pruner, ArrayRef<Keep> schedule) {
  if (failed(pruner.run(schedule))) {
    Operation *blocker = pruner.getShrinker().getBlocker();
    remarks.missed(names.notPruned, blocker->getLoc(),
                   blocker->getName().getStringRef(),
                   pruner.getShrinker().getReason());
    return false;
  }
  pruner.reportCuts(remarks, names.pruned);
  remarks.function.getFunctionBody().takeBody(clone->getRegion(0));
  return true;
}
