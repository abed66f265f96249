// A function for each computation, one for those that differ in their buffers
// only.

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/OperationSupport.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "rarefy/Codegen/CPU/Passes.h"
#include "rarefy/Dialect/Rarefy/IR/Rarefy.h"
#include "llvm/ADT/SetVector.h"

namespace rarefy {
#define GEN_PASS_DEF_RAREFYCPUOUTLINE
#include "rarefy/Codegen/CPU/Passes.h.inc"

namespace {
/// True if `op` writes its one result and reads no buffer.
bool onlyWrites(linalg::LinalgOp op) {
  return op.getNumDpsInits() == 1 && op.hasPureBufferSemantics() &&
         !op.payloadUsesValueFromOperand(op.getDpsInitOperand(0)) &&
         llvm::none_of(
             op.getDpsInputs(),
             [](Value input) { return isa<MemRefType>(input.getType()); }) &&
         llvm::all_of(
             op.getBlock()->without_terminator(),
             [](Operation &inner) { return isMemoryEffectFree(&inner); });
}

/// Moves an op that fills a fresh buffer in front of the buffer's next user.
void sinkFill(linalg::LinalgOp fill) {
  Value buffer = fill.getDpsInitOperand(0)->get();
  if (!buffer.getDefiningOp<memref::AllocOp>())
    return;
  Operation *next = nullptr;
  for (Operation *user : buffer.getUsers()) {
    Operation *top = fill->getBlock()->findAncestorOpInBlock(*user);
    if (!top || top->isBeforeInBlock(fill))
      return;
    if (top != fill && (!next || top->isBeforeInBlock(next)))
      next = top;
  }
  if (next)
    fill->moveBefore(next);
}

/// A run of one or two ops that become a function.
struct Group {
  SmallVector<Operation *, 2> ops;
  SmallVector<Value> arguments;
};

bool isOutlined(Operation *op) {
  auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
  return (linalgOp && linalgOp.hasPureBufferSemantics()) ||
         isa<AttentionOp>(op) ||
         (isa<scf::ParallelOp, scf::ForallOp>(op) && op->getNumResults() == 0);
}

Operation *constantOf(Value value) {
  Operation *op = value.getDefiningOp();
  return op && op->hasTrait<OpTrait::ConstantLike>() ? op : nullptr;
}

/// The values that the ops use and do not define, but for constants.
SmallVector<Value> findArguments(ArrayRef<Operation *> ops) {
  llvm::SetVector<Value> values;
  for (Operation *root : ops)
    root->walk([&](Operation *op) {
      for (Value value : op->getOperands()) {
        Operation *owner = value.getParentBlock()->getParentOp();
        bool inside = root->isProperAncestor(owner) || owner == root;
        if (!inside && !constantOf(value))
          values.insert(value);
      }
    });
  return values.takeVector();
}

/// Both the same constant, or neither a constant.
bool agreeOnConstants(Value x, Value y) {
  Operation *cx = constantOf(x), *cy = constantOf(y);
  if (!cx && !cy)
    return true;
  return cx && cy && cx->getName() == cy->getName() &&
         cx->getAttrDictionary() == cy->getAttrDictionary();
}

/// If `b` computes as `a` does, what in `b` stands for each value of `a`.
std::optional<DenseMap<Value, Value>> match(const Group &a, const Group &b) {
  if (a.ops.size() != b.ops.size())
    return std::nullopt;
  DenseMap<Value, Value> values;
  auto check = [&](Value x, Value y) -> LogicalResult {
    return success(x.getType() == y.getType() && agreeOnConstants(x, y));
  };
  auto mark = [&](Value x, Value y) { values[x] = y; };
  SmallVector<Operation *> inA, inB;
  for (auto [x, y] : llvm::zip(a.ops, b.ops)) {
    if (!OperationEquivalence::isEquivalentTo(
            x, y, check, mark, OperationEquivalence::IgnoreLocations))
      return std::nullopt;
    x->walk([&](Operation *op) { inA.push_back(op); });
    y->walk([&](Operation *op) { inB.push_back(op); });
  }
  // Equal in structure: each value must stand for one value only.
  for (auto [x, y] : llvm::zip_equal(inA, inB))
    for (auto [u, v] : llvm::zip_equal(x->getOperands(), y->getOperands()))
      if (!constantOf(u) && values.try_emplace(u, v).first->second != v)
        return std::nullopt;
  return values;
}

struct RarefyCPUOutline : impl::RarefyCPUOutlineBase<RarefyCPUOutline> {
  void runOnOperation() override {
    SmallVector<Group> groups;
    for (auto func : getOperation().getOps<func::FuncOp>())
      if (!func.isDeclaration() && func.isPublic())
        collect(func, groups);
    // A function of one computation is as small as it gets.
    if (groups.size() == 1)
      return;
    SymbolTable symbols(getOperation());
    while (!groups.empty())
      share(groups, symbols);
  }

private:
  void collect(func::FuncOp func, SmallVectorImpl<Group> &groups) {
    SmallVector<linalg::LinalgOp> fills;
    func.walk([&](linalg::LinalgOp op) {
      if (onlyWrites(op))
        fills.push_back(op);
    });
    for (linalg::LinalgOp fill : llvm::reverse(fills))
      sinkFill(fill);
    func.walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (!isOutlined(op))
        return WalkResult::advance();
      Group group;
      auto previous = dyn_cast_or_null<linalg::LinalgOp>(op->getPrevNode());
      auto linalgOp = dyn_cast<linalg::LinalgOp>(op);
      if (linalgOp && previous && onlyWrites(previous) &&
          llvm::is_contained(linalgOp.getDpsInits(),
                             previous.getDpsInits()[0])) {
        group.ops.push_back(previous);
        groups.pop_back();
      }
      group.ops.push_back(op);
      groups.push_back(group);
      return WalkResult::skip();
    });
  }

  /// Takes the first group and all that match it out of `groups`.
  void share(SmallVectorImpl<Group> &groups, SymbolTable &symbols) {
    Group first = groups.front();
    SmallVector<Group> equal, rest;
    first.arguments = findArguments(first.ops);
    for (Group &group : MutableArrayRef(groups).drop_front()) {
      auto values = match(first, group);
      if (!values) {
        rest.push_back(group);
        continue;
      }
      for (Value argument : first.arguments)
        group.arguments.push_back(values->lookup(argument));
      equal.push_back(group);
    }
    groups.assign(rest.begin(), rest.end());
    equal.push_back(first);
    func::FuncOp func = createFunction(first, symbols);
    for (Group &group : equal) {
      IRRewriter rewriter(group.ops.front());
      func::CallOp::create(rewriter, group.ops.back()->getLoc(), func,
                           group.arguments);
      for (Operation *op : llvm::reverse(group.ops))
        rewriter.eraseOp(op);
    }
  }

  func::FuncOp createFunction(const Group &group, SymbolTable &symbols) {
    Operation *last = group.ops.back();
    Location loc = last->getLoc();
    OpBuilder b(&getContext());
    auto type = b.getFunctionType(ValueRange(group.arguments).getTypes(), {});
    auto func = func::FuncOp::create(b, loc, "kernel", type);
    func.setPrivate();
    // Inlined again, each call would cost compile time for nothing.
    func->setAttr("passthrough", b.getStrArrayAttr({"noinline"}));
    symbols.insert(func);
    Block *body = func.addEntryBlock();
    b.setInsertionPointToStart(body);
    IRMapping mapping;
    mapping.map(group.arguments, body->getArguments());
    for (Operation *root : group.ops)
      root->walk([&](Operation *op) {
        for (Value value : op->getOperands())
          if (Operation *constant = constantOf(value);
              constant && !root->isAncestor(constant) &&
              !mapping.contains(value))
            b.clone(*constant, mapping);
      });
    for (Operation *op : group.ops)
      b.clone(*op, mapping);
    func::ReturnOp::create(b, loc);
    return func;
  }
};
} // namespace
} // namespace rarefy
