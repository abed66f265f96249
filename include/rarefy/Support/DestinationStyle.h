#ifndef RAREFY_SUPPORT_DESTINATIONSTYLE_H
#define RAREFY_SUPPORT_DESTINATIONSTYLE_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "rarefy/Support/LLVM.h"

namespace rarefy {

/// On memrefs an op reads its inputs and inits and writes its inits; on tensors
/// it has no effect.
inline void
addDpsEffects(DestinationStyleOpInterface op,
              SmallVectorImpl<MemoryEffects::EffectInstance> &effects) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    effects.emplace_back(MemoryEffects::Read::get(), &operand);
    if (op.isDpsInit(&operand))
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
  }
}

} // namespace rarefy

#endif // RAREFY_SUPPORT_DESTINATIONSTYLE_H
