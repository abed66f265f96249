// Modules from program files or MLIR, by what they begin with.

#include "rarefy/Target/Program/LoadProgram.h"

#include "mlir/Parser/Parser.h"
#include "rarefy/Support/Files.h"
#include "rarefy/Target/Program/ProgramFile.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

using namespace rarefy;

static OwningOpRef<ModuleOp>
parseBuffer(std::unique_ptr<llvm::MemoryBuffer> buffer, MLIRContext &context) {
  if (buffer->getBuffer().starts_with("\177ELF"))
    return readProgramFile(buffer->getMemBufferRef(), &context);
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  return parseSourceFile<ModuleOp>(sources, ParserConfig(&context));
}

OwningOpRef<ModuleOp> rarefy::parseModule(StringRef source, StringRef name,
                                          MLIRContext &context) {
  return parseBuffer(llvm::MemoryBuffer::getMemBufferCopy(source, name),
                     context);
}

llvm::Expected<OwningOpRef<ModuleOp>>
rarefy::loadProgram(StringRef path, MLIRContext &context) {
  auto buffer = readInputOrStdin(path);
  if (!buffer)
    return buffer.takeError();
  OwningOpRef<ModuleOp> module = parseBuffer(std::move(*buffer), context);
  if (!module)
    return llvm::createStringError("");
  return module;
}

llvm::Expected<program::ProgramOp> rarefy::findProgram(ModuleOp module) {
  auto programs = llvm::to_vector(module.getOps<program::ProgramOp>());
  if (programs.empty())
    return llvm::createStringError(
        "expected one 'isa.program', found 0; convert-rarefy-to-spatten makes "
        "programs of an accelerator");
  if (programs.size() > 1)
    return llvm::createStringError("expected one 'isa.program', found " +
                                   Twine(programs.size()));
  return programs.front();
}
