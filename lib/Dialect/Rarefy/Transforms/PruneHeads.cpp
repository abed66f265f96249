// Cascade head pruning: heads that gave little are not computed any more.

#include "Emit.h"
#include "Remarks.h"
#include "Schedule.h"
#include "Shrink.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Transforms/RegionUtils.h"
#include "rarefy/Dialect/Rarefy/Transforms/Passes.h"

namespace rarefy {
#define GEN_PASS_DEF_RAREFYPRUNEHEADS
#include "rarefy/Dialect/Rarefy/Transforms/Passes.h.inc"

namespace {

/// A choice of heads, for remarks.
struct Cut {
  Location loc;
  int64_t layer;
  OpFoldResult from, to;
};

/// Prunes the heads of one function, in place.
class HeadPruner {
public:
  HeadPruner(FunctionOpInterface function, ArrayRef<Keep> schedule)
      : function(function), shrinker(function->getContext()),
        schedule(schedule) {
    shrinker.allowsProducts = true;
  }

  LogicalResult run();
  ArrayRef<Cut> getCuts() const { return cuts; }
  const Shrinker &getShrinker() const { return shrinker; }

private:
  LogicalResult visitLayer(AttentionOp op);
  void seed(AttentionOp op);
  LogicalResult rebuild(AttentionOp op);
  void prune(AttentionOp op);
  Value sumOverBatch(Location loc);

  FunctionOpInterface function;
  Shrinker shrinker;
  ArrayRef<Keep> schedule;
  int64_t layer = 0, lastCut = -1;
  /// The level of the layers to come, and the importance of its heads.
  unsigned level = 0;
  Value importance;
  SmallVector<Cut> cuts;
};

} // namespace

/// Says where the heads are in the operands.
void HeadPruner::seed(AttentionOp op) {
  unsigned heads = op.getBatchRank();
  for (Value operand : {op.getQuery(), op.getKey(), op.getValue()}) {
    if (shrinker.lookup(operand))
      continue;
    auto type = cast<RankedTensorType>(operand.getType());
    Layout layout;
    for (int64_t size : type.getShape())
      layout.push_back(shrinker.makeDim(size));
    // One head of keys and values serves all.
    if (type.getDimSize(heads) != 1)
      layout[heads] = {shrinker.getAxis()};
    shrinker.track(operand, {operand, layout, 0});
  }
}

LogicalResult HeadPruner::rebuild(AttentionOp op) {
  OpBuilder &b = shrinker.getBuilder();
  b.setInsertionPoint(op);
  FailureOr<Shrinker::Flow> flow = shrinker.infer(op);
  if (failed(flow))
    return failure();
  SmallVector<Value> operands;
  for (auto [operand, layout] :
       llvm::zip_equal(op->getOperands(), flow->operands)) {
    operands.push_back(layout ? shrinker.pull(operand, *layout, level)
                              : operand);
    if (!operands.back())
      return shrinker.block(op, "has an operand that cannot be gathered");
  }
  Location loc = op.getLoc();
  unsigned output = op.getMask() ? 4 : 3, heads = op.getBatchRank();
  SmallVector<OpFoldResult> sizes =
      shrinker.getSizes(op.getOutputInit(), flow->results[0], level);
  operands[output] = tensor::EmptyOp::create(
      b, loc, sizes,
      cast<RankedTensorType>(op.getOutputInit().getType()).getElementType());
  bool reports = layer <= lastCut;
  if (reports && !importance) {
    ImplicitLocOpBuilder inner(loc, b);
    importance = makeFilled(inner, ArrayRef(sizes).take_front(heads + 1),
                            b.getF32FloatAttr(0));
  }
  SmallVector<Type> types{operands[output].getType()};
  if (Value tokens = op.getTokenImportanceInit())
    types.push_back(tokens.getType());
  if (reports)
    types.push_back(importance.getType());
  auto made = AttentionOp::create(
      b, loc, types, operands[0], operands[1], operands[2],
      op.getMask() ? operands[3] : Value(), operands[output],
      op.getTokenImportanceInit(), reports ? importance : Value(),
      op.getScaleAttr(), op.getCausalAttr(), op.getKeepValuesAttr());
  shrinker.replace(op.getOutput(), made.getOutput(), flow->results[0], level);
  if (op.getTokenImportanceInit())
    op.getTokenImportance().replaceAllUsesWith(made.getTokenImportance());
  if (reports)
    importance = made.getHeadImportance();
  shrinker.markDead(op);
  return success();
}

/// Heads are chosen for the whole batch.
Value HeadPruner::sumOverBatch(Location loc) {
  ImplicitLocOpBuilder b(loc, shrinker.getBuilder());
  unsigned rank = cast<RankedTensorType>(importance.getType()).getRank();
  if (rank == 1)
    return importance;
  AffineMap result =
      AffineMap::get(rank, 0, b.getAffineDimExpr(rank - 1), b.getContext());
  Value zeros =
      makeFilled(b, shrinker.getLevel(level).size, b.getF32FloatAttr(0));
  return makeReduction(
      b, importance, b.getMultiDimIdentityMap(rank), result, zeros,
      [](ImplicitLocOpBuilder &inner, ValueRange args) -> Value {
        return arith::AddFOp::create(inner, args[0], args[1]);
      });
}

/// Chooses the heads that the layers behind `op` compute.
void HeadPruner::prune(AttentionOp op) {
  OpBuilder &b = shrinker.getBuilder();
  Location loc = op.getLoc();
  OpFoldResult from = shrinker.getLevel(level).size;
  OpFoldResult size = countKept(b, loc, schedule[layer + 1],
                                shrinker.getLevel(0).size, /*least=*/1, from);
  if (size == from)
    return;
  Value init = tensor::EmptyOp::create(b, loc, size, b.getI32Type());
  Value positions =
      TopKOp::create(b, loc, init.getType(), sumOverBatch(loc), init)
          ->getResult(0);
  unsigned next = shrinker.addLevel(b, loc, positions);
  Layout layout;
  for (int64_t extent :
       cast<RankedTensorType>(importance.getType()).getShape().drop_back())
    layout.push_back(shrinker.makeDim(extent));
  layout.push_back({shrinker.getAxis()});
  importance = shrinker.gather(importance, layout, level, next);
  level = next;
  cuts.push_back({loc, layer, from, size});
}

LogicalResult HeadPruner::visitLayer(AttentionOp op) {
  if (op.getHeadImportanceInit())
    return shrinker.block(op, "already reports head importance");
  seed(op);
  if (failed(rebuild(op)))
    return failure();
  if (layer + 1 < static_cast<int64_t>(schedule.size()) &&
      schedule[layer + 1] != schedule[layer])
    prune(op);
  ++layer;
  return success();
}

LogicalResult HeadPruner::run() {
  for (size_t i = 1; i < schedule.size(); ++i)
    if (schedule[i] != schedule[i - 1])
      lastCut = i - 1;
  for (Operation &op : llvm::make_early_inc_range(function.front())) {
    auto attention = dyn_cast<AttentionOp>(op);
    if (attention && !shrinker.hasAxis()) {
      OpBuilder b(attention);
      auto query = cast<RankedTensorType>(attention.getQuery().getType());
      shrinker.setAxis(
          b.getIndexAttr(query.getDimSize(attention.getBatchRank())), {});
    }
    if (failed(attention ? visitLayer(attention) : shrinker.visit(&op)))
      return failure();
  }
  shrinker.eraseDead();
  IRRewriter rewriter(function->getContext());
  (void)runRegionDCE(rewriter, function->getRegions());
  return success();
}

/// Why the heads of these attentions cannot be pruned in cascade; empty if they
/// can.
static StringRef checkHeads(ArrayRef<AttentionOp> layers, AttentionOp &at) {
  for (AttentionOp op : layers) {
    at = op;
    if (op->getNumResults() == 0)
      return "works on buffers";
    unsigned heads = op.getBatchRank();
    auto query = cast<ShapedType>(op.getQuery().getType());
    auto key = cast<ShapedType>(op.getKey().getType());
    AttentionOp front = layers[0];
    auto first = cast<ShapedType>(front.getQuery().getType());
    int64_t count = query.getDimSize(heads), keys = key.getDimSize(heads);
    if (ShapedType::isDynamic(count) || ShapedType::isDynamic(keys))
      return "has a dynamic number of heads";
    if (keys != 1 && keys != count)
      return "shares a head of keys and values between several of queries";
    if (front.getBatchRank() != op.getBatchRank() ||
        first.getShape().take_front(heads + 1) !=
            query.getShape().take_front(heads + 1))
      return "has another batch or number of heads than the first attention";
    if (!isa<FunctionOpInterface>(op->getParentOp()))
      return "is nested in a region";
  }
  return {};
}

namespace {
struct RarefyPruneHeads : impl::RarefyPruneHeadsBase<RarefyPruneHeads> {
  using Base::Base;

  void runOnOperation() override {
    if (failed(forEachFunction(getOperation(), [&](FunctionOpInterface f) {
          return pruneIn({getArgument(), f});
        })))
      signalPassFailure();
  }

  LogicalResult pruneIn(Remarks remarks) {
    FunctionOpInterface function = remarks.function;
    auto miss = [&](Operation *op, StringRef why) {
      remark::missed(op->getLoc(), remarks.named("HeadsNotPruned"))
          << op->getName().getStringRef() << remark::reason("{0}", why.str());
    };
    SmallVector<AttentionOp> layers;
    function->walk([&](AttentionOp op) { layers.push_back(op); });
    if (layers.empty()) {
      remark::analysis(function.getLoc(), remarks.named("NoAttention"))
          << "no attention";
      return success();
    }
    AttentionOp at;
    StringRef why = function.getFunctionBody().hasOneBlock()
                        ? checkHeads(layers, at)
                        : "is in a function with control flow";
    if (!why.empty()) {
      miss(at ? at : layers[0], why);
      return success();
    }
    int64_t heads = cast<ShapedType>(layers[0].getQuery().getType())
                        .getDimSize(layers[0].getBatchRank());
    FailureOr<SmallVector<Keep>> schedule =
        makeSchedule({keep, counts, mean, start, end, front}, layers.size(),
                     heads, [&] { return function.emitError(); });
    if (failed(schedule))
      return failure();
    OwningOpRef<Operation *> clone(function->clone());
    HeadPruner pruner(cast<FunctionOpInterface>(*clone), *schedule);
    if (failed(pruner.run())) {
      miss(pruner.getShrinker().getBlocker(), pruner.getShrinker().getReason());
      return success();
    }
    report(remarks, pruner, *clone, layers.size());
    function.getFunctionBody().takeBody((*clone)->getRegion(0));
    return success();
  }

  static void report(Remarks remarks, const HeadPruner &pruner,
                     Operation *after, size_t layers) {
    for (const Cut &cut : pruner.getCuts())
      remark::passed(cut.loc, remarks.named("HeadsPruned"))
          << remark::metric("layer", cut.layer + 1)
          << remark::metric("from", *getConstantIntValue(cut.from))
          << remark::metric("to", *getConstantIntValue(cut.to));
    for (Location loc : pruner.getShrinker().getGathered())
      remark::missed(loc, remarks.named("HeadsComputed"))
          << remark::reason("dropped heads are computed here and gathered out "
                            "of the result");
    reportCascade(remarks, layers, pruner.getCuts().size(), after);
  }
};
} // namespace
} // namespace rarefy
