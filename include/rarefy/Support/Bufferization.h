#ifndef RAREFY_SUPPORT_BUFFERIZATION_H
#define RAREFY_SUPPORT_BUFFERIZATION_H

#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "rarefy/Support/LLVM.h"

namespace rarefy {

/// Bufferization of an op in destination style: an init's buffer becomes the
/// result's. `readsInit` says whether the op reads what an init held before.
template <typename OpTy, bool (*readsInit)(Operation *, OpOperand &)>
struct DpsBufferization
    : bufferization::DstBufferizableOpInterfaceExternalModel<
          DpsBufferization<OpTy, readsInit>, OpTy> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const bufferization::AnalysisState &) const {
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

} // namespace rarefy

#endif // RAREFY_SUPPORT_BUFFERIZATION_H
