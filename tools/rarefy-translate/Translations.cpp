// Models and program files to MLIR, and programs to files.

#include "Translations.h"
#include "Reference.h"
#include "mlir/Bytecode/BytecodeWriter.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "rarefy/Target/ONNX/ImportONNX.h"
#include "rarefy/Target/Program/ProgramFile.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/SourceMgr.h"

using namespace rarefy;

static llvm::cl::opt<bool>
    emitBytecode("emit-bytecode",
                 llvm::cl::desc("Import to bytecode, which holds weights as "
                                "they are, instead of text"));

/// Writes what was imported, as the options say.
static LogicalResult writeModule(ModuleOp module, llvm::raw_ostream &output) {
  if (emitBytecode)
    return writeBytecodeToFile(module, output);
  module.print(output);
  return success();
}

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
  return module ? writeModule(*module, output) : failure();
}

static LogicalResult exportProgram(ModuleOp module, llvm::raw_ostream &output) {
  auto programs = module.getOps<program::ProgramOp>();
  module.getContext()->printOpOnDiagnostic(false);
  if (emitBytecode)
    return module.emitError("expected --emit-bytecode with an import, found "
                            "--export-program");
  if (!llvm::hasSingleElement(programs))
    return module.emitOpError("expects one 'isa.program' to write, found ")
           << std::distance(programs.begin(), programs.end());
  return writeProgramFile(*programs.begin(), output);
}

static LogicalResult importProgram(llvm::SourceMgr &sources,
                                   llvm::raw_ostream &output,
                                   MLIRContext *context) {
  DialectRegistry registry;
  registerInstructions(registry);
  context->appendDialectRegistry(registry);
  OwningOpRef<ModuleOp> module =
      readProgramFile(*sources.getMemoryBuffer(1), context);
  return module && succeeded(verify(*module)) ? writeModule(*module, output)
                                              : failure();
}

void rarefy::registerTranslations() {
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
      registerInstructions);
  TranslateRegistration readProgram(
      "import-program", "read an accelerator's program from an ELF file",
      [](const std::shared_ptr<llvm::SourceMgr> &sources,
         llvm::raw_ostream &output, MLIRContext *context) {
        return importProgram(*sources, output, context);
      });
}
