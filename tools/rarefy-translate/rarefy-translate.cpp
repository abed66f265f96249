// Translates models and program files to MLIR, and programs to files.

#include "ProcessFile.h"
#include "Translations.h"
#include "Version.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Support/ToolUtilities.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/SourceMgr.h"

using namespace rarefy;
namespace cl = llvm::cl;

using Level = SourceMgrDiagnosticVerifierHandler::Level;

static cl::opt<std::string> input(cl::Positional, cl::desc("<input file>"),
                                  cl::init("-"));

static cl::opt<std::string> output("o", cl::desc("Output filename"),
                                   cl::value_desc("filename"), cl::init("-"));

static cl::opt<std::string>
    splitMarker("split-input-file", cl::ValueOptional,
                cl::desc("Translate each piece of the input by itself; pieces "
                         "are between lines such as '// -----'"),
                cl::value_desc("line"), cl::init(""));

static cl::opt<Level> verifyDiagnostics(
    "verify-diagnostics", cl::ValueOptional, cl::init(Level::None),
    cl::desc("Compare diagnostics with the input's expected-* comments"),
    cl::values(clEnumValN(Level::All, "all", "All diagnostics"),
               clEnumValN(Level::All, "", "All diagnostics"),
               clEnumValN(Level::OnlyExpected, "only-expected",
                          "Only those expected")));

/// Translates the input, or a piece of it.
static LogicalResult translate(const Translation &translation,
                               std::unique_ptr<llvm::MemoryBuffer> buffer,
                               raw_ostream &os) {
  auto sources = std::make_shared<llvm::SourceMgr>();
  sources->AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  MLIRContext context;
  if (verifyDiagnostics == Level::None) {
    SourceMgrDiagnosticHandler handler(*sources, &context);
    return translation(sources, os, &context);
  }
  context.printOpOnDiagnostic(false);
  SourceMgrDiagnosticVerifierHandler handler(*sources, &context,
                                             verifyDiagnostics);
  (void)translation(sources, os, &context); // It may be expected to fail.
  return handler.verify();
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  setVersionPrinter();
  registerTranslations();
  registerAsmPrinterCLOptions();
  registerMLIRContextCLOptions();
  registerTranslationCLOptions();
  cl::list<const Translation *, bool, TranslationParser> translations(
      "", cl::desc("Translation to perform"));
  cl::ParseCommandLineOptions(argc, argv, "Rarefy translator\n");
  if (translations.size() != 1)
    return getExitCode(llvm::createStringError(
        "expected one translation, found " + Twine(translations.size())));
  if (splitMarker.getNumOccurrences() && splitMarker.empty())
    splitMarker = kDefaultSplitMarker;
  return getExitCode(processFile(
      input, output,
      [&](std::unique_ptr<llvm::MemoryBuffer> buffer, raw_ostream &os) {
        return splitAndProcessBuffer(
            std::move(buffer),
            [&](std::unique_ptr<llvm::MemoryBuffer> piece, raw_ostream &os) {
              return translate(*translations[0], std::move(piece), os);
            },
            os, splitMarker);
      }));
}
