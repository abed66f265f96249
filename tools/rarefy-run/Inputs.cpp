// Makes inputs from files and random numbers, and writes results.

#include "Inputs.h"

#include "rarefy/Runner/Npy.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"

using namespace rarefy;

static llvm::Error makeError(const Twine &message) {
  return llvm::createStringError(message);
}

/// The sizes of "input=4x8" options, by input.
static llvm::Expected<std::vector<std::optional<SmallVector<int64_t, 6>>>>
parseShapes(const Signature &signature, ArrayRef<std::string> shapes) {
  std::vector<std::optional<SmallVector<int64_t, 6>>> parsed(
      signature.inputs.size());
  for (StringRef text : shapes) {
    if (!text.contains('='))
      return makeError("--shape=" + text + ": expected input=4x8");
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
    if (parsed[index])
      return makeError("--shape=" + text + ": expected each input once");
    SmallVector<StringRef> parts;
    if (!sizes.empty())
      sizes.split(parts, 'x');
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
    return makeError(describeInput(info, index) + " has type " +
                     formatType(info.shape, info.type) +
                     ", whose sizes vary: give them with --shape=" +
                     (info.name.empty() ? std::to_string(index) : info.name) +
                     "=...");
  Array array = Array::allocate(info.type, shape);
  if (!array.data)
    return makeError(describeInput(info, index) + ": not enough memory for " +
                     formatType(shape, info.type));
  // Every input has numbers of its own.
  fillRandom(array.view(), seed + index);
  return array;
}

/// The seed of "random" and "random:7"; none for what is a file.
static llvm::Expected<std::optional<uint64_t>> parseSeed(StringRef source) {
  if (source.empty())
    return makeError("--inputs: expected .npy files, random or random:seed, "
                     "found nothing");
  if (source == "random")
    return 0;
  uint64_t seed;
  if (!source.consume_front("random:"))
    return std::nullopt;
  if (source.getAsInteger(10, seed))
    return makeError("--inputs=random:" + source +
                     ": expected a number as the seed");
  return seed;
}

/// The array of a file, if it fits.
static llvm::Expected<Array> readInput(const TensorInfo &info, size_t index,
                                       StringRef path) {
  llvm::Expected<Array> array = readNpy(path);
  if (!array)
    return array.takeError();
  // numpy has no bf16: a file holds its bits.
  if (info.type == ElementType::BF16 && array->type == ElementType::U16)
    array->type = ElementType::BF16;
  if (llvm::Error error = checkInput(info, index, array->view()))
    return makeError(path + ": " + llvm::toString(std::move(error)));
  return array;
}

llvm::Expected<std::vector<Array>>
rarefy::makeInputs(const Signature &signature, ArrayRef<std::string> sources,
                   ArrayRef<std::string> shapes) {
  auto sizes = parseShapes(signature, shapes);
  if (!sizes)
    return sizes.takeError();
  SmallVector<std::optional<uint64_t>> seeds;
  for (StringRef source : sources) {
    auto seed = parseSeed(source);
    if (!seed)
      return seed.takeError();
    seeds.push_back(*seed);
  }
  if (seeds.empty())
    seeds.push_back(0);
  // One seed is for all.
  if (seeds.size() == 1 && seeds[0])
    seeds.assign(signature.inputs.size(), seeds[0]);
  if (seeds.size() != signature.inputs.size())
    return makeError("--inputs: expected " + Twine(signature.inputs.size()) +
                     " files, found " + Twine(seeds.size()));
  std::vector<Array> inputs;
  for (auto [i, info] : llvm::enumerate(signature.inputs)) {
    if (!seeds[i] && (*sizes)[i])
      return makeError("--shape: " + describeInput(info, i) +
                       " comes from a file: expected no sizes");
    llvm::Expected<Array> array =
        seeds[i] ? makeRandom(info, i, *seeds[i], (*sizes)[i])
                 : readInput(info, i, sources[i]);
    if (!array)
      return array.takeError();
    inputs.push_back(std::move(*array));
  }
  return inputs;
}

llvm::Error rarefy::writeResults(const Signature &signature,
                                 ArrayRef<Array> results, StringRef prefix) {
  std::string start = prefix.str();
  if (llvm::sys::fs::is_directory(prefix) && !prefix.ends_with("/"))
    start += "/";
  std::vector<std::string> names;
  for (auto [i, info] : llvm::enumerate(signature.results))
    names.push_back(info.name.empty() ? "result" + std::to_string(i)
                                      : info.name);
  std::vector<std::pair<std::string, ArrayView>> files;
  for (auto [name, result] : llvm::zip_equal(getFileNames(names), results))
    files.emplace_back(start + name, result.view());
  return writeNpy(files);
}
