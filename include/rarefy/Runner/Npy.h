#ifndef RAREFY_RUNNER_NPY_H
#define RAREFY_RUNNER_NPY_H

#include "rarefy/Runner/Array.h"
#include "llvm/Support/Error.h"

#include <string>
#include <utility>
#include <vector>

namespace rarefy {

/// The array in numpy's `.npy` format, versions 1 to 3, that `bytes` holds.
/// Refuses what is truncated, big-endian, not in row-major order or of a type
/// that no tensor has.
llvm::Expected<Array> parseNpy(StringRef bytes);

/// parseNpy of a file; errors begin with its name.
llvm::Expected<Array> readNpy(StringRef path);

/// The bytes of a `.npy` file. bf16, which numpy lacks, is written as the
/// type of its bits, `<u2`.
std::string formatNpy(const ArrayView &array);

/// Names for files of arrays called `names`, no two alike; letters, digits and
/// "-_." stay as they are.
std::vector<std::string> getFileNames(ArrayRef<std::string> names);

/// Writes formatNpy of each array to its path. Where one cannot be written
/// none is; the error begins with its path.
llvm::Error writeNpy(ArrayRef<std::pair<std::string, ArrayView>> files);

} // namespace rarefy

#endif // RAREFY_RUNNER_NPY_H
