// Writes what a run found out.

#include "Report.h"

#include "rarefy/Support/Output.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FormatVariadic.h"

using namespace rarefy;
using llvm::Error;
using llvm::Expected;

Expected<StatisticsForm> StatisticsForm::parse(StringRef option) {
  auto [form, path] = option.split('=');
  if (form != "json" && form != "table")
    return llvm::createStringError("--stats=" + option +
                                   ": expected json or table");
  return StatisticsForm{form == "json", path.empty() ? "-" : path.str()};
}

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

void rarefy::printStatistics(const spatten::Statistics &statistics,
                             const StatisticsForm &form, raw_ostream &os) {
  if (form.isJSON)
    os << llvm::formatv("{0:2}\n", llvm::json::Value(statistics.toJSON()));
  else
    statistics.printTable(os);
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
