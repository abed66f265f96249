#ifndef RAREFY_TOOLS_RAREFYRUN_INPUTS_H
#define RAREFY_TOOLS_RAREFYRUN_INPUTS_H

#include "rarefy/Runner/Program.h"

#include <string>
#include <vector>

namespace rarefy {

/// Makes the arrays for `signature`. `sources` has one of "file.npy" and
/// "random[:seed]" for each input, or one "random[:seed]" for all; `shapes`
/// has "input=4x8" for the random ones whose sizes vary, by name or position.
llvm::Expected<std::vector<Array>> makeInputs(const Signature &signature,
                                              ArrayRef<std::string> sources,
                                              ArrayRef<std::string> shapes);

/// Writes each result as `prefix` + its name + ".npy"; a prefix that is a
/// folder gets a slash. Results without a name are called "result0" and so on;
/// the second of a name gets its position, "y_1". Writes all files or none.
llvm::Error writeResults(const Signature &signature, ArrayRef<Array> results,
                         StringRef prefix);

} // namespace rarefy

#endif // RAREFY_TOOLS_RAREFYRUN_INPUTS_H
