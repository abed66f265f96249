// Writes what a run found out.

#include "Report.h"

#include "rarefy/Support/Output.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"
#include <algorithm>

using namespace rarefy;
using llvm::Error;
using llvm::Expected;

Expected<std::unique_ptr<OutputFile>> OutputFile::open(StringRef path) {
  std::error_code error;
  auto file = std::make_unique<OutputFile>(path, error, llvm::sys::fs::OF_Text);
  if (error)
    return llvm::createStringError(path + ": " + error.message());
  return file;
}

Error OutputFile::finish() {
  StringRef name = outputFilename();
  return finishOutput(os(), name == "-" ? "standard output" : name);
}

Expected<Report> Report::parse(StringRef option) {
  auto [form, path] = option.split('=');
  if (form != "json" && form != "table")
    return llvm::createStringError("--stats=" + option +
                                   ": expected json or table");
  Report report;
  report.isJSON = form == "json";
  report.path = path.empty() ? "-" : path.str();
  return report;
}

Error Report::open(StringRef tracePath) {
  if (Error error = OutputFile::open(path).moveInto(figures))
    return error;
  return tracePath.empty() ? Error::success()
                           : OutputFile::open(tracePath).moveInto(traces);
}

Error Report::finishTrace() {
  return traces ? traces->finish() : Error::success();
}

Error Report::write(const spatten::Statistics &statistics) {
  if (isJSON)
    figures->os() << llvm::formatv("{0:2}\n",
                                   llvm::json::Value(statistics.toJSON()));
  else
    statistics.printTable(figures->os());
  if (Error error = finishOutput(llvm::outs(), "standard output"))
    return error;
  if (Error error = figures->finish())
    return error;
  figures->keep();
  if (traces)
    traces->keep();
  return Error::success();
}

double Stopwatch::seconds() const {
  return llvm::TimeRecord::getCurrentTime(false).getProcessTime() - start;
}

void Stopwatch::show(uint64_t cycle) {
  if (!isTerminal || seconds() < 2)
    return;
  llvm::errs() << llvm::formatv("\r{0} million cycles", cycle / 1000000);
  shown = true;
}

void Stopwatch::stop() {
  stopped = std::max(seconds(), 1e-6); // No finer than clocks are.
  if (shown)
    llvm::errs() << "\n";
}

void Stopwatch::printSpeed(uint64_t cycles) const {
  llvm::errs() << llvm::formatv(
      "{0} cycles simulated in {1:f3} s: {2:f2} million a second\n", cycles,
      stopped, cycles / stopped * 1e-6);
}

void rarefy::printDiagnostic(Diagnostic &diagnostic) {
  if (auto place = diagnostic.getLocation()->findInstanceOf<FileLineColLoc>())
    llvm::errs() << place.getFilename().getValue() << ":" << place.getLine()
                 << ":" << place.getColumn() << ": ";
  bool isError = diagnostic.getSeverity() == DiagnosticSeverity::Error;
  llvm::errs() << (isError ? "error: " : "note: ") << diagnostic << "\n";
  for (Diagnostic &note : diagnostic.getNotes())
    printDiagnostic(note);
}
