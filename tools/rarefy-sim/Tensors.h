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

/// The files of `sources`, with or without a name in front.
std::vector<std::string> listFiles(ArrayRef<std::string> sources);

/// The files in `folder` that `writeOutputs` will write; none if it has no
/// name. An error if it is there and no folder.
llvm::Expected<std::vector<std::string>> listOutputs(program::ProgramOp program,
                                                     StringRef folder);

/// The output and state tensors of `program` with their names.
llvm::Expected<std::vector<std::pair<std::string, Array>>>
readOutputs(program::ProgramOp program, const spatten::DeviceMemory &memory);

/// Writes each tensor to its file of `listOutputs`, in `folder`, which is made
/// if it is not there.
llvm::Error writeOutputs(ArrayRef<std::pair<std::string, Array>> outputs,
                         ArrayRef<std::string> files, StringRef folder);

/// Prints the first elements of each tensor; nothing for none.
void printOutputs(ArrayRef<std::pair<std::string, Array>> outputs,
                  unsigned elements, raw_ostream &os);

} // namespace rarefy

#endif // RAREFY_TOOLS_RAREFYSIM_TENSORS_H
