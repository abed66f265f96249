// Functions on tensors to programs of SpAtten.

#include "HeadSelection.h"
#include "HostCode.h"
#include "Machine.h"
#include "TokenSelection.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"
#include "rarefy/Conversion/Passes.h"
#include "llvm/ADT/TypeSwitch.h"

namespace rarefy {
#define GEN_PASS_DEF_CONVERTRAREFYTOSPATTEN
#include "rarefy/Conversion/Passes.h.inc"

namespace spatten {
namespace {

/// Rows of an argument or a result: a part of it, of which lists say the heads
/// and the tokens, where there are any.
struct Rows {
  View view;
  Value heads = Value(), tokens = Value();

  bool isListed() const { return heads || tokens; }
};

/// Follows a function op by op: what a value means is where in the device it
/// is.
class FunctionLowering {
public:
  FunctionLowering(func::FuncOp function, ProgramBuilder &program)
      : function(function), program(program), memory(program, function),
        stream(program), tokens(program, stream), heads(program, stream) {}

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
  FailureOr<View> findTarget(AttentionOp op);
  FailureOr<Rows> getRows(Operation *op, Value value);
  const View *getView(Value value) const;

  func::FuncOp function;
  ProgramBuilder &program;
  MemoryLayout memory;
  RowStream stream;
  TokenSelection tokens;
  HeadSelection heads;

  DenseMap<Value, Rows> rows;
  /// Whether a selection, a result or an attention reads a value, or what it
  /// leads to; adding to an importance is no reading.
  DenseMap<Value, bool> read;
  /// The values of outputs that are stored as results.
  DenseSet<Value> stored;
};

} // namespace

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

/// Whether two slices of a tensor share no element; strides are at least 1.
static bool areDisjoint(tensor::ExtractSliceOp a, tensor::ExtractSliceOp b) {
  auto isBefore = [](tensor::ExtractSliceOp a, tensor::ExtractSliceOp b,
                     size_t dim) {
    int64_t begin = a.getStaticOffsets()[dim], size = a.getStaticSizes()[dim];
    int64_t other = b.getStaticOffsets()[dim];
    return !ShapedType::isDynamic(begin) && !ShapedType::isDynamic(size) &&
           !ShapedType::isDynamic(other) && begin + size <= other;
  };
  return llvm::any_of(
      llvm::seq<size_t>(a.getStaticOffsets().size()),
      [&](size_t dim) { return isBefore(a, b, dim) || isBefore(b, a, dim); });
}

/// Whether something behind `op` reads the memory of `slice`, which it writes,
/// as a part of what that is a slice of.
static bool isReadAround(Operation *op, tensor::ExtractSliceOp slice) {
  if (!slice)
    return false;
  for (Operation *user : slice.getSource().getUsers()) {
    auto other = dyn_cast<tensor::ExtractSliceOp>(user);
    if (other && (other == slice || areDisjoint(slice, other)))
      continue;
    bool isPart = isa<tensor::ExtractSliceOp, GatherOp>(user);
    if (isPart ? isReadBehind(op, user->getResult(0))
               : op->isBeforeInBlock(user) || isa<tensor::InsertSliceOp>(user))
      return true;
  }
  return isReadAround(
      op, slice.getSource().getDefiningOp<tensor::ExtractSliceOp>());
}

static bool hasConstantPlace(OffsetSizeAndStrideOpInterface op) {
  return !llvm::any_of(op.getStaticOffsets(), ShapedType::isDynamic) &&
         !llvm::any_of(op.getStaticSizes(), ShapedType::isDynamic) &&
         llvm::all_of(op.getStaticStrides(),
                      [](int64_t stride) { return stride == 1; });
}

/// Whether a slice of `whole` has whole rows of one set of heads: of the last
/// three dimensions all but the depth may be a part, those before are places.
static bool isOfRows(OffsetSizeAndStrideOpInterface op, RankedTensorType whole,
                     RankedTensorType part) {
  ArrayRef<int64_t> sizes = op.getStaticSizes();
  int64_t rank = sizes.size();
  return hasConstantPlace(op) && rank >= 3 && part.getRank() >= 3 &&
         llvm::all_of(sizes.drop_back(part.getRank()),
                      [](int64_t size) { return size == 1; }) &&
         sizes.take_back(part.getRank()) == part.getShape() &&
         sizes.back() == whole.getShape().back();
}

/// Whether an earlier insertion into the same tensor reaches into the place of
/// `op`: outputs are stored in the order of their attentions.
static bool overwrites(tensor::InsertSliceOp op) {
  auto meets = [&](tensor::InsertSliceOp other) {
    return llvm::all_of(llvm::seq<size_t>(op.getStaticOffsets().size()),
                        [&](size_t dim) {
                          int64_t at = op.getStaticOffsets()[dim];
                          int64_t before = other.getStaticOffsets()[dim];
                          return at < before + other.getStaticSizes()[dim] &&
                                 before < at + op.getStaticSizes()[dim];
                        });
  };
  auto other = op.getDest().getDefiningOp<tensor::InsertSliceOp>();
  while (other && !meets(other))
    other = other.getDest().getDefiningOp<tensor::InsertSliceOp>();
  return other != nullptr;
}

LogicalResult FunctionLowering::assignRoles() {
  WalkResult result = function.walk([&](AttentionOp op) -> WalkResult {
    FailureOr<AttentionPlan> plan = planAttention(op, program.getConfig());
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
  if (TokenSelection::isImportance(op.getSource()) && hasConstantPlace(op) &&
      op.getStaticOffsets()[0] == 0)
    return tokens.slice(op);
  const View *source = getView(op.getSource());
  if (!source)
    return op.emitOpError("reads what is no part of an argument");
  if (!isOfRows(op, op.getSourceType(), op.getResultType()))
    return op.emitOpError("has no constant offsets and sizes of whole rows, "
                          "with strides of 1");
  rows[op.getResult()] = {source->at(op.getStaticOffsets())};
  return success();
}

/// Appends rows to keys or values, or puts importance back in its place. An
/// insertion of an output is where the output is stored.
LogicalResult FunctionLowering::lower(tensor::InsertSliceOp op) {
  if (TokenSelection::isImportance(op.getSource()) && hasConstantPlace(op))
    return tokens.insert(op);
  if (!isOfRows(op, op.getDestType(), op.getSourceType()))
    return op.emitOpError("has no constant offsets and sizes of whole rows, "
                          "with strides of 1");
  const View *source = getView(op.getSource()), *target = getView(op.getDest());
  if (op.getSource().getDefiningOp<AttentionOp>()) // It has looked ahead here.
    return overwrites(op) ? op.emitOpError("overwrites another output")
                          : success();
  if (!source || !target)
    return op.emitOpError("inserts what is neither an output nor all rows of a "
                          "part of an argument");
  if (op.getSourceType().getRank() != 3)
    return op.emitOpError("appends to more than one set of heads");
  if (isReadBehind(op, op.getDest()) ||
      isReadAround(op, op.getDest().getDefiningOp<tensor::ExtractSliceOp>()))
    return op.emitOpError("overwrites a tensor that is still read");
  if (memory.isQuery(target->root))
    return op.emitOpError("appends to an argument that is read as queries");
  View whole = *target;
  for (const CopyPlan &copy : memory.planCopies(
           *source, whole.at(op.getStaticOffsets()), op.getSourceType()))
    stream.add(copy);
  rows[op.getResult()] = {whole};
  return success();
}

LogicalResult FunctionLowering::lower(GatherOp op) {
  if (tokens.isSelection(op) || heads.isSelection(op))
    return success();
  if (HeadSelection::isImportance(op.getSource()))
    return heads.gather(op);
  if (tokens.isPlaces(op.getPositions()) || heads.isPlaces(op.getPositions()))
    return op.emitOpError("gathers by places in a list of positions, and no "
                          "positions");
  if (TokenSelection::isImportance(op.getSource()))
    return tokens.gather(op);
  auto found = rows.find(op.getSource());
  Rows result = found == rows.end() ? Rows() : found->second;
  Value &list = op.getDim() == 0 ? result.heads : result.tokens;
  if (found == rows.end() || op.getDim() > 1 || list)
    return op.emitOpError("gathers what is neither heads nor tokens of an "
                          "argument nor importance");
  list = op.getPositions();
  rows[op->getResult(0)] = result;
  return success();
}

LogicalResult FunctionLowering::lower(ScatterOp op) {
  return tokens.scatter(op);
}

/// Whether outputs alone were inserted into `value`, which was empty or zero,
/// as what a program does not write is.
static bool isOfOutputs(Value value) {
  while (auto insert = value.getDefiningOp<tensor::InsertSliceOp>()) {
    if (!insert.getSource().getDefiningOp<AttentionOp>())
      return false;
    value = insert.getDest();
  }
  return value.getDefiningOp<tensor::EmptyOp>() || isZero(value);
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
      stored.insert(value);
      return View{root, offsets};
    }
    auto insert = dyn_cast<tensor::InsertSliceOp>(use.getOwner());
    if (!insert ||
        !isOfRows(insert, insert.getDestType(), insert.getSourceType()))
      break;
    if (use.get() == insert.getSource()) {
      if (!offsets.empty() || !isOfOutputs(insert.getDest()))
        break;
      llvm::append_range(offsets, insert.getStaticOffsets());
    }
    value = insert.getResult();
  }
  return op.emitOpError("has an output that is not inserted into a result of "
                        "outputs at constant offsets");
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
  FailureOr<AttentionPlan> plan = planAttention(op, program.getConfig());
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
      failed(tokens.activate(op, key->tokens, plan->keys)))
    return failure();
  if ((key->heads && failed(heads.activate(op, key->heads))) ||
      (plan->addTokens && failed(tokens.count(op, key->tokens))) ||
      (plan->addHeads && failed(heads.count(op, key->heads))))
    return failure();
  plan->query = memory.getHigh(query->view, Role::Query);
  plan->keyHigh = memory.getHigh(key->view, Role::Key);
  if (plan->lowBits)
    plan->keyLow = memory.getLow(key->view);
  plan->values = memory.getHigh(value->view, Role::Value);
  plan->output = memory.getHigh(*output, Role::Output);
  stream.add(*plan);
  return success();
}

LogicalResult FunctionLowering::lower(TopKOp op) {
  if (HeadSelection::isImportance(op.getScores()))
    return heads.select(op);
  return tokens.select(op);
}

/// Stores what the device holds; outputs are there.
LogicalResult FunctionLowering::lower(func::ReturnOp op) {
  stream.flush();
  program.waitForEngines();
  for (OpOperand &operand : op->getOpOperands()) {
    Value value = operand.get();
    unsigned root = memory.getResultRoot(operand.getOperandNumber());
    if (stored.contains(value))
      continue;
    int64_t size = memory.getType(root).getDimSize(0);
    if (heads.isOfAll(value))
      program.emit<StoreHeadsOp>(0, 0, 0, size, memory.getPlain(root));
    else if (tokens.isOfAll(value))
      program.emit<StoreTokensOp>(0, 0, 0, size, memory.getPlain(root));
    else
      return op.emitOpError("returns operand ")
             << operand.getOperandNumber()
             << ", which is neither an output nor the importance of all tokens "
                "or heads";
  }
  program.emit<HaltOp>();
  return success();
}

LogicalResult FunctionLowering::lower(Operation *operation) {
  program.setLoc(operation->getLoc());
  // An importance that nobody reads is not counted.
  if (isa<tensor::ExtractSliceOp, tensor::InsertSliceOp, GatherOp, ScatterOp>(
          operation) &&
      (TokenSelection::isImportance(operation->getResult(0)) ||
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
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->hasAttr(spatten::kProgramAttr))
        functions.push_back(function);
    if (functions.empty()) {
      remark::analysis(
          getOperation().getLoc(),
          remark::RemarkOpts::name("NoProgram").category(getArgument()))
          << "no function has the attribute spatten.program"
          << remark::suggest("run rarefy-outline-attention");
      return;
    }
    // Before a call becomes the host's code around a launch.
    for (func::FuncOp function : functions)
      if (auto calls = function.getOps<func::CallOp>(); !calls.empty()) {
        (*calls.begin())->emitOpError("calls a function from a program");
        return signalPassFailure();
      }
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
