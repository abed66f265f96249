// Local value pruning: an attribute of attention.

#include "Remarks.h"
#include "Schedule.h"
#include "rarefy/Dialect/Rarefy/IR/Rarefy.h"
#include "rarefy/Dialect/Rarefy/Transforms/Passes.h"

namespace rarefy {
#define GEN_PASS_DEF_RAREFYPRUNEVALUES
#include "rarefy/Dialect/Rarefy/Transforms/Passes.h.inc"

namespace {
struct RarefyPruneValues : impl::RarefyPruneValuesBase<RarefyPruneValues> {
  using Base::Base;

  void runOnOperation() override {
    if (failed(forEachFunction(
            getArgument(), getOperation(),
            [&](Remarks remarks) { return pruneValues(remarks); })))
      signalPassFailure();
  }

  LogicalResult pruneValues(Remarks remarks) {
    Location loc = remarks.function.getLoc();
    SmallVector<double> ratios(keep.begin(), keep.end());
    if (ratios.empty() && counts.empty())
      ratios.push_back(0.5);
    FailureOr<SmallVector<Keep>> entries = readEntries(ratios, counts, loc);
    if (failed(entries))
      return failure();
    SmallVector<AttentionOp> layers;
    remarks.function->walk([&](AttentionOp op) { layers.push_back(op); });
    if (layers.empty()) {
      remark::analysis(loc, remarks.named("NoAttention")) << "no attention";
      return success();
    }
    entries = fillEntries(std::move(*entries), layers.size(), loc);
    if (failed(entries))
      return failure();
    for (auto [layer, op] : llvm::enumerate(layers))
      prune(op, (*entries)[layer], layer, remarks);
    return success();
  }

  static void prune(AttentionOp op, Keep keep, size_t layer, Remarks remarks) {
    auto key = cast<ShapedType>(op.getKey().getType());
    int64_t keys = key.getDimSize(key.getRank() - 2);
    if (ShapedType::isDynamic(keys) && !keep.isCount) {
      remark::missed(op.getLoc(), remarks.named("ValuesNotPruned"))
          << op->getName().getStringRef()
          << remark::reason("a ratio of a dynamic number of keys is no number")
          << remark::suggest("give counts");
      return;
    }
    int64_t count = keep.value;
    if (!keep.isCount)
      count = llvm::divideCeil(keys * keep.value, 1000000);
    if (!ShapedType::isDynamic(keys) && count >= keys)
      return;
    op.setKeepValues(count);
    remark::passed(op.getLoc(), remarks.named("ValuesPruned"))
        << remark::metric("layer", layer + 1) << remark::metric("to", count);
  }
};
} // namespace
} // namespace rarefy
