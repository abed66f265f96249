// Attention of a host's function to functions of its own, for SpAtten.

#include "Machine.h"
#include "Plan.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/IR/TypeUtilities.h"
#include "rarefy/Conversion/Passes.h"
#include "rarefy/Dialect/Rarefy/Transforms/Emit.h"

namespace rarefy {
#define GEN_PASS_DEF_RAREFYOUTLINEATTENTION
#include "rarefy/Conversion/Passes.h.inc"

namespace spatten {
namespace {

/// A function of one attention is the same for all that agree in these.
using Signature = std::pair<FunctionType, DictionaryAttr>;

/// Moves the attentions of a module out of its functions.
class Outliner {
public:
  explicit Outliner(ModuleOp module) : symbols(module) {}

  /// Calls a function in place of `op`, and returns it.
  func::FuncOp outline(AttentionOp op);

private:
  func::FuncOp create(AttentionOp op, FunctionType type);

  SymbolTable symbols;
  DenseMap<Signature, func::FuncOp> functions;
};

} // namespace

/// What was counted before and what the device counted, of tokens without sign
/// and up to the largest number.
static Value add(ImplicitLocOpBuilder &b, Value init, Value counted) {
  if (isZero(init))
    return counted;
  Type element = getElementTypeOrSelf(init.getType());
  return makeElementwise(
      b, {init, counted}, element,
      [&](ImplicitLocOpBuilder &scalars, ValueRange args) -> Value {
        Value sum = arith::AddIOp::create(scalars, args[0], args[1]);
        if (!element.isInteger(32))
          return sum;
        Value largest =
            arith::ConstantOp::create(scalars, scalars.getI32IntegerAttr(-1));
        Value isOver = arith::CmpIOp::create(scalars, arith::CmpIPredicate::ult,
                                             sum, args[0]);
        return arith::SelectOp::create(scalars, isOver, largest, sum);
      });
}

/// A private function of one attention, whose importance starts at zero.
func::FuncOp Outliner::create(AttentionOp op, FunctionType type) {
  ImplicitLocOpBuilder b(op.getLoc(), op.getContext());
  auto function = func::FuncOp::create(b, "attention", type);
  function.setPrivate();
  function->setAttr(kProgramAttr, b.getUnitAttr());
  StringRef names[] = {"query", "key", "value"};
  for (auto [index, name] : llvm::enumerate(names))
    function.setArgAttr(index, "rarefy.name", b.getStringAttr(name));
  function.setResultAttr(0, "rarefy.name", b.getStringAttr("output"));
  b.setInsertionPointToStart(function.addEntryBlock());
  SmallVector<Value> operands(function.getArguments());
  for (auto [index, init] : llvm::enumerate(op.getDpsInits())) {
    auto tensor = cast<RankedTensorType>(init.getType());
    if (index == 0)
      operands.push_back(tensor::EmptyOp::create(b, tensor.getShape(),
                                                 tensor.getElementType()));
    else
      operands.push_back(arith::ConstantOp::create(b, b.getZeroAttr(tensor)));
  }
  Operation *attention = b.clone(*op);
  attention->setOperands(operands);
  func::ReturnOp::create(b, attention->getResults());
  symbols.insert(function);
  return function;
}

func::FuncOp Outliner::outline(AttentionOp op) {
  ImplicitLocOpBuilder b(op.getLoc(), op);
  SmallVector<Value> operands{op.getQuery(), op.getKey(), op.getValue()};
  FunctionType type =
      b.getFunctionType(ValueRange(operands).getTypes(), op->getResultTypes());
  func::FuncOp &function = functions[{type, op->getAttrDictionary()}];
  if (!function)
    function = create(op, type);
  auto call = func::CallOp::create(b, function, operands);
  SmallVector<Value> results{call.getResult(0)};
  for (auto [init, counted] : llvm::zip(llvm::drop_begin(op.getDpsInits()),
                                        llvm::drop_begin(call.getResults())))
    results.push_back(add(b, init, counted));
  op->replaceAllUsesWith(results);
  op->erase();
  return function;
}

/// `op` without its batch dimensions, all of one, which the device does not
/// know.
static AttentionOp dropBatch(AttentionOp op) {
  int64_t batch = op.getBatchRank();
  if (batch == 0)
    return op;
  ImplicitLocOpBuilder b(op.getLoc(), op);
  auto getGroups = [&](Value value) {
    SmallVector<ReassociationIndices> groups(1);
    for (int64_t dim = 0, e = cast<ShapedType>(value.getType()).getRank();
         dim < e; ++dim)
      if (dim <= batch)
        groups.front().push_back(dim);
      else
        groups.push_back({dim});
    return groups;
  };
  SmallVector<Value> operands, results;
  for (Value operand : op->getOperands())
    operands.push_back(
        tensor::CollapseShapeOp::create(b, operand, getGroups(operand)));
  auto flat = cast<AttentionOp>(b.clone(*op));
  flat->setOperands(operands);
  for (auto [before, result, init] : llvm::zip_equal(
           op->getResults(), flat->getResults(), flat.getDpsInits())) {
    result.setType(init.getType());
    results.push_back(tensor::ExpandShapeOp::create(b, before.getType(), result,
                                                    getGroups(before)));
  }
  op->replaceAllUsesWith(results);
  op->erase();
  return flat;
}

} // namespace spatten

namespace {
struct RarefyOutlineAttention
    : impl::RarefyOutlineAttentionBase<RarefyOutlineAttention> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<AttentionOp> attentions;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (!function->hasAttr(spatten::kProgramAttr))
        function.walk([&](AttentionOp op) { attentions.push_back(op); });
    if (attentions.empty()) {
      remark::missed(getOperation().getLoc(), named("NothingOutlined"))
          << remark::reason("no function has attention")
          << remark::suggest("run rarefy-raise-attention");
      return;
    }
    FailureOr<SpAttenConfig> machine = spatten::readMachine(
        attentions.front().getLoc(), config, llvm::to_vector(set));
    if (failed(machine))
      return signalPassFailure();
    spatten::Outliner outliner(getOperation());
    for (AttentionOp op : attentions)
      outline(op, *machine, outliner);
  }

private:
  remark::RemarkOpts named(StringRef name) {
    return remark::RemarkOpts::name(name).category(getArgument());
  }

  void outline(AttentionOp op, const SpAttenConfig &machine,
               spatten::Outliner &outliner) {
    StringRef host = op->getParentOfType<func::FuncOp>().getSymName();
    Location loc = op.getLoc();
    llvm::Expected<spatten::AttentionPlan> plan =
        spatten::findPlan(op, machine);
    if (!plan) {
      auto missed =
          remark::missed(loc, named("AttentionNotOutlined").function(host));
      missed << remark::reason("{0}", toString(plan.takeError()));
      if (!op.isInteger())
        missed << remark::suggest("run rarefy-quantize-attention");
      return;
    }
    func::FuncOp function = outliner.outline(spatten::dropBatch(op));
    remark::passed(loc, named("AttentionOutlined").function(host))
        << remark::metric("program", function.getSymName());
  }
};
} // namespace
} // namespace rarefy
