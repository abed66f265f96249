// Is a program right, and how fast is it?

#include "rarefy/Runner/Measure.h"

#include <algorithm>
#include <chrono>

using namespace rarefy;

llvm::Expected<SmallVector<Array, 2>>
rarefy::callReference(ModuleOp module, CompileOptions options,
                      ArrayRef<ArrayView> inputs) {
  options.reference = true;
  auto program = Program::compile(module.clone(), options);
  if (!program)
    return program.takeError();
  return (*program)->call(inputs);
}

llvm::Expected<std::vector<CheckedResult>>
rarefy::checkResults(ArrayRef<Array> results, ArrayRef<Array> expected,
                     std::optional<double> tolerance) {
  std::vector<CheckedResult> checks;
  for (auto [result, reference] : llvm::zip_equal(results, expected)) {
    if (result.shape != reference.shape)
      return llvm::createStringError(
          "a result has shape " + formatType(result.shape, result.type) +
          ", the reference " + formatType(reference.shape, reference.type));
    double allowed = tolerance.value_or(getDefaultTolerance(result.type));
    Difference difference = compare(result.view(), reference.view());
    checks.push_back({difference, allowed, difference.maxScaled <= allowed});
  }
  return checks;
}

llvm::Expected<std::vector<double>>
rarefy::timeCalls(const Program &program, ArrayRef<ArrayView> inputs,
                  unsigned calls, unsigned threads) {
  std::vector<double> times;
  for (unsigned i = 0; i < calls; ++i) {
    auto start = std::chrono::steady_clock::now();
    auto results = program.call(inputs, threads);
    std::chrono::duration<double, std::micro> elapsed =
        std::chrono::steady_clock::now() - start;
    if (!results)
      return results.takeError();
    times.push_back(elapsed.count());
  }
  std::sort(times.begin(), times.end());
  return times;
}
