#ifndef RAREFY_RUNNER_ARRAY_H
#define RAREFY_RUNNER_ARRAY_H

#include "mlir/IR/Types.h"
#include "rarefy/Support/LLVM.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

namespace rarefy {

/// What an array can hold. The C API has the same numbers. A boolean is one
/// byte, 0 or 1.
enum class ElementType : uint8_t {
  I1,
  I8,
  I16,
  I32,
  I64,
  U8,
  U16,
  U32,
  U64,
  F16,
  BF16,
  F32,
  F64,
};
constexpr unsigned numElementTypes = 13;

/// Bytes of one element.
unsigned getByteWidth(ElementType type);

/// MLIR's spelling: "f32", "ui8".
StringRef getName(ElementType type);

/// The element type for MLIR's `type`; none for what an array cannot hold.
std::optional<ElementType> getElementType(Type type);

/// The product of the sizes; none where it, in bytes, exceeds 63 bits or a
/// size is negative.
std::optional<int64_t> getNumElements(ArrayRef<int64_t> shape,
                                      ElementType type);

/// "4x?xf32" for a shape and an element type; dynamic sizes are negative.
std::string formatType(ArrayRef<int64_t> shape, ElementType type);

/// A dense array in row-major order that somebody else owns.
struct ArrayView {
  void *data = nullptr;
  ElementType type = ElementType::F32;
  ArrayRef<int64_t> shape;
};

struct FreeDeleter {
  void operator()(void *data) const { std::free(data); }
};
using Buffer = std::unique_ptr<void, FreeDeleter>;

/// A dense array in row-major order with its memory.
struct Array {
  ElementType type = ElementType::F32;
  SmallVector<int64_t, 6> shape;
  /// The block to free; `data` points into it.
  Buffer owner;
  void *data = nullptr;

  /// Uninitialised memory for `shape`, aligned for vectors; null data where
  /// there is not enough of it.
  static Array allocate(ElementType type, ArrayRef<int64_t> shape);

  int64_t getNumElements() const;
  uint64_t getByteSize() const;
  ArrayView view() const { return {data, type, shape}; }
};

/// Element `index` (row-major) as a double.
double getElement(const ArrayView &array, int64_t index);

/// Fills `array` with numbers that depend on nothing but `seed`: floats from
/// a standard normal distribution, integers from 0 to 9, booleans.
void fillRandom(const ArrayView &array, uint64_t seed);

} // namespace rarefy

#endif // RAREFY_RUNNER_ARRAY_H
