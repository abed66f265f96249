// Tensors of a program from arrays and to arrays.

#include "rarefy/Sim/Tensors.h"
#include "llvm/Support/FormatVariadic.h"

using namespace rarefy;
using llvm::Error;
using llvm::Expected;

static Error makeError(const Twine &message) {
  return llvm::createStringError(message);
}

static bool isFloat(ElementType type) { return type >= ElementType::F16; }
static bool isUnsigned(ElementType type) {
  return type == ElementType::I1 ||
         (type >= ElementType::U8 && type <= ElementType::U64);
}

Expected<ElementType> spatten::getArrayType(program::TensorOp tensor) {
  Type type = tensor.getType().getElementType();
  if (isa<IntegerType>(type)) {
    bool isUnsigned = type.isUnsignedInteger();
    unsigned width = type.getIntOrFloatBitWidth();
    if (width <= 8)
      return isUnsigned ? ElementType::U8 : ElementType::I8;
    if (width <= 16)
      return isUnsigned ? ElementType::U16 : ElementType::I16;
    if (width <= 32)
      return isUnsigned ? ElementType::U32 : ElementType::I32;
    return isUnsigned ? ElementType::U64 : ElementType::I64;
  }
  if (std::optional<ElementType> known = getElementType(type))
    return *known;
  return makeError("tensor '" + tensor.getSymName() +
                   "' has elements that no array holds");
}

Expected<Array> spatten::makeArray(program::TensorOp tensor) {
  Expected<ElementType> type = getArrayType(tensor);
  if (!type)
    return type.takeError();
  Array array = Array::allocate(*type, tensor.getType().getShape());
  if (!array.data)
    return makeError("not enough memory for tensor '" + tensor.getSymName() +
                     "'");
  return array;
}

/// A view of all bytes of an array of the right shape.
static MutableArrayRef<uint8_t> getBytes(program::TensorOp tensor,
                                         const ArrayView &array) {
  return {static_cast<uint8_t *>(array.data),
          size_t(tensor.getType().getNumElements()) * getByteWidth(array.type)};
}

static Error makeTypeError(program::TensorOp tensor, const Twine &expected,
                           const ArrayView &array) {
  return makeError("tensor '" + tensor.getSymName() + "' expects " + expected +
                   ", found " + formatType(array.shape, array.type));
}

Error spatten::writeTensor(program::TensorOp tensor, DeviceMemory &memory,
                           const ArrayView &array) {
  // A launch from a host resets it, so that no program may depend on it.
  if (tensor.getDirection() == program::Direction::Out)
    return makeError("tensor '" + tensor.getSymName() +
                     "' is an output, expected an input or a state");
  auto type = tensor.getType();
  Type element = type.getElementType();
  if (array.shape != type.getShape() ||
      isFloat(array.type) != isa<FloatType>(element) ||
      (isFloat(array.type) && getElementType(element) != array.type))
    return makeTypeError(tensor, llvm::formatv("{0}", type).str(), array);
  return memory.write(tensor.getSymName(), getBytes(tensor, array),
                      getByteWidth(array.type), !isUnsigned(array.type));
}

Error spatten::readTensor(program::TensorOp tensor, const DeviceMemory &memory,
                          const ArrayView &array) {
  Expected<ElementType> type = getArrayType(tensor);
  if (!type)
    return type.takeError();
  ArrayRef<int64_t> shape = tensor.getType().getShape();
  if (array.shape != shape || array.type != *type)
    return makeTypeError(tensor, formatType(shape, *type), array);
  return memory.read(tensor.getSymName(), getBytes(tensor, array),
                     getByteWidth(array.type));
}
