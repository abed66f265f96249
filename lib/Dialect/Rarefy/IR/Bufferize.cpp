// Bufferization of the `rarefy` ops: an init's buffer becomes the result's.

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "rarefy/Dialect/Rarefy/IR/Rarefy.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace rarefy;
using bufferization::AnalysisState;

/// Whether the op reads what its init held before.
static bool readsInit(Operation *op, OpOperand &init) {
  return TypeSwitch<Operation *, bool>(op)
      // The importances accumulate; the output is written as a whole.
      .Case([&](AttentionOp attention) {
        return &init != &attention.getOutputInitMutable();
      })
      .Case([](ScatterOp) { return true; })
      .Default(false);
}

namespace {
template <typename OpTy>
struct DpsModel
    : bufferization::DstBufferizableOpInterfaceExternalModel<DpsModel<OpTy>,
                                                             OpTy> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const AnalysisState &) const {
    return !cast<DestinationStyleOpInterface>(op).isDpsInit(&operand) ||
           readsInit(op, operand);
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const bufferization::BufferizationOptions &options,
                          bufferization::BufferizationState &state) const {
    auto dps = cast<DestinationStyleOpInterface>(op);
    if (!dps.hasPureTensorSemantics())
      return success();
    SmallVector<Value> buffers;
    for (Value operand : op->getOperands()) {
      FailureOr<Value> buffer =
          bufferization::getBuffer(rewriter, operand, options, state);
      if (failed(buffer))
        return failure();
      buffers.push_back(*buffer);
    }
    SmallVector<Value> results;
    for (OpResult result : op->getResults())
      results.push_back(
          buffers[dps.getTiedOpOperand(result)->getOperandNumber()]);
    OpTy::create(rewriter, op->getLoc(), TypeRange{}, buffers, op->getAttrs());
    bufferization::replaceOpWithBufferizedValues(rewriter, op, results);
    return success();
  }
};
} // namespace

void rarefy::registerBufferization(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, RarefyDialect *) {
    AttentionOp::attachInterface<DpsModel<AttentionOp>>(*context);
    TopKOp::attachInterface<DpsModel<TopKOp>>(*context);
    GatherOp::attachInterface<DpsModel<GatherOp>>(*context);
    ScatterOp::attachInterface<DpsModel<ScatterOp>>(*context);
  });
}
