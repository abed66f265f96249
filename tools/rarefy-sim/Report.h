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

llvm::Error writeStatistics(const spatten::Statistics &statistics,
                            const StatisticsForm &form);

/// Prints "file:line:column: error: text".
void printDiagnostic(Diagnostic &diagnostic);

/// Opens `path`, "-" being standard output; removed unless it is kept.
llvm::Expected<std::unique_ptr<llvm::ToolOutputFile>> openFile(StringRef path);

} // namespace rarefy

#endif // RAREFY_TOOLS_RAREFYSIM_REPORT_H
