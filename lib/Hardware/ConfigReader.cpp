// Reading and checking what all configurations have in common.

#include "ConfigReader.h"
#include "rarefy/Support/Files.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/SourceMgr.h"
#include <cmath>

namespace rarefy {

std::string ConfigContext::key() const { return llvm::join(path, "."); }

void keepFirstError(const llvm::SMDiagnostic &diagnostic, void *opaque) {
  auto &context = *static_cast<ConfigContext *>(opaque);
  if (!context.error.empty())
    return;
  context.error = context.file;
  if (!context.overriding)
    context.error += ":" + std::to_string(diagnostic.getLineNo());
  if (!context.path.empty())
    context.error += ": " + context.key();
  context.error += ": " + diagnostic.getMessage().str();
}

void refuseWord(llvm::yaml::IO &io, llvm::ArrayRef<llvm::StringRef> words) {
  auto &context = *static_cast<ConfigContext *>(io.getContext());
  llvm::StringRef word;
  io.scalarString(word, llvm::yaml::QuotingType::None);
  std::string found = "'" + word.str() + "'";
  // The parser has complained of a list or a mapping, but not said what it
  // expects.
  if (!context.error.empty())
    found = "no word";
  context.error.clear();
  io.setError("expected '" + llvm::join(words.drop_back(), "', '") + "' or '" +
              words.back() + "', found " + found);
}

/// The parser recurses into nested values, so that a file of brackets, or of
/// the dashes of lists in lists, would exhaust the stack.
static bool isDeeplyNested(llvm::StringRef text) {
  constexpr int maxDepth = 64;
  constexpr size_t maxLineLength = 500;
  int depth = 0;
  for (char c : text) {
    depth += c == '[' || c == '{';
    depth -= c == ']' || c == '}';
    if (depth > maxDepth)
      return true;
  }
  for (llvm::StringRef line : llvm::split(text, '\n'))
    if (line.size() > maxLineLength)
      return true;
  return false;
}

llvm::Expected<std::string> readConfigText(llvm::StringRef path) {
  constexpr size_t maxBytes = 64 << 10;
  auto file = readInput(path);
  if (!file)
    return file.takeError();
  llvm::StringRef text = (*file)->getBuffer();
  if (text.size() > maxBytes)
    return llvm::createStringError(path + ": expected at most " +
                                   llvm::Twine(maxBytes) + " bytes, found " +
                                   llvm::Twine(text.size()));
  if (isDeeplyNested(text) || text.contains('\0'))
    return llvm::createStringError(
        path + ": expected short lines of text with few brackets");
  return text.str();
}

/// Whether a text is one value, and says something: it ends no bracket that it
/// did not begin, and begins no other value behind a comma.
static bool isOneValue(llvm::StringRef text) {
  int depth = 0;
  for (char c : text) {
    depth += c == '[' || c == '{';
    depth -= c == ']' || c == '}';
    if (depth < 0 || (depth == 0 && c == ','))
      return false;
  }
  return depth == 0 && !text.trim("{} ").empty();
}

llvm::Expected<std::string> overrideText(llvm::StringRef override) {
  auto refuse = [&](const llvm::Twine &reason) {
    return llvm::createStringError("override '" + override + "': " + reason);
  };
  auto [path, value] = override.split('=');
  if (!override.contains('='))
    return refuse("expected key=value, found no '='");
  llvm::SmallVector<llvm::StringRef> keys;
  path.split(keys, '.');
  constexpr size_t maxKeys = 8;
  bool areNames = keys.size() <= maxKeys;
  for (llvm::StringRef key : keys)
    areNames &= !key.empty() && llvm::all_of(key, llvm::isAlnum);
  if (!areNames)
    return refuse("expected names joined by dots, found '" + path + "'");
  if (value.trim().empty())
    return refuse("expected a value after '='");
  if (isDeeplyNested(value) || value.find_first_of("\n\r\0#") != value.npos)
    return refuse("expected a short value on one line");
  if (!isOneValue(value))
    return refuse("expected one value, found '" + value + "'");
  std::string text;
  for (llvm::StringRef key : keys)
    text += "{" + key.str() + ": ";
  return text + value.str() + std::string(keys.size(), '}') + "\n";
}

void ConfigChecker::require(bool holds, const llvm::Twine &key,
                            const llvm::Twine &reason) {
  if (!holds && message.empty())
    message = (key + ": " + reason).str();
}

void ConfigChecker::within(const llvm::Twine &key, uint64_t value,
                           uint64_t most) {
  require(value >= 1 && value <= most, key,
          llvm::formatv("expected 1 to {0}, found {1}", most, value).str());
}

void ConfigChecker::powerOfTwo(const llvm::Twine &key, uint64_t value,
                               uint64_t most) {
  require(
      llvm::isPowerOf2_64(value) && value <= most, key,
      llvm::formatv("expected a power of two up to {0}, found {1}", most, value)
          .str());
}

void ConfigChecker::positive(const llvm::Twine &key, double value,
                             bool orZero) {
  // Sums and quotients of such numbers are finite.
  constexpr double least = 1e-9, most = 1e9;
  bool holds = (value >= least && value <= most) || (orZero && value == 0);
  require(holds, key,
          llvm::formatv("expected {0}{1:e0} to {2:e0}, found {3:e2}",
                        orZero ? "0 or " : "", least, most, value)
              .str());
}

llvm::Error ConfigChecker::take() {
  if (message.empty())
    return llvm::Error::success();
  return llvm::createStringError(message);
}

} // namespace rarefy
