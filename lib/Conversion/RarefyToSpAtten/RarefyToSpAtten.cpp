// Functions on tensors to programs of SpAtten.

#include "HeadSelection.h"
#include "HostCode.h"
#include "Machine.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Matchers.h"
#include "rarefy/Conversion/Passes.h"
#include "llvm/ADT/TypeSwitch.h"

namespace rarefy {
#define GEN_PASS_DEF_CONVERTRAREFYTOSPATTEN
#include "rarefy/Conversion/Passes.h.inc"

namespace spatten {
namespace {

/// Importance of tokens: all of the first `size`, or those of `list`.
struct Importance {
  Value list;
  int64_t size;
  /// The importance of all tokens that it is a part of.
  Value whole;
  /// A token that is selected first: nothing but a selection may read it.
  std::optional<unsigned> protectedToken = std::nullopt;

  bool isOfAll() const { return !list && !protectedToken; }
};

/// Rows of an argument or a result: a part of it, of which lists say the heads
/// and the tokens, where there are any.
struct Rows {
  View view;
  Value heads = Value(), tokens = Value();

  bool isListed() const { return heads || tokens; }
};

/// Follows a function op by op. The device has one set of counters and one list
/// of kept tokens; what a value means is where in the device it is.
class FunctionLowering {
public:
  FunctionLowering(func::FuncOp function, ProgramBuilder &program)
      : function(function), program(program), memory(program, function),
        stream(program), heads(program, stream) {}

  LogicalResult run();
  SmallVector<HostTensor> getHostTensors() { return memory.getHostTensors(); }

private:
  LogicalResult assignRoles();
  LogicalResult lower(Operation *op);
  LogicalResult lower(tensor::ExtractSliceOp op);
  LogicalResult lower(tensor::InsertSliceOp op);
  LogicalResult lower(GatherOp op);
  LogicalResult lower(ScatterOp op);
  LogicalResult lower(AttentionOp op);
  LogicalResult lower(TopKOp op);
  LogicalResult lower(func::ReturnOp op);

  bool isRead(Value value);
  LogicalResult protect(tensor::InsertSliceOp op);
  LogicalResult count(AttentionOp op, AttentionPlan &plan, Value list);
  LogicalResult initialize(Operation *op, Value counters);
  Importance getImportance(Value value);
  LogicalResult activate(Operation *op, Value list, int64_t size);
  FailureOr<View> findTarget(AttentionOp op);
  FailureOr<Rows> getRows(Operation *op, Value value);
  const View *getView(Value value) const;

  func::FuncOp function;
  ProgramBuilder &program;
  DeviceMemory memory;
  RowStream stream;
  HeadSelection heads;

  DenseMap<Value, Rows> rows;
  DenseMap<Value, Importance> importances;
  /// Whether a selection, a result or an attention reads a value, or what it
  /// leads to; adding to an importance is no reading.
  DenseMap<Value, bool> read;
  /// Positions among those of another list, for a selection.
  DenseMap<Value, Value> local;
  /// What the counters hold, as values of the function.
  DenseSet<Value> counted;
  /// The list of kept tokens, or none and how many first tokens it has.
  Value activeList;
  int64_t activeSize = 0;
  /// A selection that is not yet the list.
  Value pending;
};

/// A list and a selection from it that became one list of tokens.
Value resolve(const DenseMap<Value, Value> &local, Value list) {
  if (auto gather = list ? list.getDefiningOp<GatherOp>() : GatherOp())
    if (local.contains(gather.getPositions()))
      return gather.getPositions();
  return list;
}

} // namespace

/// Whether `value` has the type of an importance of tokens.
static bool isCounters(Value value) {
  auto type = cast<RankedTensorType>(value.getType());
  return type.getRank() == 1 && type.getElementType().isInteger(32);
}

/// Whether all elements are the largest importance.
static bool isLargest(Value value) {
  DenseIntElementsAttr elements;
  return matchPattern(value, m_Constant(&elements)) && elements.isSplat() &&
         elements.getSplatValue<APInt>().isAllOnes();
}

/// Whether something behind `op` still reads `value`, or what `value` was
/// before an earlier insertion.
static bool isReadBehind(Operation *op, Value value) {
  return llvm::any_of(value.getUses(), [&](OpOperand &use) {
    Operation *user = use.getOwner();
    if (user == op)
      return false;
    if (op->isBeforeInBlock(user) ||
        (isa<tensor::InsertSliceOp>(user) && use.getOperandNumber() == 1))
      return true;
    return isa<tensor::ExtractSliceOp, GatherOp>(user) &&
           isReadBehind(op, user->getResult(0));
  });
}

/// Static offsets, strides of one and the dimensions that stay.
static bool isPlainSlice(OffsetSizeAndStrideOpInterface op) {
  return !llvm::any_of(op.getStaticOffsets(), ShapedType::isDynamic) &&
         !llvm::any_of(op.getStaticSizes(), ShapedType::isDynamic) &&
         llvm::all_of(op.getStaticStrides(),
                      [](int64_t stride) { return stride == 1; });
}

LogicalResult FunctionLowering::assignRoles() {
  WalkResult result = function.walk([&](AttentionOp op) -> WalkResult {
    FailureOr<AttentionPlan> plan = planAttention(op);
    if (failed(plan))
      return failure();
    RowFormat query{16, 0, false};
    if (failed(memory.assign(op, op.getQuery(), Role::Query, query, 0)) ||
        failed(memory.assign(op, op.getKey(), Role::Key, plan->key,
                             plan->lowBits)) ||
        failed(memory.assign(op, op.getValue(), Role::Value, plan->value, 0)))
      return failure();
    return success();
  });
  return failure(result.wasInterrupted());
}

bool FunctionLowering::isRead(Value value) {
  auto [entry, isNew] = read.try_emplace(value, false);
  if (!isNew)
    return entry->second;
  bool found = llvm::any_of(value.getUses(), [&](OpOperand &use) {
    Operation *user = use.getOwner();
    if (auto attention = dyn_cast<AttentionOp>(user)) {
      if (use.get() == attention.getTokenImportanceInit())
        return isRead(attention.getTokenImportance());
      return use.get() != attention.getHeadImportanceInit() ||
             isRead(attention.getHeadImportance());
    }
    return !isa<tensor::ExtractSliceOp, tensor::InsertSliceOp, GatherOp,
                ScatterOp>(user) ||
           isRead(user->getResult(0));
  });
  return read[value] = found;
}

LogicalResult FunctionLowering::lower(tensor::ExtractSliceOp op) {
  if (!isPlainSlice(op))
    return op.emitOpError("has no constant offsets, sizes and strides of 1");
  if (isCounters(op.getSource()) && op.getStaticOffsets()[0] == 0) {
    Importance part = getImportance(op.getSource());
    part.size = op.getStaticSizes()[0];
    importances[op.getResult()] = part;
    if (counted.contains(op.getSource()))
      counted.insert(op.getResult());
    return success();
  }
  const View *source = getView(op.getSource());
  if (!source)
    return op.emitOpError("reads what is no part of an argument");
  View view = *source;
  size_t skipped = view.offsets.size() - op.getStaticOffsets().size();
  for (auto [dim, offset] : llvm::enumerate(op.getStaticOffsets()))
    view.offsets[skipped + dim] += offset;
  rows[op.getResult()] = {view};
  return success();
}

/// The largest number in place of a token's importance has it selected first.
LogicalResult FunctionLowering::protect(tensor::InsertSliceOp op) {
  auto found = importances.find(op.getDest());
  if (found == importances.end() || !found->second.isOfAll() ||
      !counted.contains(op.getDest()) ||
      op.getSourceType().getNumElements() != 1)
    return op.emitOpError("protects what is no token among all");
  Importance result = found->second;
  result.protectedToken = op.getStaticOffsets()[0];
  importances[op.getResult()] = result;
  counted.insert(op.getResult());
  return success();
}

/// Appends rows to keys or values, or puts counters back in their place. An
/// insertion of an output is where the output is stored.
LogicalResult FunctionLowering::lower(tensor::InsertSliceOp op) {
  if (!isPlainSlice(op))
    return op.emitOpError("has no constant offsets, sizes and strides of 1");
  if (isLargest(op.getSource()))
    return protect(op);
  if (auto part = importances.find(op.getSource());
      part != importances.end() && op.getStaticOffsets()[0] == 0) {
    if (part->second.whole != op.getDest() || !part->second.isOfAll())
      return op.emitOpError("puts importance back where it did not come from");
    importances[op.getResult()] = {Value(), op.getResultType().getDimSize(0),
                                   op.getResult()};
    counted.insert(op.getResult());
    return success();
  }
  const View *source = getView(op.getSource()), *target = getView(op.getDest());
  if (!source || !target)
    return success(); // An output, whose attention has looked ahead to here.
  View whole = *target, to = whole;
  for (auto [dim, offset] : llvm::enumerate(op.getStaticOffsets()))
    to.offsets[to.offsets.size() - op.getStaticOffsets().size() + dim] +=
        offset;
  if (isReadBehind(op, op.getDest()))
    return op.emitOpError("overwrites a tensor that is still read");
  for (const CopyPlan &copy :
       memory.planCopies(*source, to, op.getSourceType()))
    stream.add(copy);
  rows[op.getResult()] = {whole};
  return success();
}

LogicalResult FunctionLowering::lower(GatherOp op) {
  Value source = op.getSource(), positions = op.getPositions();
  if (auto found = local.find(positions);
      found != local.end() && found->second == resolve(local, source))
    return success(); // Tokens at places of the list: the selection itself.
  if (heads.isSelection(op))
    return success();
  if (HeadSelection::isImportance(source))
    return heads.gather(op);
  if (isCounters(source) && getImportance(source).isOfAll()) {
    importances[op->getResult(0)] = {
        positions, cast<ShapedType>(op.getInit().getType()).getDimSize(0),
        source};
    if (counted.contains(source))
      counted.insert(op->getResult(0));
    return success();
  }
  auto found = rows.find(source);
  Rows result = found == rows.end() ? Rows() : found->second;
  Value &list = op.getDim() == 0 ? result.heads : result.tokens;
  if (found == rows.end() || op.getDim() > 1 || list)
    return op.emitOpError("gathers what is neither heads nor tokens of an "
                          "argument nor importance");
  list = positions;
  rows[op->getResult(0)] = result;
  return success();
}

LogicalResult FunctionLowering::lower(ScatterOp op) {
  auto part = importances.find(op.getSource());
  if (part == importances.end() || part->second.whole != op.getInit() ||
      part->second.list != op.getPositions())
    return op.emitOpError("puts back what is no importance from there");
  importances[op->getResult(0)] = {
      Value(), cast<ShapedType>(op.getInit().getType()).getDimSize(0),
      op->getResult(0)};
  counted.insert(op->getResult(0));
  return success();
}

/// Makes `list`, or the first `size` tokens, the list of kept tokens.
LogicalResult FunctionLowering::activate(Operation *op, Value list,
                                         int64_t size) {
  list = resolve(local, list);
  if (list == activeList && (list || activeSize == size))
    return success();
  stream.flush();
  program.waitForEngines();
  if (!list) {
    program.emit<KeepAllTokensOp>(0, 0, size);
  } else if (list == pending) {
    program.emit<KeepTokensOp>(0, 0);
    pending = Value();
  } else {
    return op->emitOpError("needs a list of tokens that the device no longer "
                           "has");
  }
  activeList = list;
  activeSize = size;
  return success();
}

/// What `value` says of importance; if nothing is known, that of all tokens.
Importance FunctionLowering::getImportance(Value value) {
  int64_t size = cast<ShapedType>(value.getType()).getDimSize(0);
  return importances.try_emplace(value, Importance{Value(), size, value})
      .first->second;
}

/// Puts the first importance into the counters.
LogicalResult FunctionLowering::initialize(Operation *op, Value counters) {
  if (counted.contains(counters))
    return success();
  Value whole = getImportance(counters).whole;
  int64_t size = cast<ShapedType>(whole.getType()).getDimSize(0);
  if (size > kMaxTokens)
    return op->emitOpError("counts the importance of ")
           << size << " tokens, the device counts " << kMaxTokens;
  if (!isZero(whole) || !counted.empty())
    return op->emitOpError("needs importance that the device does not have");
  program.emit<ClearTokensOp>(0, 0, size);
  counted.insert(counters);
  return success();
}

LogicalResult FunctionLowering::count(AttentionOp op, AttentionPlan &plan,
                                      Value list) {
  Value init = op.getTokenImportanceInit();
  Importance importance = getImportance(init);
  if (importance.list != list || importance.protectedToken)
    return op.emitOpError("counts the importance of other tokens than its "
                          "keys");
  if (failed(initialize(op, init)))
    return failure();
  counted.clear();
  counted.insert(op.getTokenImportance());
  importances[op.getTokenImportance()] = {list, plan.keys, importance.whole};
  return success();
}

/// Where the output of `op` goes: to a result of the function, as a whole or
/// through insertions.
FailureOr<View> FunctionLowering::findTarget(AttentionOp op) {
  Value value = op.getOutput();
  SmallVector<int64_t> offsets;
  while (value.hasOneUse()) {
    OpOperand &use = *value.getUses().begin();
    if (auto ret = dyn_cast<func::ReturnOp>(use.getOwner())) {
      unsigned root = memory.getResultRoot(use.getOperandNumber());
      offsets.resize(memory.getType(root).getRank());
      return View{root, offsets};
    }
    auto insert = dyn_cast<tensor::InsertSliceOp>(use.getOwner());
    if (!insert || !isPlainSlice(insert))
      break;
    if (use.get() == insert.getSource()) {
      if (!offsets.empty())
        break;
      llvm::append_range(offsets, insert.getStaticOffsets());
    }
    value = insert.getResult();
  }
  return op.emitOpError("has an output that is not inserted into a result at "
                        "constant offsets");
}

/// The rows that `value` stands for.
FailureOr<Rows> FunctionLowering::getRows(Operation *op, Value value) {
  auto found = rows.find(value);
  if (found == rows.end())
    return op->emitOpError("reads what is no part of an argument");
  return found->second;
}

/// The part of an argument or a result that `value` is as a whole, or null.
const View *FunctionLowering::getView(Value value) const {
  auto found = rows.find(value);
  return found == rows.end() || found->second.isListed() ? nullptr
                                                         : &found->second.view;
}

LogicalResult FunctionLowering::lower(AttentionOp op) {
  FailureOr<AttentionPlan> plan = planAttention(op);
  FailureOr<Rows> query = getRows(op, op.getQuery());
  FailureOr<Rows> key = getRows(op, op.getKey());
  FailureOr<Rows> value = getRows(op, op.getValue());
  FailureOr<View> output = findTarget(op);
  if (failed(plan) || failed(query) || failed(key) || failed(value) ||
      failed(output))
    return failure();
  if (query->tokens || key->tokens != value->tokens)
    return op.emitOpError("has keys and values of different tokens");
  if (query->heads != key->heads || key->heads != value->heads)
    return op.emitOpError("has queries, keys and values of different heads");
  plan->gather = key->tokens != nullptr;
  plan->addTokens = plan->addTokens && isRead(op.getTokenImportance());
  plan->addHeads = plan->addHeads && isRead(op.getHeadImportance());
  if ((plan->gather || plan->addTokens) &&
      failed(activate(op, key->tokens, plan->keys)))
    return failure();
  if ((key->heads && failed(heads.activate(op, key->heads))) ||
      (plan->addTokens && failed(count(op, *plan, key->tokens))) ||
      (plan->addHeads && failed(heads.count(op, key->heads))))
    return failure();
  plan->query = memory.getHigh(query->view, Role::Query);
  plan->keyHigh = memory.getHigh(key->view, Role::Key);
  if (plan->lowBits)
    plan->keyLow = memory.getLow(key->view);
  plan->values = memory.getHigh(value->view, Role::Value);
  plan->output = memory.getHigh(*output, Role::Output);
  return stream.add(*plan, [&] { return op.emitOpError(); });
}

LogicalResult FunctionLowering::lower(TopKOp op) {
  if (HeadSelection::isImportance(op.getScores()))
    return heads.select(op);
  auto found = importances.find(op.getScores());
  if (found == importances.end() || !counted.contains(op.getScores()))
    return op.emitOpError("selects by an importance that the device does not "
                          "have");
  const Importance &importance = found->second;
  auto type = cast<ShapedType>(op.getInit().getType());
  if (!type.hasStaticShape())
    return op.emitOpError("selects a number of tokens that is not constant");
  Value list = resolve(local, importance.list);
  if (list && list != activeList)
    return op.emitOpError("selects among tokens that the device no longer has");
  stream.flush();
  // A slice may leave the token out.
  if (importance.protectedToken.value_or(importance.size) < importance.size)
    program.emit<ProtectOp>(0, 0, *importance.protectedToken);
  // The values of the last rows may still be on their way.
  program.waitForEngine(Engine::Accumulate);
  program.emit<TopkTokensOp>(0, 0, importance.size, type.getDimSize(0), !list);
  pending = op->getResult(0);
  if (list)
    local[pending] = list;
  return success();
}

/// Stores what the device holds; outputs are there.
LogicalResult FunctionLowering::lower(func::ReturnOp op) {
  stream.flush();
  program.waitForEngines();
  for (OpOperand &operand : op->getOpOperands()) {
    Value value = operand.get();
    unsigned root = memory.getResultRoot(operand.getOperandNumber());
    if (value.getType() == memory.getType(root) &&
        cast<ShapedType>(value.getType()).getElementType().isInteger(16))
      continue;
    if (heads.isOfAll(value)) {
      auto type = cast<ShapedType>(value.getType());
      program.emit<StoreHeadsOp>(0, 0, 0, type.getDimSize(0),
                                 memory.getPlain(root));
      continue;
    }
    auto found = importances.find(value);
    if (found == importances.end() || !counted.contains(value) ||
        !found->second.isOfAll())
      return op.emitOpError("returns operand ")
             << operand.getOperandNumber()
             << ", which is neither an output nor the importance of all tokens "
                "or heads";
    program.emit<StoreTokensOp>(0, 0, 0, found->second.size,
                                memory.getPlain(root));
  }
  program.emit<HaltOp>();
  return success();
}

LogicalResult FunctionLowering::lower(Operation *operation) {
  program.setLoc(operation->getLoc());
  // An importance that nobody reads is not counted.
  if (isa<tensor::ExtractSliceOp, tensor::InsertSliceOp, GatherOp, ScatterOp>(
          operation) &&
      (isCounters(operation->getResult(0)) ||
       HeadSelection::isImportance(operation->getResult(0))) &&
      !isRead(operation->getResult(0)))
    return success();
  return llvm::TypeSwitch<Operation *, LogicalResult>(operation)
      .Case<tensor::ExtractSliceOp, tensor::InsertSliceOp, GatherOp, ScatterOp,
            AttentionOp, TopKOp, func::ReturnOp>(
          [&](auto op) { return lower(op); })
      .Case<arith::ConstantOp, tensor::EmptyOp, linalg::FillOp>(
          [](auto) { return success(); })
      .Default([](Operation *op) {
        return op->emitOpError("is not an op that SpAtten has instructions "
                               "for");
      });
}

LogicalResult FunctionLowering::run() {
  if (!function.getBody().hasOneBlock())
    return function.emitOpError("expects one block to become a program");
  for (BlockArgument argument : function.getArguments()) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    if (!type || !type.hasStaticShape())
      return function.emitOpError("has an argument of type ")
             << argument.getType() << ", a program has static tensors";
    rows[argument] = {
        View{argument.getArgNumber(), SmallVector<int64_t>(type.getRank())}};
  }
  if (failed(assignRoles()) || failed(memory.allocate()))
    return failure();
  for (Operation &op : function.getBody().front())
    if (failed(lower(&op)))
      return failure();
  return success();
}

} // namespace spatten

namespace {
struct ConvertRarefyToSpAtten
    : impl::ConvertRarefyToSpAttenBase<ConvertRarefyToSpAtten> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<func::FuncOp> functions;
    getOperation().walk([&](func::FuncOp function) {
      if (function->hasAttr(spatten::kProgramAttr))
        functions.push_back(function);
    });
    if (functions.empty())
      return;
    FailureOr<SpAttenConfig> machine = spatten::readMachine(
        functions.front().getLoc(), config, llvm::to_vector(set));
    if (failed(machine))
      return signalPassFailure();
    for (func::FuncOp function : functions) {
      OpBuilder b(function);
      spatten::ProgramBuilder program(b, function.getLoc(), function.getName(),
                                      *machine);
      spatten::FunctionLowering lowering(function, program);
      if (failed(lowering.run()) ||
          failed(spatten::replaceCalls(function, program.getProgram(),
                                       lowering.getHostTensors())))
        return signalPassFailure();
      function.erase();
    }
  }
};
} // namespace
} // namespace rarefy
