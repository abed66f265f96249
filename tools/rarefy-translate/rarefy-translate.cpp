// Translates models and program files to MLIR, and programs to files.

#include "Version.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/IR/AsmState.h"
#include "mlir/Tools/mlir-translate/MlirTranslateMain.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "rarefy/Dialect/SpAtten/IR/SpAtten.h"
#include "rarefy/Target/ONNX/ImportONNX.h"
#include "rarefy/Target/Program/ProgramFile.h"
#include "llvm/ADT/STLExtras.h"
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

static LogicalResult exportProgram(ModuleOp module, llvm::raw_ostream &output) {
  auto programs = module.getOps<program::ProgramOp>();
  if (!llvm::hasSingleElement(programs))
    return module.emitOpError("expects one 'isa.program' to write, found ")
           << std::distance(programs.begin(), programs.end());
  return writeProgramFile(*programs.begin(), output);
}

static OwningOpRef<Operation *> importProgram(llvm::SourceMgr &sources,
                                              MLIRContext *context) {
  return readProgramFile(*sources.getMemoryBuffer(1), context)
      .release()
      .getOperation();
}

/// Adds the instruction sets that a program can have.
static void registerPrograms(DialectRegistry &registry) {
  registry.insert<program::ISADialect, spatten::SpAttenDialect>();
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
  TranslateFromMLIRRegistration writeProgram(
      "export-program", "write an accelerator's program as an ELF file",
      [](ModuleOp module, llvm::raw_ostream &output) {
        return exportProgram(module, output);
      },
      registerPrograms);
  TranslateToMLIRRegistration readProgram(
      "import-program", "read an accelerator's program from an ELF file",
      importProgram, registerPrograms);
  return failed(mlirTranslateMain(argc, argv, "Rarefy translator"));
}
