// Tensors in device memory, and their elements packed to any width.

#include "Kernels.h"
#include "rarefy/Sim/SpAtten.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <cstring>

using namespace rarefy;
using namespace rarefy::spatten;
using llvm::Error;
using llvm::Expected;

static Error makeError(const Twine &text) {
  return llvm::createStringError(text);
}

/// Element `index` of `elements`, `bytes` bytes each.
static int64_t getElement(const uint8_t *elements, unsigned bytes,
                          bool isSigned, int64_t index) {
  uint64_t number = 0;
  std::memcpy(&number, elements + index * bytes, bytes);
  return isSigned ? llvm::SignExtend64(number, bytes * 8) : int64_t(number);
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

/// Whether `number` is one of `width` bits of `type`.
static bool fits(int64_t number, unsigned width, Type type) {
  if (width == 64)
    return true;
  int64_t least = type.isUnsignedInteger() ? 0 : -(int64_t(1) << (width - 1));
  int64_t limit = int64_t(1) << (type.isSignedInteger() ? width - 1 : width);
  return number >= least && number < limit;
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
    auto *data = static_cast<uint8_t *>(std::calloc(bytes + kPaddingBytes, 1));
    if (!data)
      return makeError("not enough memory for tensor '" + op.getSymName() +
                       "'");
    bool needed = op.getDirection() == program::Direction::In && !op.getValue();
    memory.tensors.push_back({op.getSymName().str(),
                              cast<RankedTensorType>(op.getType()),
                              address,
                              bytes,
                              !needed,
                              {data, Free()}});
    if (auto value = dyn_cast_or_null<DenseElementsAttr>(op.getValueAttr())) {
      unsigned width = op.getType().getElementTypeBitWidth();
      bool isFloat = isa<FloatType>(value.getElementType());
      uint64_t at = 0;
      auto add = [&](const APInt &number) {
        setBits(data, at, width, number.getZExtValue());
        at += width;
      };
      if (isFloat)
        for (const APFloat &number : value.getValues<APFloat>())
          add(number.bitcastToAPInt());
      else
        for (const APInt &number : value.getValues<APInt>())
          add(number);
    } else if (op.getValue()) {
      return makeError("tensor '" + op.getSymName() +
                       "' expects a dense value");
    }
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
  tensors[names.lookup(name)].written = true;
  if (width == elementBytes * 8) {
    std::memcpy(data, elements.data(), elements.size());
    return Error::success();
  }
  for (int64_t i = 0, e = (*tensor)->type.getNumElements(); i < e; ++i) {
    int64_t number = getElement(elements.data(), elementBytes, isSigned, i);
    if (!fits(number, width, type))
      return makeError("tensor '" + name + "' expects numbers of " +
                       Twine(width) + " bits, found " + Twine(number) +
                       " in place " + Twine(i));
    setBits(data, uint64_t(i) * width, width, number);
  }
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

uint8_t *DeviceMemory::find(uint64_t address, uint64_t bytes) const {
  auto after = llvm::upper_bound(tensors, address,
                                 [](uint64_t address, const Tensor &tensor) {
                                   return address < tensor.address;
                                 });
  if (after == tensors.begin())
    return nullptr;
  const Tensor &tensor = *std::prev(after);
  uint64_t offset = address - tensor.address;
  if (offset > tensor.bytes || bytes > tensor.bytes - offset)
    return nullptr;
  return tensor.data.get() + offset;
}

Error DeviceMemory::checkWritten() const {
  for (const Tensor &tensor : tensors)
    if (!tensor.written)
      return makeError("tensor '" + tensor.name + "' is an input and missing");
  return Error::success();
}
