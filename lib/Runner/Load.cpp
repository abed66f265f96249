// Modules from files and bytes, by what they contain.

#include "rarefy/Runner/Load.h"

#include "mlir/IR/AsmState.h"
#include "mlir/Parser/Parser.h"
#include "rarefy/Target/ONNX/ImportONNX.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"

using namespace rarefy;

static OwningOpRef<ModuleOp>
parseBuffer(std::unique_ptr<llvm::MemoryBuffer> buffer, MLIRContext &context) {
  llvm::SourceMgr sources;
  sources.AddNewSourceBuffer(std::move(buffer), llvm::SMLoc());
  return parseSourceFile<ModuleOp>(sources, ParserConfig(&context));
}

OwningOpRef<ModuleOp> rarefy::parseModule(StringRef source, StringRef name,
                                          MLIRContext &context) {
  return parseBuffer(llvm::MemoryBuffer::getMemBufferCopy(source, name),
                     context);
}

llvm::Expected<OwningOpRef<ModuleOp>> rarefy::loadModule(StringRef path,
                                                         MLIRContext &context) {
  if (llvm::sys::fs::is_directory(path))
    return llvm::createStringError(path + ": is a directory");
  OwningOpRef<ModuleOp> module;
  if (path != "-" && !llvm::sys::fs::exists(path))
    return llvm::createStringError(path + ": no such file");
  if (path.ends_with(".onnx")) {
    module = importONNX(path, &context);
  } else {
    auto buffer = llvm::MemoryBuffer::getFileOrSTDIN(path);
    if (!buffer)
      return llvm::createStringError(path + ": " + buffer.getError().message());
    module = parseBuffer(std::move(*buffer), context);
  }
  if (!module)
    return llvm::createStringError("");
  return module;
}

OwningOpRef<ModuleOp> rarefy::importONNXModule(StringRef bytes, StringRef path,
                                               MLIRContext &context) {
  bool hasPath = !path.empty();
  return importONNX(
      llvm::MemoryBufferRef(bytes, hasPath ? path : StringRef("<bytes>")),
      &context, hasPath);
}
