// Programs from files.

#include "Load.h"

#include "mlir/Parser/Parser.h"
#include "rarefy/Target/Program/ProgramFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

using namespace rarefy;

llvm::Expected<OwningOpRef<ModuleOp>>
rarefy::loadProgram(StringRef path, MLIRContext &context) {
  if (llvm::sys::fs::is_directory(path))
    return llvm::createStringError(path + ": is a directory");
  auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(path);
  if (!buffer)
    return llvm::createStringError(path + ": " + buffer.getError().message());
  OwningOpRef<ModuleOp> module;
  if ((*buffer)->getBuffer().starts_with("\177ELF")) {
    module = readProgramFile((*buffer)->getMemBufferRef(), &context);
  } else {
    llvm::SourceMgr sources;
    sources.AddNewSourceBuffer(std::move(*buffer), llvm::SMLoc());
    module = parseSourceFile<ModuleOp>(sources, ParserConfig(&context));
  }
  if (!module)
    return llvm::createStringError("");
  return module;
}

llvm::Expected<program::ProgramOp> rarefy::findProgram(ModuleOp module) {
  auto programs = llvm::to_vector(module.getOps<program::ProgramOp>());
  if (programs.size() != 1)
    return llvm::createStringError("expected one 'isa.program', found " +
                                   Twine(programs.size()));
  return programs.front();
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
