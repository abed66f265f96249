// Makes inputs from files and random numbers, and writes results.

#include "Inputs.h"

#include "rarefy/Runner/Npy.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"

using namespace rarefy;

static llvm::Error makeError(const Twine &message) {
  return llvm::createStringError(message);
}

static std::string describe(const TensorInfo &info, size_t index) {
  std::string text = "input " + std::to_string(index);
  return info.name.empty() ? text : text + " ('" + info.name + "')";
}

/// The sizes of "input=4x8" options, by input.
static llvm::Expected<std::vector<std::optional<SmallVector<int64_t, 6>>>>
parseShapes(const Signature &signature, ArrayRef<std::string> shapes) {
  std::vector<std::optional<SmallVector<int64_t, 6>>> parsed(
      signature.inputs.size());
  for (StringRef text : shapes) {
    auto [key, sizes] = text.rsplit('=');
    size_t index;
    if (key.getAsInteger(10, index))
      index = llvm::find_if(signature.inputs,
                            [&, key = key](const TensorInfo &info) {
                              return info.name == key;
                            }) -
              signature.inputs.begin();
    if (index >= signature.inputs.size())
      return makeError("--shape=" + text + ": no input '" + key + "'");
    SmallVector<StringRef> parts;
    sizes.split(parts, 'x', -1, /*KeepEmpty=*/false);
    auto &shape = parsed[index].emplace();
    for (StringRef part : parts)
      if (part.getAsInteger(10, shape.emplace_back()) || shape.back() < 0)
        return makeError("--shape=" + text + ": expected sizes such as 4x8");
  }
  return parsed;
}

static llvm::Expected<Array>
makeRandom(const TensorInfo &info, size_t index, uint64_t seed,
           const std::optional<SmallVector<int64_t, 6>> &given) {
  const SmallVector<int64_t, 6> &shape = given ? *given : info.shape;
  if (llvm::any_of(shape, [](int64_t size) { return size < 0; }))
    return makeError(describe(info, index) + " has type " +
                     formatType(info.shape, info.type) +
                     ", whose sizes vary: give them with --shape=" +
                     (info.name.empty() ? std::to_string(index) : info.name) +
                     "=...");
  Array array = Array::allocate(info.type, shape);
  if (!array.data)
    return makeError(describe(info, index) + ": not enough memory for " +
                     formatType(shape, info.type));
  // Every input has numbers of its own.
  fillRandom(array.view(), seed + index);
  return array;
}

/// "random" and "random:7" set `seed`; anything else is a file.
static bool isRandom(StringRef source, uint64_t &seed) {
  seed = 0;
  if (!source.consume_front("random"))
    return false;
  return source.empty() ||
         (source.consume_front(":") && !source.getAsInteger(10, seed));
}

llvm::Expected<std::vector<Array>>
rarefy::makeInputs(const Signature &signature, ArrayRef<std::string> sources,
                   ArrayRef<std::string> shapes) {
  auto sizes = parseShapes(signature, shapes);
  if (!sizes)
    return sizes.takeError();
  uint64_t seed = 0;
  bool allRandom =
      sources.empty() || (sources.size() == 1 && isRandom(sources[0], seed));
  if (!allRandom && sources.size() != signature.inputs.size())
    return makeError("--inputs: expected " + Twine(signature.inputs.size()) +
                     " files, found " + Twine(sources.size()));
  std::vector<Array> inputs;
  for (auto [i, info] : llvm::enumerate(signature.inputs)) {
    llvm::Expected<Array> array = allRandom || isRandom(sources[i], seed)
                                      ? makeRandom(info, i, seed, (*sizes)[i])
                                      : readNpy(sources[i]);
    if (!array)
      return array.takeError();
    // numpy has no bf16: a file holds its bits.
    if (info.type == ElementType::BF16 && array->type == ElementType::U16)
      array->type = ElementType::BF16;
    inputs.push_back(std::move(*array));
  }
  return inputs;
}

/// A result's name as a file's: letters, digits and "-_." stay.
static std::string getFileName(const TensorInfo &info, size_t index) {
  if (info.name.empty())
    return "result" + std::to_string(index);
  std::string name = info.name;
  for (char &c : name)
    if (!llvm::isAlnum(c) && !StringRef("-_.").contains(c))
      c = '_';
  return name;
}

llvm::Error rarefy::writeResults(const Signature &signature,
                                 ArrayRef<Array> results, StringRef prefix) {
  std::string start = prefix.str();
  if (llvm::sys::fs::is_directory(prefix) && !prefix.ends_with("/"))
    start += "/";
  for (auto [i, result] : llvm::enumerate(results)) {
    std::string name = getFileName(signature.results[i], i) + ".npy";
    if (llvm::Error error = writeNpy(start + name, result.view()))
      return error;
  }
  return llvm::Error::success();
}
