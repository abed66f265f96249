// Cascade token pruning: importance, selection, and smaller tensors behind it.

#include "Lineage.h"
#include "Remarks.h"
#include "Schedule.h"
#include "Shrink.h"
#include "TokenScores.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Transforms/RegionUtils.h"
#include "rarefy/Dialect/Rarefy/Transforms/Passes.h"

namespace rarefy {
#define GEN_PASS_DEF_RAREFYPRUNETOKENS
#include "rarefy/Dialect/Rarefy/Transforms/Passes.h.inc"

namespace {

/// A compaction, for remarks.
struct Cut {
  Location loc;
  int64_t layer, from, to;
};

/// Prunes the tokens of one function, in place.
class TokenPruner {
public:
  TokenPruner(FunctionOpInterface function, ArrayRef<int64_t> protect)
      : function(function), shrinker(function->getContext()),
        scores(shrinker, protect) {}

  /// Prunes to a schedule. Without one it only counts the layers.
  LogicalResult run(ArrayRef<Keep> schedule);

  int64_t getLayers() const { return layers; }
  /// How many tokens there are, if that is static.
  int64_t getTokens() const { return tokens; }
  ArrayRef<Cut> getCuts() const { return cuts; }
  const Shrinker &getShrinker() const { return shrinker; }

private:
  bool isLayer(AttentionOp op);
  void start(AttentionOp op);
  LogicalResult visitLayer(AttentionOp op);
  LogicalResult prune(AttentionOp op, unsigned level);
  LogicalResult rebuild(AttentionOp op, unsigned level);
  OpFoldResult countNext(AttentionOp op, unsigned level);

  FunctionOpInterface function;
  Shrinker shrinker;
  TokenScores scores;
  ArrayRef<Keep> schedule;
  int64_t layers = 0, lastCut = -1, tokens = ShapedType::kDynamic;
  /// Accumulated so far, of the tokens of the current level.
  Value importance;
  /// The last attention's result, as the ops behind it know it.
  Value output;
  SmallVector<Cut> cuts;
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

/// The attention at `level`, adding to the importance if a cut will need it.
LogicalResult TokenPruner::rebuild(AttentionOp op, unsigned level) {
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
  if (layers <= lastCut && !importance)
    importance = scores.makeZeros(loc);
  Value tokenInit =
      shrinker.relayoutAt(importance, scores.getLayout(), tokensOfOp, level);
  Value headInit = op.getHeadImportanceInit();
  bool reports = layers <= lastCut;
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
  return success();
}

OpFoldResult TokenPruner::countNext(AttentionOp op, unsigned level) {
  return countKept(shrinker.getBuilder(), op.getLoc(), schedule[layers + 1],
                   shrinker.getLevel(0).size, scores.countProtected(),
                   shrinker.getLevel(level).size);
}

/// Chooses the tokens that go on behind `op`.
LogicalResult TokenPruner::prune(AttentionOp op, unsigned level) {
  OpBuilder &b = shrinker.getBuilder();
  Location loc = op.getLoc();
  OpFoldResult size = countNext(op, level);
  if (size == shrinker.getLevel(level).size)
    return success();
  SmallVector<OpFoldResult> sizes(shrinker.getBatchSizes());
  sizes.push_back(size);
  Value init = tensor::EmptyOp::create(b, loc, sizes, b.getI32Type());
  Value positions = TopKOp::create(b, loc, init.getType(),
                                   scores.score(loc, importance, level), init)
                        ->getResult(0);
  unsigned next = shrinker.addLevel(b, loc, positions);
  Shrinker::Tracked tracked = *shrinker.lookup(output);
  tracked.now = shrinker.gather(tracked.now, tracked.layout, level, next);
  tracked.level = next;
  shrinker.track(output, tracked);
  importance = shrinker.gather(importance, scores.getLayout(), level, next);
  auto known = [](OpFoldResult ofr) {
    return getConstantIntValue(ofr).value_or(ShapedType::kDynamic);
  };
  cuts.push_back(
      {loc, layers, known(shrinker.getLevel(level).size), known(size)});
  return success();
}

LogicalResult TokenPruner::visitLayer(AttentionOp op) {
  if (schedule.empty())
    return shrinker.visit(op);
  if (op.getTokenImportanceInit())
    return shrinker.block(op, "already reports token importance");
  unsigned level = shrinker.getOperandLevel(op);
  if (failed(rebuild(op, level)))
    return failure();
  scores.noteMask(op, level);
  if (layers + 1 < static_cast<int64_t>(schedule.size()) &&
      schedule[layers + 1] != schedule[layers])
    return prune(op, level);
  return success();
}

LogicalResult TokenPruner::run(ArrayRef<Keep> keeps) {
  schedule = keeps;
  for (size_t i = 1; i < schedule.size(); ++i)
    if (schedule[i] != schedule[i - 1])
      lastCut = i - 1;
  for (Operation &op : llvm::make_early_inc_range(function.front())) {
    auto attention = dyn_cast<AttentionOp>(op);
    bool layer = attention && isLayer(attention);
    if (failed(layer ? visitLayer(attention) : shrinker.visit(&op)))
      return failure();
    layers += layer;
  }
  shrinker.eraseDead();
  IRRewriter rewriter(function->getContext());
  (void)runRegionDCE(rewriter, function->getRegions());
  return success();
}

namespace {
struct RarefyPruneTokens : impl::RarefyPruneTokensBase<RarefyPruneTokens> {
  using Base::Base;

  void runOnOperation() override {
    if (failed(forEachFunction(getOperation(), [&](FunctionOpInterface f) {
          return pruneIn({getArgument(), f});
        })))
      signalPassFailure();
  }

  LogicalResult pruneIn(Remarks remarks) {
    FunctionOpInterface function = remarks.function;
    auto miss = [&](Location loc, StringRef what, StringRef why) {
      remark::missed(loc, remarks.named("TokensNotPruned"))
          << what << remark::reason("{0}", why.str());
    };
    if (!function.getFunctionBody().hasOneBlock()) {
      miss(function.getLoc(), "function", "has control flow");
      return success();
    }
    OwningOpRef<Operation *> scratch(function->clone());
    TokenPruner counter(cast<FunctionOpInterface>(*scratch), protect);
    if (failed(counter.run({})) || counter.getLayers() == 0) {
      remark::analysis(function.getLoc(), remarks.named("NoSelfAttention"))
          << "no attention of tokens among themselves";
      return success();
    }
    FailureOr<SmallVector<Keep>> schedule = checkOptions(function, counter);
    if (failed(schedule))
      return failure();
    // The clone becomes the function if every op can be followed.
    OwningOpRef<Operation *> clone(function->clone());
    TokenPruner pruner(cast<FunctionOpInterface>(*clone), protect);
    if (failed(pruner.run(*schedule))) {
      Operation *blocker = pruner.getShrinker().getBlocker();
      miss(blocker->getLoc(), blocker->getName().getStringRef(),
           pruner.getShrinker().getReason());
      return success();
    }
    report(remarks, pruner, *clone);
    function.getFunctionBody().takeBody((*clone)->getRegion(0));
    return success();
  }

  FailureOr<SmallVector<Keep>> checkOptions(FunctionOpInterface function,
                                            const TokenPruner &counter) {
    auto emitError = [&] { return function.emitError(); };
    int64_t tokens = counter.getTokens();
    for (int64_t position : protect)
      if (!ShapedType::isDynamic(tokens) &&
          (position < -tokens || position >= tokens)) {
        function.emitError("expected protected positions from ")
            << -tokens << " to " << tokens - 1 << ", found " << position;
        return failure();
      }
    return makeSchedule({keep, counts, mean, start, end, front},
                        counter.getLayers(), tokens, emitError);
  }

  static void report(Remarks remarks, const TokenPruner &pruner,
                     Operation *after) {
    auto size = [](int64_t n) {
      return ShapedType::isDynamic(n) ? std::string("?") : std::to_string(n);
    };
    for (const Cut &cut : pruner.getCuts())
      remark::passed(cut.loc, remarks.named("TokensPruned"))
          << remark::metric("layer", cut.layer + 1)
          << remark::metric("from", size(cut.from))
          << remark::metric("to", size(cut.to));
    reportCascade(remarks, pruner.getLayers(), pruner.getCuts().size(), after);
  }
};
} // namespace
} // namespace rarefy
