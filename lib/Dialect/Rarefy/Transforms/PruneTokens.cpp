// Cascade token pruning: importance, selection, and smaller tensors behind it.

#include "Cascade.h"
#include "Lineage.h"
#include "TokenScores.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "rarefy/Dialect/Rarefy/Transforms/Passes.h"

namespace rarefy {
#define GEN_PASS_DEF_RAREFYPRUNETOKENS
#include "rarefy/Dialect/Rarefy/Transforms/Passes.h.inc"

namespace {

/// Prunes the tokens of one function, in place.
class TokenPruner : public CascadePruner {
public:
  TokenPruner(FunctionOpInterface function, ArrayRef<int64_t> protect)
      : CascadePruner(function), scores(shrinker, protect) {}

  /// How many tokens there are, if that is static.
  int64_t getTokens() const { return tokens; }

private:
  void start(AttentionOp op);
  bool isLayer(AttentionOp op) override;
  unsigned getLevel(AttentionOp op) override {
    return shrinker.getOperandLevel(op);
  }
  LogicalResult rebuild(AttentionOp op, unsigned level) override;
  int64_t countLeast() const override { return scores.countProtected(); }
  Value score(Location loc, unsigned level) override {
    return scores.score(loc, importance, level);
  }
  void carry(unsigned from, unsigned to) override;

  TokenScores scores;
  int64_t tokens = ShapedType::kDynamic;
  /// Accumulated so far, of the tokens of the current level.
  Value importance;
  /// The last attention's result, as the ops behind it know it.
  Value output;
};

} // namespace

void TokenPruner::start(AttentionOp op) {
  OpBuilder &b = shrinker.getBuilder();
  b.setInsertionPoint(op);
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(b, op.getLoc(), op.getQuery());
  unsigned batch = op.getBatchRank(), rows = batch + 1;
  tokens = getConstantIntValue(sizes[rows]).value_or(ShapedType::kDynamic);
  Layout layout =
      shrinker.setAxis(sizes[rows], ArrayRef(sizes).take_front(batch));
  layout.insert(layout.end() - 1, Atoms());
  layout.emplace_back();
  for (Value operand : {op.getQuery(), op.getKey(), op.getValue()}) {
    auto type = cast<RankedTensorType>(operand.getType());
    for (unsigned dim : {batch, batch + 2})
      layout[dim] = shrinker.makeDim(type.getDimSize(dim));
    shrinker.track(operand, {operand, layout, 0});
  }
}

/// Is this a self-attention of the tokens that are being pruned? The first of
/// all says which ones these are.
bool TokenPruner::isLayer(AttentionOp op) {
  if (!shrinker.hasAxis()) {
    if (!isSelfAttention(op))
      return false;
    start(op);
    return true;
  }
  unsigned rows = op.getBatchRank() + 1;
  for (Value operand : {op.getQuery(), op.getKey()}) {
    const Shrinker::Tracked *tracked = shrinker.lookup(operand);
    if (!tracked || tracked->layout[rows] != Atoms{shrinker.getAxis()})
      return false;
  }
  return true;
}

LogicalResult TokenPruner::rebuild(AttentionOp op, unsigned level) {
  if (op.isInteger())
    return shrinker.block(op, "computes in integers; prune before quantizing");
  if (op.getTokenImportanceInit())
    return shrinker.block(op, "already reports token importance");
  OpBuilder &b = shrinker.getBuilder();
  b.setInsertionPoint(op);
  FailureOr<Shrinker::Flow> flow = shrinker.infer(op);
  if (failed(flow))
    return failure();
  SmallVector<Value> operands;
  for (auto [operand, layout] :
       llvm::zip_equal(op->getOperands(), flow->operands))
    operands.push_back(layout ? shrinker.shrink(operand, *layout, level)
                              : operand);
  if (op.getMask() && flow->operands[3] &&
      !shrinker.hasBatchIn(*flow->operands[3]))
    operands[3] = shrinker.gatherMask(op.getMask(), *flow->operands[3], level,
                                      op.getBatchRank() + 3);
  if (llvm::is_contained(operands, Value()))
    return shrinker.block(op,
                          "has an operand that cannot be gathered per batch");
  unsigned outs = op.getMask() ? 4 : 3;
  Location loc = op.getLoc();
  operands[outs] = tensor::EmptyOp::create(
      b, loc, shrinker.getSizes(op.getOutputInit(), flow->results[0], level),
      cast<RankedTensorType>(op.getOutputInit().getType()).getElementType());
  Layout tokensOfOp(flow->results[0].begin(), flow->results[0].end() - 1);
  tokensOfOp.erase(tokensOfOp.end() - 2);
  bool reports = needsImportance();
  if (reports && !importance)
    importance = scores.makeZeros(loc);
  Value tokenInit =
      shrinker.relayoutAt(importance, scores.getLayout(), tokensOfOp, level);
  Value headInit = op.getHeadImportanceInit();
  SmallVector<Type> types{operands[outs].getType()};
  if (reports)
    types.push_back(tokenInit.getType());
  if (headInit)
    types.push_back(headInit.getType());
  auto made = AttentionOp::create(
      b, loc, types, operands[0], operands[1], operands[2],
      op.getMask() ? operands[3] : Value(), operands[outs],
      reports ? tokenInit : Value(), headInit, op.getScaleAttr(),
      op.getCausalAttr(), op.getKeepValuesAttr());
  output = shrinker.replace(op.getOutput(), made.getOutput(), flow->results[0],
                            level);
  if (reports)
    importance = shrinker.relayoutAt(made.getTokenImportance(), tokensOfOp,
                                     scores.getLayout(), level);
  if (headInit)
    op.getHeadImportance().replaceAllUsesWith(made.getHeadImportance());
  shrinker.markDead(op);
  scores.noteMask(op, level);
  return success();
}

/// The layer's output is compacted at once.
void TokenPruner::carry(unsigned from, unsigned to) {
  Shrinker::Tracked tracked = *shrinker.lookup(output);
  tracked.now = shrinker.gather(tracked.now, tracked.layout, from, to);
  tracked.level = to;
  shrinker.track(output, tracked);
  importance = shrinker.gather(importance, scores.getLayout(), from, to);
}

namespace {
struct RarefyPruneTokens : impl::RarefyPruneTokensBase<RarefyPruneTokens> {
  using Base::Base;

  void runOnOperation() override {
    if (failed(forEachFunction(
            getArgument(), getOperation(),
            [&](Remarks remarks) { return pruneTokens(remarks); })))
      signalPassFailure();
  }

  LogicalResult pruneTokens(Remarks remarks) {
    FunctionOpInterface function = remarks.function;
    KeepOptions options{keep, counts, mean, start, end, front};
    if (failed(checkOptions(options, function.getLoc())))
      return failure();
    CascadeNames names{"TokensPruned", "TokensNotPruned"};
    if (!function.getFunctionBody().hasOneBlock()) {
      remarks.missed(names.notPruned, function.getLoc(), "function",
                     "has control flow");
      return success();
    }
    OwningOpRef<Operation *> scratch(function->clone());
    TokenPruner counter(cast<FunctionOpInterface>(*scratch), protect);
    if (failed(counter.run({})) || counter.getLayers() == 0) {
      remark::analysis(function.getLoc(), remarks.named("NoSelfAttention"))
          << "no attention of tokens among themselves";
      return success();
    }
    int64_t tokens = counter.getTokens();
    for (int64_t position : protect)
      if (!ShapedType::isDynamic(tokens) &&
          (position < -tokens || position >= tokens))
        return emitError(function.getLoc())
               << "expected protected positions from " << -tokens << " to "
               << tokens - 1 << ", found " << position;
    FailureOr<SmallVector<Keep>> schedule =
        makeSchedule(options, counter.getLayers(), tokens, function.getLoc());
    if (failed(schedule))
      return failure();
    OwningOpRef<Operation *> clone(function->clone());
    TokenPruner pruner(cast<FunctionOpInterface>(*clone), protect);
    applyCascade(remarks, names, *clone, pruner, *schedule);
    return success();
  }
};
} // namespace
} // namespace rarefy
