// Bufferization of the `rarefy` ops: an init's buffer becomes the result's.

#include "rarefy/Dialect/Rarefy/IR/Rarefy.h"
#include "rarefy/Support/Bufferization.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace rarefy;

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

template <typename OpTy> using Model = DpsBufferization<OpTy, readsInit>;

void rarefy::registerBufferization(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, RarefyDialect *) {
    AttentionOp::attachInterface<Model<AttentionOp>>(*context);
    TopKOp::attachInterface<Model<TopKOp>>(*context);
    GatherOp::attachInterface<Model<GatherOp>>(*context);
    ScatterOp::attachInterface<Model<ScatterOp>>(*context);
  });
}
