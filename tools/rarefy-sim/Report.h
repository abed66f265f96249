#ifndef RAREFY_TOOLS_RAREFYSIM_REPORT_H
#define RAREFY_TOOLS_RAREFYSIM_REPORT_H

#include "mlir/IR/Diagnostics.h"
#include "rarefy/Sim/SpAtten.h"
#include "rarefy/Support/Files.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Timer.h"

namespace rarefy {

/// Where a run's figures and trace go. No file changes before all were written.
class Report {
public:
  /// How figures are written, and where: "json", "table", "json=file".
  static llvm::Expected<Report> parse(StringRef option);

  /// Opens the files, before a run; no trace if its path is empty. Refuses one
  /// that is also the other, or one of the run's `others`, and JSON on standard
  /// output if a run `prints` there.
  llvm::Error open(StringRef tracePath, ArrayRef<std::string> others,
                   bool prints);
  raw_ostream *trace() { return traces ? &traces->os() : nullptr; }
  /// Writes the figures.
  llvm::Error write(const spatten::Statistics &statistics);
  /// Puts the files in their places.
  llvm::Error keep();

private:
  bool isJSON = false;
  std::string path;
  std::optional<OutputFile> figures, traces;
};

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
  bool isTerminal = llvm::sys::Process::StandardErrIsDisplayed();
  bool shown = false;
};

/// "file: what is wrong".
llvm::Error inFile(StringRef file, llvm::Error error);

/// Prints "file:line:column: error: text".
void printDiagnostic(Diagnostic &diagnostic);

} // namespace rarefy

#endif // RAREFY_TOOLS_RAREFYSIM_REPORT_H
