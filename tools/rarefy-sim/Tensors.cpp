// Tensors of a program from files or random numbers, and to files.

#include "Tensors.h"

#include "rarefy/Runner/Npy.h"
#include "rarefy/Sim/Tensors.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/Path.h"
#include <map>
#include <random>

using namespace rarefy;
using llvm::Error;
using llvm::Expected;

static Error makeError(const Twine &message) {
  return llvm::createStringError(message);
}

/// Fills an array of `T` with what `next` returns.
template <typename T, typename F>
static void fillAs(const Array &array, F &&next) {
  auto *elements = static_cast<T *>(array.data);
  for (int64_t i = 0, e = array.getNumElements(); i < e; ++i)
    elements[i] = static_cast<T>(next());
}

/// Fills an array with the bits that `next` returns.
template <typename F> static void fill(const Array &array, F &&next) {
  switch (getByteWidth(array.type)) {
  case 1:
    return fillAs<uint8_t>(array, next);
  case 2:
    return fillAs<uint16_t>(array, next);
  case 4:
    return fillAs<uint32_t>(array, next);
  default:
    return fillAs<uint64_t>(array, next);
  }
}

/// Numbers that a machine can do something with: all of an element's width up
/// to 12 bits; counters that are not negative; scales that tell scores apart.
static Error writeRandom(program::TensorOp tensor,
                         spatten::DeviceMemory &memory, uint64_t seed) {
  Expected<Array> array = spatten::makeArray(tensor);
  if (!array)
    return array.takeError();
  std::mt19937_64 random(seed);
  Type type = tensor.getType().getElementType();
  unsigned width = std::min(type.getIntOrFloatBitWidth(), 12u);
  bool isCounter = type.getIntOrFloatBitWidth() > 16;
  uint64_t least =
      isCounter || type.isUnsignedInteger() ? 0 : -(uint64_t(1) << (width - 1));
  if (auto floats = dyn_cast<FloatType>(type))
    fill(*array, [&] {
      APFloat scale((1 + (random() & 15)) * 0x1p-20f);
      bool losesInfo;
      scale.convert(floats.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                    &losesInfo);
      return scale.bitcastToAPInt().getZExtValue();
    });
  else
    fill(*array, [&] { return least + (random() & ((1 << width) - 1)); });
  return spatten::writeTensor(tensor, memory, array->view());
}

static Error writeFile(program::TensorOp tensor, spatten::DeviceMemory &memory,
                       StringRef path) {
  Expected<Array> array = readNpy(path);
  if (!array)
    return array.takeError();
  if (Error error = spatten::writeTensor(tensor, memory, array->view()))
    return makeError(path + ": " + toString(std::move(error)));
  return Error::success();
}

/// "random" and "random:7" set `seed`; anything else is a file.
static bool isRandom(StringRef source, uint64_t &seed) {
  seed = 0;
  if (!source.consume_front("random"))
    return false;
  return source.empty() ||
         (source.consume_front(":") && !source.getAsInteger(10, seed));
}

static std::string listInputs(program::ProgramOp program) {
  SmallVector<StringRef> names;
  for (auto tensor : program.getOps<program::TensorOp>())
    if (tensor.getDirection() == program::Direction::In)
      names.push_back(tensor.getSymName());
  return llvm::join(names, ", ");
}

Error rarefy::writeInputs(program::ProgramOp program,
                          spatten::DeviceMemory &memory,
                          ArrayRef<std::string> sources) {
  std::map<std::string, std::string> named;
  std::vector<std::string> inOrder;
  for (StringRef source : sources) {
    auto [name, file] = source.split('=');
    if (name.empty())
      return makeError("--inputs=" + source + ": expected a file or random");
    uint64_t seed;
    StringRef path = file.empty() ? name : file;
    if (path.starts_with("random:") && !isRandom(path, seed))
      return makeError("--inputs=" + source +
                       ": expected a number as the seed");
    auto tensor = program.lookupSymbol<program::TensorOp>(name);
    if (file.empty())
      inOrder.push_back(source.str());
    else if (!tensor || tensor.getDirection() != program::Direction::In)
      return makeError("--inputs=" + source + ": expected one of the inputs " +
                       listInputs(program) + ", found '" + name + "'");
    else if (!named.emplace(name, file).second)
      return makeError("--inputs=" + source + ": expected each input once");
  }
  uint64_t seed = 0;
  bool allRandom = inOrder.size() == 1 && isRandom(inOrder[0], seed);
  size_t next = 0, left = 0;
  for (auto tensor : program.getOps<program::TensorOp>()) {
    StringRef name = tensor.getSymName();
    auto found = named.find(name.str());
    if (tensor.getDirection() != program::Direction::In ||
        (tensor.getValue() && found == named.end()))
      continue;
    left += found == named.end();
    uint64_t number = seed + left;
    StringRef source = "";
    if (found != named.end())
      source = found->second;
    else if (!allRandom && next < inOrder.size())
      source = inOrder[next++];
    else if (!allRandom)
      return makeError("--inputs: expected a file or random for tensor '" +
                       name + "'");
    bool random = source.empty() || isRandom(source, number);
    if (Error error = random ? writeRandom(tensor, memory, number)
                             : writeFile(tensor, memory, source))
      return error;
  }
  if (!allRandom && next < inOrder.size())
    return makeError("--inputs: expected " + Twine(left) +
                     " sources without a name, found " + Twine(inOrder.size()));
  return Error::success();
}

Expected<std::vector<std::pair<std::string, Array>>>
rarefy::readOutputs(program::ProgramOp program,
                    const spatten::DeviceMemory &memory) {
  std::vector<std::pair<std::string, Array>> outputs;
  for (auto tensor : program.getOps<program::TensorOp>()) {
    if (tensor.getDirection() == program::Direction::In)
      continue;
    Expected<Array> array = spatten::makeArray(tensor);
    if (!array)
      return array.takeError();
    if (Error error = spatten::readTensor(tensor, memory, array->view()))
      return error;
    outputs.emplace_back(tensor.getSymName(), std::move(*array));
  }
  return outputs;
}

std::vector<std::string> rarefy::listFiles(ArrayRef<std::string> sources) {
  std::vector<std::string> files;
  uint64_t seed;
  for (StringRef source : sources) {
    auto [name, file] = source.split('=');
    StringRef path = file.empty() ? source : file;
    if (!isRandom(path, seed))
      files.push_back(path.str());
  }
  return files;
}

Expected<std::vector<std::string>>
rarefy::listOutputs(program::ProgramOp program, StringRef folder) {
  std::vector<std::string> names, files;
  if (folder.empty())
    return files;
  if (llvm::sys::fs::exists(folder) && !llvm::sys::fs::is_directory(folder))
    return makeError(folder + ": expected a folder for the outputs");
  for (auto tensor : program.getOps<program::TensorOp>())
    if (tensor.getDirection() != program::Direction::In)
      names.push_back(tensor.getSymName().str());
  for (const std::string &name : getFileNames(names)) {
    SmallString<128> path(folder);
    llvm::sys::path::append(path, name);
    files.push_back(path.str().str());
  }
  return files;
}

Error rarefy::writeOutputs(ArrayRef<std::pair<std::string, Array>> outputs,
                           ArrayRef<std::string> files, StringRef folder) {
  if (folder.empty())
    return Error::success();
  if (std::error_code error = llvm::sys::fs::create_directories(
          folder, /*IgnoreExisting=*/true, llvm::sys::fs::perms::all_all))
    return makeError(folder + ": " + error.message());
  std::vector<std::pair<std::string, ArrayView>> arrays;
  for (const auto &[file, output] : llvm::zip_equal(files, outputs))
    arrays.emplace_back(file, output.second.view());
  return writeNpy(arrays);
}

void rarefy::printOutputs(ArrayRef<std::pair<std::string, Array>> outputs,
                          unsigned elements, raw_ostream &os) {
  if (elements == 0)
    return;
  for (const auto &[name, array] : outputs) {
    int64_t count = array.getNumElements();
    os << name << ": " << formatType(array.shape, array.type) << " [";
    for (int64_t i = 0; i < std::min<int64_t>(count, elements); ++i)
      os << (i ? ", " : "")
         << llvm::format("%.7g", getElement(array.view(), i));
    os << (count > elements ? ", ...]\n" : "]\n");
  }
}
