// Tensors in device memory, and their elements packed to any width.

#include "Kernels.h"
#include "rarefy/Sim/SpAtten.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>
#include <optional>
#include <type_traits>

using namespace rarefy;
using namespace rarefy::spatten;
using llvm::divideCeil;
using llvm::Error;
using llvm::Expected;

static Error makeError(const Twine &text) {
  return llvm::createStringError(text);
}

static void setBits(uint8_t *packed, uint64_t at, unsigned width,
                    uint64_t number) {
  for (unsigned done = 0; done < width;) {
    unsigned offset = (at + done) % 8;
    unsigned count = std::min(width - done, 8 - offset);
    auto mask = uint8_t(((1u << count) - 1) << offset);
    uint8_t &byte = packed[(at + done) / 8];
    byte = (byte & ~mask) | (uint8_t(number >> done << offset) & mask);
    done += count;
  }
}

static uint64_t getBits(const uint8_t *packed, uint64_t at, unsigned width) {
  uint64_t number = 0;
  for (unsigned done = 0; done < width;) {
    unsigned offset = (at + done) % 8;
    unsigned count = std::min(width - done, 8 - offset);
    uint64_t bits = packed[(at + done) / 8] >> offset & ((1u << count) - 1);
    number |= bits << done;
    done += count;
  }
  return number;
}

namespace {
/// The numbers that elements of a type can have.
struct NumberRange {
  int64_t least, most;

  explicit NumberRange(Type type) {
    unsigned width = type.getIntOrFloatBitWidth();
    least = type.isUnsignedInteger() ? 0 : llvm::minIntN(width);
    most = type.isSignedInteger() || width == 64
               ? llvm::maxIntN(width)
               : static_cast<int64_t>(llvm::maxUIntN(width));
  }
};
} // namespace

/// Element `index` of `elements`, a number.
template <typename T>
static T getNumber(const uint8_t *elements, size_t index) {
  T number;
  std::memcpy(&number, elements + index * sizeof(T), sizeof(T));
  return number;
}

StringRef spatten::explainMisfit(int64_t number) {
  return number == kRefused ? ": a NaN, or a number of more bits than are read"
                            : "";
}

/// "70 in place 3", of the first number that is not in `range`.
template <typename T>
static std::optional<std::string> findMisfit(ArrayRef<uint8_t> elements,
                                             NumberRange range) {
  for (size_t i = 0, e = elements.size() / sizeof(T); i < e; ++i) {
    T number = getNumber<T>(elements.data(), i);
    bool isLarge = std::is_signed_v<T>
                       ? static_cast<int64_t>(number) > range.most
                       : static_cast<uint64_t>(number) > uint64_t(range.most);
    if (isLarge ||
        (std::is_signed_v<T> && static_cast<int64_t>(number) < range.least))
      return std::to_string(number) + " in place " + std::to_string(i) +
             explainMisfit(static_cast<int64_t>(number)).str();
  }
  return std::nullopt;
}

/// Packs numbers to `width` bits each.
template <typename T>
static void pack(ArrayRef<uint8_t> elements, unsigned width, uint8_t *packed) {
  uint64_t bits = 0;
  unsigned filled = 0;
  for (size_t i = 0, e = elements.size() / sizeof(T); i < e; ++i) {
    auto number = static_cast<uint64_t>(getNumber<T>(elements.data(), i));
    if (width > 32) {
      setBits(packed, uint64_t(i) * width, width, number);
      continue;
    }
    bits |= (number & llvm::maxUIntN(width)) << filled;
    filled += width;
    if (filled < 32)
      continue;
    std::memcpy(packed, &bits, 4);
    packed += 4;
    bits >>= 32;
    filled -= 32;
  }
  std::memcpy(packed, &bits, divideCeil(filled, 8));
}

namespace {
/// What depends on the type of an array's elements.
struct ElementKind {
  std::optional<std::string> (*findMisfit)(ArrayRef<uint8_t>, NumberRange);
  void (*pack)(ArrayRef<uint8_t>, unsigned, uint8_t *);

  template <typename T> static ElementKind of() {
    return {::findMisfit<T>, ::pack<T>};
  }
  static ElementKind get(unsigned bytes, bool isSigned) {
    if (bytes == 1)
      return isSigned ? of<int8_t>() : of<uint8_t>();
    if (bytes == 2)
      return isSigned ? of<int16_t>() : of<uint16_t>();
    if (bytes == 4)
      return isSigned ? of<int32_t>() : of<uint32_t>();
    return isSigned ? of<int64_t>() : of<uint64_t>();
  }
};
} // namespace

/// "nan in place 3", of the first number that is not finite.
static std::optional<std::string> findNotFinite(ArrayRef<uint8_t> elements,
                                                FloatType type) {
  unsigned bytes = type.getWidth() / 8;
  for (size_t i = 0, e = elements.size() / bytes; i < e; ++i) {
    uint64_t bits = 0;
    std::memcpy(&bits, elements.data() + i * bytes, bytes);
    llvm::APFloat number(type.getFloatSemantics(),
                         llvm::APInt(type.getWidth(), bits));
    if (!number.isFinite())
      return (number.isNaN()        ? "nan"
              : number.isNegative() ? "-inf"
                                    : "inf") +
             (" in place " + std::to_string(i));
  }
  return std::nullopt;
}

/// Writes the value of the program, if there is one.
void DeviceMemory::Tensor::setValue() {
  if (!value)
    return;
  unsigned width = type.getElementTypeBitWidth();
  if (value.isSplat() && width % 8 == 0) {
    ArrayRef<char> element = value.getRawData();
    for (uint64_t at = 0; at < bytes; at += element.size())
      std::memcpy(data.get() + at, element.data(), element.size());
    return;
  }
  uint64_t at = 0;
  auto add = [&](const APInt &number) {
    setBits(data.get(), at, width, number.getZExtValue());
    at += width;
  };
  if (isa<FloatType>(value.getElementType()))
    for (const APFloat &number : value.getValues<APFloat>())
      add(number.bitcastToAPInt());
  else
    for (const APInt &number : value.getValues<APInt>())
      add(number);
}

void DeviceMemory::reset() {
  for (Tensor &tensor : tensors) {
    if (tensor.isInput)
      continue;
    std::memset(tensor.data.get(), 0, tensor.bytes);
    tensor.setValue();
  }
}

Expected<DeviceMemory> DeviceMemory::create(program::ProgramOp program,
                                            uint64_t capacityBytes) {
  DeviceMemory memory;
  for (auto op : program.getOps<program::TensorOp>()) {
    uint64_t bytes = op.getSizeInBytes(), address = op.getAddress();
    if (address + bytes > capacityBytes)
      return makeError("tensor '" + op.getSymName() + "' ends at byte " +
                       Twine(address + bytes) + ", the memory at " +
                       Twine(capacityBytes));
    if (op.getType().getElementTypeBitWidth() > 64)
      return makeError("tensor '" + op.getSymName() +
                       "' expects elements of at most 64 bits, found " +
                       Twine(op.getType().getElementTypeBitWidth()));
    auto value = dyn_cast_or_null<DenseElementsAttr>(op.getValueAttr());
    if (op.getValue() && !value)
      return makeError("tensor '" + op.getSymName() +
                       "' expects a dense value");
    auto *data = static_cast<uint8_t *>(std::calloc(bytes + kPaddingBytes, 1));
    if (!data)
      return makeError("not enough memory for tensor '" + op.getSymName() +
                       "'");
    bool isInput = op.getDirection() == program::Direction::In && !value;
    memory.tensors.push_back({op.getSymName().str(),
                              cast<RankedTensorType>(op.getType()),
                              address,
                              bytes,
                              value,
                              isInput,
                              !isInput,
                              {data, Free()}});
    memory.tensors.back().setValue();
  }
  llvm::sort(memory.tensors, [](const Tensor &a, const Tensor &b) {
    return a.address < b.address;
  });
  for (auto [index, tensor] : llvm::enumerate(memory.tensors))
    memory.names[tensor.name] = index;
  return memory;
}

Expected<const DeviceMemory::Tensor *>
DeviceMemory::get(StringRef name, size_t bytes, unsigned elementBytes) const {
  auto found = names.find(name);
  if (found == names.end())
    return makeError("the program has no tensor '" + name + "'");
  const Tensor &tensor = tensors[found->second];
  unsigned width = tensor.type.getElementTypeBitWidth();
  bool isFloat = isa<FloatType>(tensor.type.getElementType());
  if (isFloat ? elementBytes * 8 != width : elementBytes > 8)
    return makeError("tensor '" + name + "' expects elements of " +
                     Twine(width) + " bits, found " + Twine(elementBytes * 8));
  if (uint64_t expected = tensor.type.getNumElements() * elementBytes;
      bytes != expected)
    return makeError("tensor '" + name + "' expects " + Twine(expected) +
                     " bytes of elements, found " + Twine(bytes));
  return &tensor;
}

Error DeviceMemory::write(StringRef name, ArrayRef<uint8_t> elements,
                          unsigned elementBytes, bool isSigned) {
  Expected<const Tensor *> tensor = get(name, elements.size(), elementBytes);
  if (!tensor)
    return tensor.takeError();
  Type type = (*tensor)->type.getElementType();
  unsigned width = type.getIntOrFloatBitWidth();
  uint8_t *data = (*tensor)->data.get();
  ElementKind kind = ElementKind::get(elementBytes, isSigned);
  bool isWhole = width == elementBytes * 8;
  if (auto floats = dyn_cast<FloatType>(type)) {
    if (auto misfit = findNotFinite(elements, floats))
      return makeError("tensor '" + name + "' expects finite numbers, found " +
                       *misfit);
  } else if (!isWhole ||
             (isSigned ? type.isUnsignedInteger() : type.isSignedInteger())) {
    if (auto misfit = kind.findMisfit(elements, NumberRange(type)))
      return makeError("tensor '" + name + "' expects numbers of " +
                       Twine(width) + " bits, found " + *misfit);
  }
  if (isWhole)
    std::memcpy(data, elements.data(), elements.size());
  else
    kind.pack(elements, width, data);
  tensors[names.lookup(name)].written = true;
  return Error::success();
}

Error DeviceMemory::read(StringRef name, MutableArrayRef<uint8_t> elements,
                         unsigned elementBytes) const {
  Expected<const Tensor *> tensor = get(name, elements.size(), elementBytes);
  if (!tensor)
    return tensor.takeError();
  Type type = (*tensor)->type.getElementType();
  unsigned width = type.getIntOrFloatBitWidth();
  if (width > elementBytes * 8)
    return makeError("tensor '" + name + "' expects elements of at least " +
                     Twine(width) + " bits, found " + Twine(elementBytes * 8));
  const uint8_t *data = (*tensor)->data.get();
  if (width == elementBytes * 8) {
    std::memcpy(elements.data(), data, elements.size());
    return Error::success();
  }
  for (int64_t i = 0, e = (*tensor)->type.getNumElements(); i < e; ++i) {
    uint64_t number = getBits(data, uint64_t(i) * width, width);
    if (!type.isUnsignedInteger() && width > 1)
      number = llvm::SignExtend64(number, width);
    std::memcpy(elements.data() + i * elementBytes, &number, elementBytes);
  }
  return Error::success();
}

const DeviceMemory::Tensor *DeviceMemory::findTensor(uint64_t address) const {
  auto after = llvm::upper_bound(tensors, address,
                                 [](uint64_t address, const Tensor &tensor) {
                                   return address < tensor.address;
                                 });
  return after == tensors.begin() ? nullptr : &*std::prev(after);
}

uint8_t *DeviceMemory::find(uint64_t address, uint64_t bytes) const {
  const Tensor *tensor = findTensor(address);
  if (!tensor)
    return nullptr;
  uint64_t offset = address - tensor->address;
  if (offset > tensor->bytes || bytes > tensor->bytes - offset)
    return nullptr;
  return tensor->data.get() + offset;
}

std::string DeviceMemory::describe(uint64_t address) const {
  const Tensor *tensor = findTensor(address);
  uint64_t place =
      (address - tensor->address) * 8 / tensor->type.getElementTypeBitWidth();
  return ("place " + Twine(place) + " of tensor '" + tensor->name + "'").str();
}

Error DeviceMemory::checkWritten() const {
  for (const Tensor &tensor : tensors)
    if (!tensor.written)
      return makeError("tensor '" + tensor.name + "' is an input and missing");
  return Error::success();
}
