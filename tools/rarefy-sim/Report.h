#ifndef RAREFY_TOOLS_RAREFYSIM_REPORT_H
#define RAREFY_TOOLS_RAREFYSIM_REPORT_H

#include "mlir/IR/Diagnostics.h"
#include "rarefy/Sim/SpAtten.h"
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
