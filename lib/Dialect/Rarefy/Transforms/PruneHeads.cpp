// Cascade head pruning: heads that gave little are not computed any more.

#include "Cascade.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "rarefy/Dialect/Rarefy/Transforms/Emit.h"
#include "rarefy/Dialect/Rarefy/Transforms/Passes.h"

namespace rarefy {
#define GEN_PASS_DEF_RAREFYPRUNEHEADS
#include "rarefy/Dialect/Rarefy/Transforms/Passes.h.inc"

namespace {

/// Prunes the heads of one function, in place.
class HeadPruner : public CascadePruner {
public:
  explicit HeadPruner(FunctionOpInterface function) : CascadePruner(function) {
    shrinker.allowsProducts = true;
  }

private:
  bool isLayer(AttentionOp op) override;
  unsigned getLevel(AttentionOp) override { return reached; }
  LogicalResult rebuild(AttentionOp op, unsigned level) override;
  Value score(Location loc, unsigned level) override;
  void carry(unsigned from, unsigned to) override;

  /// The level of the layers to come, and the importance of its heads.
  unsigned reached = 0;
  Value importance;
};

} // namespace

/// Says where the heads are in the operands.
bool HeadPruner::isLayer(AttentionOp op) {
  unsigned heads = op.getBatchRank();
  auto query = cast<RankedTensorType>(op.getQuery().getType());
  if (!shrinker.hasAxis())
    shrinker.setAxis(OpBuilder(op).getIndexAttr(query.getDimSize(heads)), {});
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
  return true;
}

LogicalResult HeadPruner::rebuild(AttentionOp op, unsigned level) {
  if (op.isInteger())
    return shrinker.block(op, "computes in integers; prune before quantizing");
  if (op.getHeadImportanceInit())
    return shrinker.block(op, "already reports head importance");
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
  bool reports = needsImportance();
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
Value HeadPruner::score(Location loc, unsigned level) {
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

void HeadPruner::carry(unsigned from, unsigned to) {
  Layout layout;
  for (int64_t extent :
       cast<RankedTensorType>(importance.getType()).getShape().drop_back())
    layout.push_back(shrinker.makeDim(extent));
  layout.push_back({shrinker.getAxis()});
  importance = shrinker.gather(importance, layout, from, to);
  reached = to;
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
    if (failed(forEachFunction(
            getArgument(), getOperation(),
            [&](Remarks remarks) { return pruneHeads(remarks); })))
      signalPassFailure();
  }

  LogicalResult pruneHeads(Remarks remarks) {
    FunctionOpInterface function = remarks.function;
    KeepOptions options{keep, counts, mean, start, end, front};
    if (failed(checkOptions(options, function.getLoc())))
      return failure();
    SmallVector<AttentionOp> layers;
    function->walk([&](AttentionOp op) { layers.push_back(op); });
    if (layers.empty()) {
      remark::analysis(function.getLoc(), remarks.named("NoAttention"))
          << "no attention";
      return success();
    }
    CascadeNames names{"HeadsPruned", "HeadsNotPruned"};
    AttentionOp at;
    StringRef why = function.getFunctionBody().hasOneBlock()
                        ? checkHeads(layers, at)
                        : "is in a function with control flow";
    if (!why.empty()) {
      Operation *op = at ? at : layers[0];
      remarks.missed(names.notPruned, op->getLoc(),
                     op->getName().getStringRef(), why);
      return success();
    }
    int64_t heads = cast<ShapedType>(layers[0].getQuery().getType())
                        .getDimSize(layers[0].getBatchRank());
    FailureOr<SmallVector<Keep>> schedule =
        makeSchedule(options, layers.size(), heads, function.getLoc());
    if (failed(schedule))
      return failure();
    OwningOpRef<Operation *> clone(function->clone());
    HeadPruner pruner(cast<FunctionOpInterface>(*clone));
    if (applyCascade(remarks, names, *clone, pruner, *schedule))
      for (Location loc : pruner.getShrinker().getGathered())
        remark::missed(loc, remarks.named("HeadsComputed"))
            << remark::reason("dropped heads are computed here and gathered "
                              "out of the result");
    return success();
  }
};
} // namespace
} // namespace rarefy
