#ifndef RAREFY_TARGET_ONNX_IMPORTONNX_H
#define RAREFY_TARGET_ONNX_IMPORTONNX_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "rarefy/Support/LLVM.h"
#include "llvm/Support/MemoryBufferRef.h"

namespace rarefy {

/// Imports the ONNX model at `path` as a module with one function, `main`.
/// Weights become resources that alias the loaded file. On failure emits one
/// error that names the file and, where there is one, the node.
OwningOpRef<ModuleOp> importONNX(StringRef path, MLIRContext *context);

/// The same from memory. The buffer's identifier is the name used in errors
/// and, if `hasPath`, the path that external data is looked up beside; without
/// one, external data is an error. The buffer may go away afterwards.
OwningOpRef<ModuleOp> importONNX(llvm::MemoryBufferRef buffer,
                                 MLIRContext *context, bool hasPath = false);

} // namespace rarefy

#endif // RAREFY_TARGET_ONNX_IMPORTONNX_H
