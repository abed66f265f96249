#ifndef RAREFY_SIM_TENSORS_H
#define RAREFY_SIM_TENSORS_H

#include "rarefy/Runner/Array.h"
#include "rarefy/Sim/SpAtten.h"

namespace rarefy::spatten {

/// Elements of arrays for `tensor`: its own, or the next wider ones that an
/// array can have.
llvm::Expected<ElementType> getArrayType(program::TensorOp tensor);

/// An array for all of `tensor`, not initialised.
llvm::Expected<Array> makeArray(program::TensorOp tensor);

/// Writes `tensor`, an input or a state, from an array of its shape. Integers
/// may have any width: those that do not fit are refused. After an error
/// nothing is written.
llvm::Error writeTensor(program::TensorOp tensor, DeviceMemory &memory,
                        const ArrayView &array);

/// Reads `tensor` into an array of its shape, and of the type that
/// `getArrayType` says.
llvm::Error readTensor(program::TensorOp tensor, const DeviceMemory &memory,
                       const ArrayView &array);

} // namespace rarefy::spatten

#endif // RAREFY_SIM_TENSORS_H
