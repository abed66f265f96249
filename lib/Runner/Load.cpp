// Modules from files and bytes, by what they contain.

#include "rarefy/Runner/Load.h"

#include "rarefy/Target/ONNX/ImportONNX.h"
#include "rarefy/Target/Program/LoadProgram.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBufferRef.h"

using namespace rarefy;

llvm::Expected<OwningOpRef<ModuleOp>> rarefy::loadModule(StringRef path,
                                                         MLIRContext &context) {
  if (path != "-" && !llvm::sys::fs::exists(path))
    return llvm::createStringError(path + ": no such file");
  if (!path.ends_with(".onnx"))
    return loadProgram(path, context);
  OwningOpRef<ModuleOp> module = importONNX(path, &context);
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
