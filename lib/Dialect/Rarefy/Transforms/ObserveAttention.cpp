// Reports how large the operands of each attention get.

#include "AttentionScales.h"
#include "Remarks.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "rarefy/Dialect/Rarefy/Transforms/Emit.h"
#include "rarefy/Dialect/Rarefy/Transforms/Passes.h"

namespace rarefy {
#define GEN_PASS_DEF_RAREFYOBSERVEATTENTION
#include "rarefy/Dialect/Rarefy/Transforms/Passes.h.inc"

/// The largest |x|, NaN if there is one.
static Value makeLargest(ImplicitLocOpBuilder &b, Value x) {
  unsigned rank = cast<RankedTensorType>(x.getType()).getRank();
  Value zero = makeFilled(b, {}, b.getF32FloatAttr(0));
  Value largest = makeReduction(
      b, x, b.getMultiDimIdentityMap(rank),
      AffineMap::get(rank, 0, b.getContext()), zero,
      [](ImplicitLocOpBuilder &scalars, ValueRange args) -> Value {
        Value size = args[0];
        if (!size.getType().isF32())
          size = arith::ExtFOp::create(scalars, scalars.getF32Type(), size);
        size = math::AbsFOp::create(scalars, size);
        return arith::MaximumFOp::create(scalars, args[1], size);
      });
  return tensor::ExtractOp::create(b, largest, ValueRange());
}

/// Gives the function one more result: for each attention the largest |x| of
/// query, key and value.
static LogicalResult observe(Remarks remarks, Operation *root) {
  FunctionOpInterface function = remarks.function;
  SmallVector<AttentionOp> attentions = findFloatAttentions(function);
  if (attentions.empty()) {
    remark::analysis(function.getLoc(), remarks.named("NoAttention"))
        << "no attention";
    return success();
  }
  if (!SymbolTable::symbolKnownUseEmpty(function, root))
    return emitError(function.getLoc())
           << "expected a function that nothing calls, as it gets one more "
              "result, found uses of '"
           << function.getName() << "'";
  Region &body = function.getFunctionBody();
  for (AttentionOp op : attentions)
    if (!body.hasOneBlock() || op->getParentRegion() != &body)
      return emitError(op.getLoc())
             << "expected attention outside of control flow, to observe it";
  SmallVector<Value> largest;
  for (AttentionOp op : attentions) {
    ImplicitLocOpBuilder b(op.getLoc(), op);
    for (Value operand : {op.getQuery(), op.getKey(), op.getValue()})
      largest.push_back(makeLargest(b, operand));
  }
  Operation *terminator = body.front().getTerminator();
  ImplicitLocOpBuilder b(function.getLoc(), terminator);
  auto type =
      RankedTensorType::get({int64_t(attentions.size()), 3}, b.getF32Type());
  Value all = tensor::FromElementsOp::create(b, type, largest);
  terminator->insertOperands(terminator->getNumOperands(), all);
  auto name =
      b.getNamedAttr("rarefy.name", b.getStringAttr("attention_ranges"));
  return function.insertResult(function.getNumResults(), type,
                               b.getDictionaryAttr(name));
}

namespace {
struct RarefyObserveAttention
    : impl::RarefyObserveAttentionBase<RarefyObserveAttention> {
  using Base::Base;

  void runOnOperation() override {
    if (failed(forEachFunction(
            getArgument(), getOperation(),
            [&](Remarks remarks) { return observe(remarks, getOperation()); })))
      signalPassFailure();
  }
};
} // namespace
} // namespace rarefy
