#ifndef RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_HOSTCODE_H
#define RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_HOSTCODE_H

#include "MemoryLayout.h"

namespace rarefy::spatten {

/// Replaces each call of `function` by a launch of `program`, which was made of
/// it. `tensors` are those of the program. Fails with an error where the
/// function is used in another way.
LogicalResult replaceCalls(func::FuncOp function, program::ProgramOp program,
                           ArrayRef<HostTensor> tensors);

} // namespace rarefy::spatten

#endif // RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_HOSTCODE_H
