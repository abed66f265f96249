// numpy's file format: a magic string, a version, the length of a header, the
// header (a Python dictionary as text), the elements.

#include "rarefy/Runner/Npy.h"

#include "rarefy/Support/Files.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"

#include <cstring>

using namespace rarefy;

static constexpr StringRef magic = "\x93NUMPY";

namespace {
struct Description {
  const char *text;
  ElementType type;
};
} // namespace

// bf16 has no description of its own; ml_dtypes writes "<V2" for it.
static constexpr Description descriptions[] = {
    {"|b1", ElementType::I1},   {"|i1", ElementType::I8},
    {"<i2", ElementType::I16},  {"<i4", ElementType::I32},
    {"<i8", ElementType::I64},  {"|u1", ElementType::U8},
    {"<u2", ElementType::U16},  {"<u4", ElementType::U32},
    {"<u8", ElementType::U64},  {"<f2", ElementType::F16},
    {"<f4", ElementType::F32},  {"<f8", ElementType::F64},
    {"<V2", ElementType::BF16}, {"|V2", ElementType::BF16}};

static llvm::Error makeError(const Twine &message) {
  return llvm::createStringError(message);
}

/// The beginning of what a header says, for a message of one line.
static std::string quote(StringRef text) {
  constexpr size_t shown = 16;
  std::string quoted = "'";
  llvm::raw_string_ostream os(quoted);
  llvm::printEscapedString(text.take_front(shown), os);
  os << (text.size() > shown ? "...'" : "'");
  return quoted;
}

namespace {
/// Reads the dictionary that describes an array.
class HeaderParser {
public:
  explicit HeaderParser(StringRef text) : rest(text) {}

  llvm::Error parse();

  ElementType type = ElementType::F32;
  SmallVector<int64_t, 6> shape;

private:
  bool consume(StringRef token) {
    rest = rest.ltrim();
    return rest.consume_front(token);
  }
  llvm::Expected<StringRef> parseString();
  llvm::Error parseEntry(StringRef key);
  llvm::Error parseType();
  llvm::Error parseOrder();
  llvm::Error parseShape();

  StringRef rest;
};
} // namespace

llvm::Expected<StringRef> HeaderParser::parseString() {
  rest = rest.ltrim();
  if (rest.empty() || (rest[0] != '\'' && rest[0] != '"'))
    return makeError("bad header: expected a string at " + quote(rest));
  size_t end = rest.find(rest[0], 1);
  if (end == StringRef::npos)
    return makeError("bad header: a string does not end");
  StringRef text = rest.slice(1, end);
  rest = rest.drop_front(end + 1);
  return text;
}

llvm::Error HeaderParser::parseType() {
  llvm::Expected<StringRef> text = parseString();
  if (!text)
    return text.takeError();
  for (const Description &row : descriptions)
    if (*text == row.text) {
      type = row.type;
      return llvm::Error::success();
    }
  return makeError("unsupported element type " + quote(*text) +
                   ": expected booleans, little-endian integers or floats");
}

llvm::Error HeaderParser::parseOrder() {
  if (consume("True"))
    return makeError("the array is in column-major (Fortran) order: save "
                     "numpy.ascontiguousarray of it");
  if (!consume("False"))
    return makeError("bad header: 'fortran_order' is neither True nor False");
  return llvm::Error::success();
}

llvm::Error HeaderParser::parseShape() {
  if (!consume("("))
    return makeError("bad header: 'shape' is not a tuple");
  while (!consume(")")) {
    rest = rest.ltrim();
    uint64_t size;
    if (rest.consumeInteger(10, size) || size > uint64_t(INT64_MAX))
      return makeError("bad header: expected a size at " + quote(rest));
    shape.push_back(static_cast<int64_t>(size));
    if (!consume(",") && !rest.ltrim().starts_with(")"))
      return makeError("bad header: expected ',' or ')' at " + quote(rest));
  }
  return llvm::Error::success();
}

llvm::Error HeaderParser::parseEntry(StringRef key) {
  if (!consume(":"))
    return makeError("bad header: expected ':' after " + quote(key));
  if (key == "descr")
    return parseType();
  if (key == "fortran_order")
    return parseOrder();
  if (key == "shape")
    return parseShape();
  return makeError("bad header: unknown key " + quote(key));
}

llvm::Error HeaderParser::parse() {
  SmallVector<StringRef, 3> seen;
  if (!consume("{"))
    return makeError("bad header: expected a dictionary");
  while (!consume("}")) {
    llvm::Expected<StringRef> key = parseString();
    if (!key)
      return key.takeError();
    if (llvm::is_contained(seen, *key))
      return makeError("bad header: '" + *key + "' is there twice");
    seen.push_back(*key);
    if (llvm::Error error = parseEntry(*key))
      return error;
    if (!consume(",") && !rest.ltrim().starts_with("}"))
      return makeError("bad header: expected ',' or '}' at " + quote(rest));
  }
  if (seen.size() != 3)
    return makeError("bad header: expected 'descr', 'fortran_order' and "
                     "'shape'");
  if (!rest.trim().empty())
    return makeError("bad header: text after the dictionary");
  return llvm::Error::success();
}

/// Splits `bytes` after the magic string into header and elements.
static llvm::Error splitFile(StringRef bytes, StringRef &header,
                             StringRef &elements) {
  if (!bytes.consume_front(magic))
    return makeError("not a .npy file");
  if (bytes.size() < 2)
    return makeError("truncated before the version");
  unsigned major = static_cast<uint8_t>(bytes[0]);
  if (major < 1 || major > 3)
    return makeError("format version " + Twine(major) + ": expected 1, 2 or 3");
  bytes = bytes.drop_front(2);
  size_t lengthBytes = major == 1 ? 2 : 4;
  if (bytes.size() < lengthBytes)
    return makeError("truncated before the header");
  size_t length = major == 1 ? llvm::support::endian::read16le(bytes.data())
                             : llvm::support::endian::read32le(bytes.data());
  bytes = bytes.drop_front(lengthBytes);
  if (bytes.size() < length)
    return makeError("truncated header: expected " + Twine(length) +
                     " bytes, found " + Twine(bytes.size()));
  header = bytes.take_front(length);
  elements = bytes.drop_front(length);
  return llvm::Error::success();
}

llvm::Expected<Array> rarefy::parseNpy(StringRef bytes) {
  StringRef header, elements;
  if (llvm::Error error = splitFile(bytes, header, elements))
    return error;
  HeaderParser parser(header);
  if (llvm::Error error = parser.parse())
    return error;
  std::optional<int64_t> count = getNumElements(parser.shape, parser.type);
  if (!count)
    return makeError("the shape has more elements than memory can hold");
  uint64_t expected = *count * getByteWidth(parser.type);
  if (elements.size() != expected)
    return makeError("expected " + Twine(expected) + " bytes of elements (" +
                     formatType(parser.shape, parser.type) + "), found " +
                     Twine(elements.size()));
  Array array = Array::allocate(parser.type, parser.shape);
  if (!array.data)
    return makeError("not enough memory for " + Twine(expected) + " bytes");
  std::memcpy(array.data, elements.data(), elements.size());
  // numpy takes any byte but 0 for true.
  if (array.type == ElementType::I1)
    for (char &byte :
         MutableArrayRef(static_cast<char *>(array.data), elements.size()))
      byte = byte != 0;
  return array;
}

llvm::Expected<Array> rarefy::readNpy(StringRef path) {
  auto file = readInput(path);
  if (!file)
    return file.takeError();
  llvm::Expected<Array> array = parseNpy((*file)->getBuffer());
  if (!array)
    return makeError(path + ": " + llvm::toString(array.takeError()));
  return array;
}

std::string rarefy::formatNpy(const ArrayView &array) {
  ElementType type =
      array.type == ElementType::BF16 ? ElementType::U16 : array.type;
  std::string header = "{'descr': '";
  for (const Description &row : descriptions)
    if (row.type == type)
      header += row.text;
  header += "', 'fortran_order': False, 'shape': (";
  for (int64_t size : array.shape)
    header += std::to_string(size) + ", ";
  if (array.shape.size() > 1)
    header.resize(header.size() - 2);
  header += "), }";
  // The elements begin at a multiple of 64 bytes; a newline ends the header.
  size_t before = magic.size() + 4;
  header.append(63 - (before + header.size()) % 64, ' ');
  header += '\n';
  std::string bytes = magic.str() + std::string("\x01\x00", 2);
  bytes += static_cast<char>(header.size() & 0xff);
  bytes += static_cast<char>(header.size() >> 8);
  bytes += header;
  bytes.append(static_cast<const char *>(array.data),
               getNumElements(array.shape, array.type).value_or(0) *
                   getByteWidth(array.type));
  return bytes;
}

std::vector<std::string> rarefy::getFileNames(ArrayRef<std::string> names) {
  llvm::StringSet<> taken;
  std::vector<std::string> files;
  for (auto [i, name] : llvm::enumerate(names)) {
    std::string &file = files.emplace_back(name);
    for (char &c : file)
      if (!llvm::isAlnum(c) && !StringRef("-_.").contains(c))
        c = '_';
    if (taken.insert(file).second)
      continue;
    file += "_" + std::to_string(i);
    while (!taken.insert(file).second)
      file += "_";
  }
  for (std::string &file : files)
    file += ".npy";
  return files;
}

llvm::Error
rarefy::writeNpy(ArrayRef<std::pair<std::string, ArrayView>> files) {
  std::vector<OutputFile> written;
  for (const auto &[path, array] : files) {
    llvm::Expected<OutputFile> file = OutputFile::open(path);
    if (!file)
      return file.takeError();
    file->os() << formatNpy(array);
    if (llvm::Error error = file->finish())
      return error;
    written.push_back(std::move(*file));
  }
  for (OutputFile &file : written)
    if (llvm::Error error = file.keep())
      return error;
  return llvm::Error::success();
}
