// Translates models to MLIR.

#include "Version.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/IR/AsmState.h"
#include "mlir/Tools/mlir-translate/MlirTranslateMain.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "rarefy/Target/ONNX/ImportONNX.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/SourceMgr.h"

using namespace rarefy;

static llvm::cl::opt<bool>
    emitBytecode("emit-bytecode",
                 llvm::cl::desc("Write bytecode, which holds weights as they "
                                "are, instead of text"));

static LogicalResult importONNXFile(llvm::SourceMgr &sources,
                                    llvm::raw_ostream &output,
                                    MLIRContext *context) {
  // The message names the file itself; there is no source line to show.
  ScopedDiagnosticHandler handler(context, [](Diagnostic &diagnostic) {
    llvm::errs() << "error: " << diagnostic << "\n";
  });
  llvm::MemoryBufferRef buffer = *sources.getMemoryBuffer(1);
  bool isFile = buffer.getBufferIdentifier() != "<stdin>";
  OwningOpRef<ModuleOp> module = importONNX(buffer, context, isFile);
  if (!module)
    return failure();
  if (emitBytecode)
    return writeBytecodeToFile(*module, output);
  module->print(output, OpPrintingFlags().enableDebugInfo(false));
  return success();
}

int main(int argc, char **argv) {
  setVersionPrinter();
  registerAsmPrinterCLOptions();
  TranslateRegistration importModel(
      "import-onnx", "import an ONNX model as MLIR",
      [](const std::shared_ptr<llvm::SourceMgr> &sources,
         llvm::raw_ostream &output, MLIRContext *context) {
        return importONNXFile(*sources, output, context);
      });
  return failed(mlirTranslateMain(argc, argv, "Rarefy translator"));
}
