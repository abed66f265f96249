// Element types, and arrays of them in memory.

#include "rarefy/Runner/Array.h"

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/ErrorHandling.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/raw_ostream.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <random>

using namespace rarefy;

namespace {
struct TypeRow {
  const char *name;
  unsigned bytes;
};
constexpr TypeRow typeTable[numElementTypes] = {
    {"i1", 1},   {"i8", 1},   {"i16", 2},  {"i32", 4},  {"i64", 8},
    {"ui8", 1},  {"ui16", 2}, {"ui32", 4}, {"ui64", 8}, {"f16", 2},
    {"bf16", 2}, {"f32", 4},  {"f64", 8}};
} // namespace

unsigned rarefy::getByteWidth(ElementType type) {
  return typeTable[static_cast<unsigned>(type)].bytes;
}

StringRef rarefy::getName(ElementType type) {
  return typeTable[static_cast<unsigned>(type)].name;
}

std::optional<ElementType> rarefy::getElementType(Type type) {
  std::string name;
  llvm::raw_string_ostream(name) << type;
  // `si32` and `i32` are the same bytes.
  StringRef spelling = name;
  if (type.isSignedInteger())
    spelling.consume_front("s");
  for (unsigned i = 0; i < numElementTypes; ++i)
    if (spelling == typeTable[i].name)
      return static_cast<ElementType>(i);
  return std::nullopt;
}

std::optional<int64_t> rarefy::getNumElements(ArrayRef<int64_t> shape,
                                              ElementType type) {
  int64_t count = 1, bytes = getByteWidth(type);
  bool empty = llvm::is_contained(shape, 0);
  for (int64_t size : shape) {
    if (size < 0)
      return std::nullopt;
    if (empty)
      continue;
    if (llvm::MulOverflow(bytes, size, bytes))
      return std::nullopt;
    count *= size;
  }
  return empty ? 0 : count;
}

std::string rarefy::formatType(ArrayRef<int64_t> shape, ElementType type) {
  std::string text;
  for (int64_t size : shape)
    text += (size < 0 ? "?" : std::to_string(size)) + "x";
  return text + getName(type).str();
}

Array Array::allocate(ElementType type, ArrayRef<int64_t> shape) {
  Array array;
  array.type = type;
  array.shape.assign(shape.begin(), shape.end());
  std::optional<int64_t> count = rarefy::getNumElements(shape, type);
  if (!count)
    return array;
  constexpr size_t alignment = 64;
  size_t bytes = llvm::alignTo(*count * getByteWidth(type), alignment);
  array.data = std::aligned_alloc(alignment, std::max(bytes, alignment));
  array.owner.reset(array.data);
  return array;
}

int64_t Array::getNumElements() const {
  return *rarefy::getNumElements(shape, type);
}

uint64_t Array::getByteSize() const {
  return getNumElements() * getByteWidth(type);
}

namespace {
template <typename T> T load(const ArrayView &array, int64_t index) {
  T value;
  std::memcpy(&value, static_cast<const T *>(array.data) + index, sizeof(T));
  return value;
}

template <typename T>
void store(const ArrayView &array, int64_t index, T value) {
  std::memcpy(static_cast<T *>(array.data) + index, &value, sizeof(T));
}

double fromBits(const llvm::fltSemantics &semantics, uint16_t bits) {
  llvm::APFloat value(semantics, llvm::APInt(16, bits));
  return value.convertToDouble();
}

uint16_t toBits(const llvm::fltSemantics &semantics, double number) {
  llvm::APFloat value(number);
  bool exact;
  value.convert(semantics, llvm::APFloat::rmNearestTiesToEven, &exact);
  return static_cast<uint16_t>(value.bitcastToAPInt().getZExtValue());
}
} // namespace

double rarefy::getElement(const ArrayView &array, int64_t index) {
  switch (array.type) {
  case ElementType::I1:
    return load<uint8_t>(array, index) != 0;
  case ElementType::I8:
    return load<int8_t>(array, index);
  case ElementType::I16:
    return load<int16_t>(array, index);
  case ElementType::I32:
    return load<int32_t>(array, index);
  case ElementType::I64:
    return static_cast<double>(load<int64_t>(array, index));
  case ElementType::U8:
    return load<uint8_t>(array, index);
  case ElementType::U16:
    return load<uint16_t>(array, index);
  case ElementType::U32:
    return load<uint32_t>(array, index);
  case ElementType::U64:
    return static_cast<double>(load<uint64_t>(array, index));
  case ElementType::F16:
    return fromBits(llvm::APFloat::IEEEhalf(), load<uint16_t>(array, index));
  case ElementType::BF16:
    return fromBits(llvm::APFloat::BFloat(), load<uint16_t>(array, index));
  case ElementType::F32:
    return load<float>(array, index);
  case ElementType::F64:
    return load<double>(array, index);
  }
  llvm_unreachable("not an element type");
}

namespace {
/// The distributions of <random> differ between standard libraries; this one
/// does not.
struct Random {
  std::mt19937_64 engine;

  double uniform() { return std::ldexp(double(engine() >> 11) + 0.5, -53); }
  double normal() {
    return std::sqrt(-2 * std::log(uniform())) *
           std::cos(6.283185307179586 * uniform());
  }
  int digit() { return static_cast<int>(engine() % 10); }
};

void storeRandom(const ArrayView &array, int64_t index, Random &random) {
  switch (array.type) {
  case ElementType::I1:
    return store<uint8_t>(array, index, random.engine() & 1);
  case ElementType::I8:
  case ElementType::U8:
    return store<int8_t>(array, index, int8_t(random.digit()));
  case ElementType::I16:
  case ElementType::U16:
    return store<int16_t>(array, index, int16_t(random.digit()));
  case ElementType::I32:
  case ElementType::U32:
    return store<int32_t>(array, index, random.digit());
  case ElementType::I64:
  case ElementType::U64:
    return store<int64_t>(array, index, random.digit());
  case ElementType::F16:
    return store(array, index,
                 toBits(llvm::APFloat::IEEEhalf(), random.normal()));
  case ElementType::BF16:
    return store(array, index,
                 toBits(llvm::APFloat::BFloat(), random.normal()));
  case ElementType::F32:
    return store(array, index, static_cast<float>(random.normal()));
  case ElementType::F64:
    return store(array, index, random.normal());
  }
  llvm_unreachable("not an element type");
}
} // namespace

void rarefy::fillRandom(const ArrayView &array, uint64_t seed) {
  Random random{std::mt19937_64(seed)};
  int64_t count = getNumElements(array.shape, array.type).value_or(0);
  for (int64_t i = 0; i < count; ++i)
    storeRandom(array, i, random);
}
