#ifndef RAREFY_TOOLS_RAREFYSIM_REPORT_H
#define RAREFY_TOOLS_RAREFYSIM_REPORT_H

#include "mlir/IR/Diagnostics.h"
#include "rarefy/Sim/SpAtten.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Timer.h"
#include "llvm/Support/ToolOutputFile.h"

namespace rarefy {

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

/// Where a run's figures and trace go. No file stays unless all were written.
class Report {
public:
  /// How figures are written, and where: "json", "table", "json=file".
  static llvm::Expected<Report> parse(StringRef option);

  /// Opens the files, before a run; no trace if its path is empty.
  llvm::Error open(StringRef tracePath);
  raw_ostream *trace() { return traces ? &traces->os() : nullptr; }
  llvm::Error finishTrace();
  /// Writes the figures, and keeps the files.
  llvm::Error write(const spatten::Statistics &statistics);

private:
  bool isJSON = false;
  std::string path;
  std::unique_ptr<OutputFile> figures, traces;
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

/// Prints "file:line:column: error: text".
void printDiagnostic(Diagnostic &diagnostic);

} // namespace rarefy

#endif // RAREFY_TOOLS_RAREFYSIM_REPORT_H
