#ifndef RAREFY_RUNNER_MEASURE_H
#define RAREFY_RUNNER_MEASURE_H

#include "rarefy/Runner/Compare.h"
#include "rarefy/Runner/Program.h"

#include <optional>
#include <vector>

namespace rarefy {

/// How a result compares with the reference's.
struct CheckedResult {
  Difference difference;
  double tolerance;
  bool passed;
};

/// The results of the reference program of `module`, which checks that sizes
/// fit together; `options` says how else it is compiled.
llvm::Expected<SmallVector<Array, 2>> callReference(ModuleOp module,
                                                    CompileOptions options,
                                                    ArrayRef<ArrayView> inputs);

/// Compares `results` with the reference's; without a tolerance, that of each
/// result's type is taken.
llvm::Expected<std::vector<CheckedResult>>
checkResults(ArrayRef<Array> results, ArrayRef<Array> expected,
             std::optional<double> tolerance);

/// Microseconds of `calls` calls, sorted.
llvm::Expected<std::vector<double>> timeCalls(const Program &program,
                                              ArrayRef<ArrayView> inputs,
                                              unsigned calls, unsigned threads);

} // namespace rarefy

#endif // RAREFY_RUNNER_MEASURE_H
