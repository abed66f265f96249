#ifndef RAREFY_TOOLS_RAREFYRUN_REPORT_H
#define RAREFY_TOOLS_RAREFYRUN_REPORT_H

#include "rarefy/Runner/DeviceStatistics.h"
#include "rarefy/Runner/Measure.h"
#include "llvm/Support/raw_ostream.h"

#include <vector>

namespace rarefy {

/// What a run of the tool found out.
struct Report {
  const Program &program;
  ArrayRef<Array> results;
  /// That parallel code ran on.
  unsigned threads = 1;
  /// Of one call, if the program has a device.
  std::optional<DeviceStatistics> device;
  /// One for each result with --check.
  std::vector<CheckedResult> checks;
  /// Microseconds of each repeated call, sorted.
  std::vector<double> times;
};

/// For people: results (the first `maxElements` elements of each), errors and
/// times.
void printText(const Report &report, unsigned maxElements, raw_ostream &os);

/// For programs: all but the results' elements.
void printJSON(const Report &report, raw_ostream &os);

} // namespace rarefy

#endif // RAREFY_TOOLS_RAREFYRUN_REPORT_H
