// Writes what a run found out.

#include "Report.h"

#include "llvm/Support/FormatVariadic.h"
#include <algorithm>

using namespace rarefy;
using llvm::Error;
using llvm::Expected;

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

static Error openFile(StringRef path, std::optional<OutputFile> &file) {
  Expected<OutputFile> opened = OutputFile::open(path);
  if (!opened)
    return opened.takeError();
  file.emplace(std::move(*opened));
  return Error::success();
}

Error Report::open(StringRef tracePath, ArrayRef<std::string> others,
                   bool prints) {
  if (prints && ((isJSON && path == "-") || tracePath == "-"))
    return llvm::createStringError("--print: expected JSON in a file, for "
                                   "standard output has the elements");
  SmallVector<StringRef> taken;
  for (StringRef other : others)
    if (other != "-") // Standard input.
      taken.push_back(other);
  for (StringRef output : {StringRef(path), tracePath}) {
    if (output.empty())
      continue;
    for (StringRef other : taken)
      if (isSameFile(output, other))
        return llvm::createStringError(
            output + ": expected a file of its own for each output");
    taken.push_back(output);
  }
  if (Error error = openFile(path, figures))
    return error;
  return tracePath.empty() ? Error::success() : openFile(tracePath, traces);
}

Error Report::write(const spatten::Statistics &statistics) {
  if (traces)
    if (Error error = traces->finish())
      return error;
  if (isJSON)
    figures->os() << llvm::formatv("{0:2}\n",
                                   llvm::json::Value(statistics.toJSON()));
  else
    statistics.printTable(figures->os());
  if (Error error = finishOutput(llvm::outs(), "standard output"))
    return error;
  return figures->finish();
}

Error Report::keep() {
  if (Error error = figures->keep())
    return error;
  return traces ? traces->keep() : Error::success();
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

Error rarefy::inFile(StringRef file, Error error) {
  return llvm::createStringError(file + ": " + toString(std::move(error)));
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
