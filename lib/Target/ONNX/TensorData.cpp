// Element types and the data of initialisers: in the file, in typed fields, or
// in files beside the model.

#include "Importer.h"
#include "Protobuf.h"
#include "Storage.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/AsmState.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace rarefy;
using namespace rarefy::frontend;

Type Importer::getElementType(int onnxType) {
  switch (onnxType) {
  case onnx::TensorProto::FLOAT:
    return b.getF32Type();
  case onnx::TensorProto::DOUBLE:
    return b.getF64Type();
  case onnx::TensorProto::FLOAT16:
    return b.getF16Type();
  case onnx::TensorProto::BFLOAT16:
    return b.getBF16Type();
  case onnx::TensorProto::BOOL:
    return b.getI1Type();
  case onnx::TensorProto::INT8:
  case onnx::TensorProto::UINT8:
    return b.getI8Type();
  case onnx::TensorProto::INT16:
  case onnx::TensorProto::UINT16:
    return b.getI16Type();
  case onnx::TensorProto::INT32:
  case onnx::TensorProto::UINT32:
    return b.getI32Type();
  case onnx::TensorProto::INT64:
  case onnx::TensorProto::UINT64:
    return b.getI64Type();
  default:
    return nullptr;
  }
}

std::string Importer::getTypeName(int onnxType) {
  // Types newer than the installed definition of the format have no names in
  // it.
  static constexpr StringLiteral newer[] = {
      "float8e4m3fn", "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "uint4",
      "int4",         "float4e2m1",     "float8e8m0", "uint2",          "int2"};
  constexpr int firstNewer = 17;
  switch (onnxType) {
  case onnx::TensorProto::STRING:
    return "string";
  case onnx::TensorProto::COMPLEX64:
    return "complex64";
  case onnx::TensorProto::COMPLEX128:
    return "complex128";
  default:
    if (onnxType >= firstNewer && onnxType < firstNewer + int(std::size(newer)))
      return newer[onnxType - firstNewer].str();
    return std::to_string(onnxType);
  }
}

bool Importer::isUnsignedType(int onnxType) {
  return onnxType == onnx::TensorProto::UINT8 ||
         onnxType == onnx::TensorProto::UINT16 ||
         onnxType == onnx::TensorProto::UINT32 ||
         onnxType == onnx::TensorProto::UINT64;
}

/// Bytes of one element in ONNX's raw data.
static int64_t elementBytes(Type element) {
  return (element.getIntOrFloatBitWidth() + 7) / 8;
}

FailureOr<ArrayRef<char>> Importer::mapExternalFile(StringRef location,
                                                    StringRef what) {
  std::unique_ptr<llvm::MemoryBuffer> &buffer = storage->files[location];
  if (buffer)
    return ArrayRef(buffer->getBufferStart(), buffer->getBufferSize());
  if (path.empty())
    return error(what + ": external data needs a model that is a file");
  SmallString<128> folder(llvm::sys::path::parent_path(path));
  if (folder.empty())
    folder = ".";
  SmallString<128> file(folder), realFolder, realFile;
  llvm::sys::path::append(file, location);
  bool isInside = !llvm::sys::path::is_absolute(location);
  if (isInside && (llvm::sys::fs::real_path(folder, realFolder) ||
                   llvm::sys::fs::real_path(file, realFile)))
    return error(what + ": cannot open external data '" + location + "'");
  // A link may lead out of the folder as well as a path with `..`.
  StringRef rest = realFile;
  if (!isInside || !rest.consume_front(realFolder) || !rest.starts_with("/"))
    return error(what + ": external data '" + location +
                 "' is outside the model's folder");
  auto opened = llvm::MemoryBuffer::getFile(realFile, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!opened)
    return error(what + ": cannot open external data '" + location +
                 "': " + opened.getError().message());
  buffer = std::move(*opened);
  return ArrayRef(buffer->getBufferStart(), buffer->getBufferSize());
}

FailureOr<ArrayRef<char>>
Importer::getExternalData(const onnx::TensorProto &proto, StringRef what) {
  std::string location;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
  for (const onnx::StringStringEntryProto &entry : proto.external_data()) {
    uint64_t number;
    if (entry.key() == "location") {
      location = entry.value();
    } else if (entry.key() == "offset" || entry.key() == "length") {
      if (StringRef(entry.value()).getAsInteger(10, number))
        return error(what + ": external data has " + entry.key() + " '" +
                     entry.value() + "', expected a number");
      entry.key() == "offset" ? (void)(offset = number)
                              : (void)(length = number);
    }
  }
  if (location.empty())
    return error(what + ": external data has no location");
  FailureOr<ArrayRef<char>> file = mapExternalFile(location, what);
  if (failed(file))
    return failure();
  if (offset > file->size() || (length && *length > file->size() - offset))
    return error(what + ": external data ends beyond '" + location + "', " +
                 Twine(file->size()) + " bytes long");
  return file->slice(offset, length.value_or(file->size() - offset));
}

/// Copies one of the typed fields into `bytes`, each entry as a `T`.
template <typename T, typename Field>
static void appendField(const Field &field, std::string &bytes) {
  for (auto entry : field) {
    T value = static_cast<T>(entry);
    bytes.append(reinterpret_cast<const char *>(&value), sizeof(T));
  }
}

static void readTypedField(const onnx::TensorProto &proto, Type element,
                           std::string &bytes) {
  switch (proto.data_type()) {
  case onnx::TensorProto::FLOAT:
    return appendField<float>(proto.float_data(), bytes);
  case onnx::TensorProto::DOUBLE:
    return appendField<double>(proto.double_data(), bytes);
  case onnx::TensorProto::INT64:
    return appendField<int64_t>(proto.int64_data(), bytes);
  case onnx::TensorProto::UINT32:
    return appendField<uint32_t>(proto.uint64_data(), bytes);
  case onnx::TensorProto::UINT64:
    return appendField<uint64_t>(proto.uint64_data(), bytes);
  default:
    // 16-bit floats are stored as their bits.
    switch (elementBytes(element)) {
    case 1:
      return appendField<int8_t>(proto.int32_data(), bytes);
    case 2:
      return appendField<int16_t>(proto.int32_data(), bytes);
    default:
      return appendField<int32_t>(proto.int32_data(), bytes);
    }
  }
}

FailureOr<ArrayRef<char>> Importer::getRawData(const onnx::TensorProto &proto,
                                               StringRef what) {
  if (proto.data_location() == onnx::TensorProto::EXTERNAL)
    return getExternalData(proto, what);
  if (proto.has_raw_data())
    return ArrayRef(proto.raw_data().data(), proto.raw_data().size());
  std::string &bytes = storage->decoded.emplace_back();
  readTypedField(proto, getElementType(proto.data_type()), bytes);
  return ArrayRef(bytes.data(), bytes.size());
}

/// A key that needs no quotes in the textual IR.
static std::string resourceKey(StringRef name) {
  std::string key;
  for (char c : name)
    key += llvm::isAlnum(c) || c == '_' || c == '.' || c == '$' ? c : '_';
  if (key.empty() || !(llvm::isAlpha(key[0]) || key[0] == '_'))
    key.insert(key.begin(), '_');
  return key;
}

/// Small tensors are attributes that folds can look into, and so are those of
/// one value; the rest are resources.
ElementsAttr Importer::makeConstant(RankedTensorType type, ArrayRef<char> data,
                                    StringRef name) {
  constexpr size_t smallBytes = 512;
  Type element = type.getElementType();
  if (element.isInteger(1)) {
    SmallVector<bool> bits(data);
    return DenseElementsAttr::get(type, bits);
  }
  size_t width = elementBytes(element);
  bool splat = data.size() > width &&
               !memcmp(data.data(), data.data() + width, data.size() - width);
  if (splat)
    return DenseElementsAttr::getFromRawBuffer(type, data.take_front(width));
  if (data.size() <= smallBytes)
    return DenseElementsAttr::getFromRawBuffer(type, data);
  AsmResourceBlob blob(
      data, width, [keep = storage](void *, size_t, size_t) {},
      /*dataIsMutable=*/false);
  return DenseResourceElementsAttr::get(type, resourceKey(name),
                                        std::move(blob));
}

FailureOr<Tensor> Importer::importTensor(const onnx::TensorProto &proto,
                                         StringRef what) {
  if (proto.has_segment())
    return error(what + ": tensors in segments are not supported");
  Type element = getElementType(proto.data_type());
  if (!element)
    return error(what + ": element type " + getTypeName(proto.data_type()) +
                 " is not supported");
  int64_t bytes = elementBytes(element);
  for (int64_t size : proto.dims()) {
    if (size < 0)
      return error(what + ": size " + Twine(size) + " is negative");
    if (llvm::MulOverflow(bytes, size, bytes))
      return error(what + " is too large");
  }
  FailureOr<ArrayRef<char>> data = getRawData(proto, what);
  if (failed(data))
    return failure();
  if (data->size() != static_cast<size_t>(bytes))
    return error(what + ": expected " + Twine(bytes) +
                 " bytes of data, found " + Twine(data->size()));
  Tensor tensor;
  tensor.type = RankedTensorType::get(
      SmallVector<int64_t>(proto.dims().begin(), proto.dims().end()), element);
  tensor.isUnsigned = isUnsignedType(proto.data_type());
  tensor.constant = makeConstant(tensor.type, *data, proto.name());
  return tensor;
}

std::optional<SmallVector<Value>>
Importer::constantScalars(const Tensor &tensor) {
  constexpr int64_t limit = 64;
  auto dense = dyn_cast_if_present<DenseElementsAttr>(tensor.constant);
  if (!dense || dense.getNumElements() > limit)
    return std::nullopt;
  SmallVector<Value> scalars;
  for (Attribute value : dense.getValues<Attribute>())
    scalars.push_back(arith::ConstantOp::create(b, cast<TypedAttr>(value)));
  return scalars;
}
