// Large constants leave the module, so that LLVM need not look at them.

#include "Constants.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/DialectResourceBlobManager.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

using namespace rarefy;

// Smaller ones stay where LLVM may fold them.
static constexpr uint64_t minBytes = 1024;
static constexpr uint64_t alignment = 64;

/// Copies `source` over and over into a new buffer of `bytes` bytes.
static Buffer copyRepeated(ArrayRef<char> source, uint64_t bytes) {
  Buffer copy(std::aligned_alloc(alignment, llvm::alignTo(bytes, alignment)));
  if (!copy)
    return copy;
  char *target = static_cast<char *>(copy.get());
  for (uint64_t at = 0; at < bytes; at += source.size())
    std::memcpy(target + at, source.data(),
                std::min<uint64_t>(source.size(), bytes - at));
  return copy;
}

/// One byte for each boolean: a `dense` attribute may pack them.
static Buffer copyBooleans(DenseElementsAttr values) {
  uint64_t bytes = values.getNumElements();
  Buffer copy(std::aligned_alloc(alignment, llvm::alignTo(bytes, alignment)));
  if (!copy)
    return copy;
  char *target = static_cast<char *>(copy.get());
  for (bool value : values.getValues<bool>())
    *target++ = value;
  return copy;
}

namespace {
/// Where a constant's bytes are: in the context, or in a copy.
struct Source {
  const void *data = nullptr;
  Buffer copy;
};
} // namespace

static Source bindData(ElementsAttr value, uint64_t bytes) {
  Source source;
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(value)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob || blob->getData().size() != bytes)
      return source;
    source.data = blob->getData().data();
    if (reinterpret_cast<uintptr_t>(source.data) % alignment)
      source.copy = copyRepeated(blob->getData(), bytes);
  } else if (auto dense = dyn_cast<DenseElementsAttr>(value)) {
    // LLVM keeps zeros without storing them.
    if (dense.isSplat() &&
        llvm::all_of(dense.getRawData(), [](char byte) { return byte == 0; }))
      return source;
    if (dense.getElementType().isInteger(1))
      source.copy = copyBooleans(dense);
    else if (dense.isSplat() ||
             reinterpret_cast<uintptr_t>(dense.getRawData().data()) % alignment)
      source.copy = copyRepeated(dense.getRawData(), bytes);
    else
      source.data = dense.getRawData().data();
  }
  if (source.copy)
    source.data = source.copy.get();
  return source;
}

BoundConstants rarefy::takeConstants(ModuleOp module) {
  BoundConstants constants;
  for (auto global : module.getOps<LLVM::GlobalOp>()) {
    auto value = dyn_cast_or_null<ElementsAttr>(global.getValueOrNull());
    if (!value || !global.getConstant())
      continue;
    std::optional<ElementType> type = getElementType(value.getElementType());
    if (!type)
      continue;
    uint64_t bytes = value.getNumElements() * getByteWidth(*type);
    if (bytes < minBytes)
      continue;
    Source source = bindData(value, bytes);
    if (!source.data)
      continue;
    global.removeValueAttr();
    global.setLinkage(LLVM::Linkage::External);
    global.setDsoLocal(false);
    constants.symbols.push_back({global.getSymName().str(), source.data});
    constants.bytes += bytes;
    if (source.copy)
      constants.copies.push_back(std::move(source.copy));
  }
  return constants;
}
