#ifndef RAREFY_TOOLS_RAREFYSIM_TENSORS_H
#define RAREFY_TOOLS_RAREFYSIM_TENSORS_H

#include "rarefy/Runner/Array.h"
#include "rarefy/Sim/SpAtten.h"

namespace rarefy {

/// Fills the input tensors of `program` from `sources`: `name=source` is for
/// the tensor of that name, the others are in order, or one `random` or
/// `random:seed` for all that are left. Other sources are .npy files.
llvm::Error writeInputs(program::ProgramOp program,
                        spatten::DeviceMemory &memory,
                        ArrayRef<std::string> sources);

/// The output and state tensors of `program` with their names.
llvm::Expected<std::vector<std::pair<std::string, Array>>>
readOutputs(program::ProgramOp program, const spatten::DeviceMemory &memory);

/// Writes each tensor to `folder`, which is made if it is not there; none if it
/// has no name.
llvm::Error writeOutputs(ArrayRef<std::pair<std::string, Array>> outputs,
                         StringRef folder);

/// Prints the first elements of each tensor; nothing for none.
void printOutputs(ArrayRef<std::pair<std::string, Array>> outputs,
                  unsigned elements, raw_ostream &os);

} // namespace rarefy

#endif // RAREFY_TOOLS_RAREFYSIM_TENSORS_H
