#ifndef RAREFY_RUNNER_LOAD_H
#define RAREFY_RUNNER_LOAD_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "rarefy/Support/LLVM.h"
#include "llvm/Support/Error.h"

namespace rarefy {

/// The module in a file: an ONNX model where the name ends in ".onnx", else a
/// program file or MLIR. What was reported is an error without text.
llvm::Expected<OwningOpRef<ModuleOp>> loadModule(StringRef path,
                                                 MLIRContext &context);

/// The module of a serialized ONNX model; null after a diagnostic, which names
/// `path`. External data is beside that; none where it is empty.
OwningOpRef<ModuleOp> importONNXModule(StringRef bytes, StringRef path,
                                       MLIRContext &context);

} // namespace rarefy

#endif // RAREFY_RUNNER_LOAD_H
