// What imported constants alias. Not installed.

#ifndef RAREFY_LIB_TARGET_ONNX_STORAGE_H
#define RAREFY_LIB_TARGET_ONNX_STORAGE_H

#include "Importer.h"
#include "llvm/Support/MemoryBuffer.h"
#include <deque>

namespace rarefy::frontend {

struct Importer::Storage {
  std::shared_ptr<onnx::ModelProto> model;
  llvm::StringMap<std::unique_ptr<llvm::MemoryBuffer>> files;
  /// Data that typed fields were decoded to; a deque, so that it never moves.
  std::deque<std::string> decoded;
};

} // namespace rarefy::frontend

#endif // RAREFY_LIB_TARGET_ONNX_STORAGE_H
