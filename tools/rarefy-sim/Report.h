#ifndef RAREFY_TOOLS_RAREFYSIM_REPORT_H
#define RAREFY_TOOLS_RAREFYSIM_REPORT_H

#include "mlir/IR/Diagnostics.h"
#include "rarefy/Sim/SpAtten.h"
#include "llvm/Support/Timer.h"
#include "llvm/Support/ToolOutputFile.h"

namespace rarefy {

/// How figures are written, and where: "json", "table", "json=file".
struct StatisticsForm {
  bool isJSON;
  std::string path;

  static llvm::Expected<StatisticsForm> parse(StringRef option);
};

void printStatistics(const spatten::Statistics &statistics,
                     const StatisticsForm &form, raw_ostream &os);

/// Tells a person at a terminal how far a long run is, and anyone who asks how
/// long it took.
class Stopwatch {
public:
  /// Prints the cycle, if there is a terminal and some seconds have passed.
  void show(uint64_t cycle);
  /// Ends that line.
  void stop();
  /// Prints the processor's time for `cycles`, without that before and after.
  void printSpeed(uint64_t cycles) const;

private:
  double seconds() const;

  double start = llvm::TimeRecord::getCurrentTime(true).getProcessTime();
  double stopped = 0;
  bool shown = false;
};

/// Prints "file:line:column: error: text".
void printDiagnostic(Diagnostic &diagnostic);

/// A file that is removed unless it is kept.
class OutputFile : public llvm::ToolOutputFile {
public:
  using ToolOutputFile::ToolOutputFile;
  ~OutputFile() { llvm::consumeError(finish()); }

  /// Opens `path`, "-" being standard output.
  static llvm::Expected<std::unique_ptr<OutputFile>> open(StringRef path);

  /// What kept the file from being written.
  llvm::Error finish();
};

} // namespace rarefy

#endif // RAREFY_TOOLS_RAREFYSIM_REPORT_H
