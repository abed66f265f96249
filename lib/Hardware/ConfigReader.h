// How a structure of hardware parameters is read from YAML and overridden.

#ifndef RAREFY_LIB_HARDWARE_CONFIGREADER_H
#define RAREFY_LIB_HARDWARE_CONFIGREADER_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/YAMLTraits.h"
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

namespace rarefy {

/// The context of a yaml::IO while a configuration is read.
struct ConfigContext {
  ConfigContext(bool overriding, std::string file)
      : overriding(overriding), file(std::move(file)) {}

  /// A document of an override has the keys to change, and no others.
  bool overriding;
  /// The file, or the override, that is being read.
  std::string file;
  /// The key that is being read.
  llvm::SmallVector<llvm::StringRef> path;
  /// The first complaint.
  std::string error;

  std::string key() const;
};

/// Maps one key of a structure.
template <typename T>
void mapField(llvm::yaml::IO &io, const char *key, T &value) {
  auto &context = *static_cast<ConfigContext *>(io.getContext());
  context.path.push_back(key);
  if (context.overriding)
    io.mapOptional(key, value);
  else
    io.mapRequired(key, value);
  context.path.pop_back();
}

/// Complains that what is read is none of `words`.
void refuseWord(llvm::yaml::IO &io, llvm::ArrayRef<llvm::StringRef> words);

/// Maps a value that one of a few words, which are literals, stands for.
template <typename T>
void mapWord(
    llvm::yaml::IO &io, T &value,
    llvm::ArrayRef<std::pair<llvm::StringRef, std::type_identity_t<T>>> words) {
  llvm::SmallVector<llvm::StringRef> all;
  for (auto [word, meaning] : words) {
    io.enumCase(value, word.data(), meaning);
    all.push_back(word);
  }
  if (io.matchEnumFallback())
    refuseWord(io, all);
}

/// Collects what a configuration has to satisfy; the first failure counts.
class ConfigChecker {
public:
  void require(bool holds, const llvm::Twine &key, const llvm::Twine &reason);
  /// Within 1 .. `most`.
  void within(const llvm::Twine &key, uint64_t value, uint64_t most);
  /// A power of two within 1 .. `most`.
  void powerOfTwo(const llvm::Twine &key, uint64_t value, uint64_t most);
  /// Positive and finite; or not negative.
  void positive(const llvm::Twine &key, double value, bool orZero = false);

  bool failed() const { return !message.empty(); }
  llvm::Error take();

private:
  std::string message;
};

/// The text of a configuration file, if it is one that can be parsed without
/// harm.
llvm::Expected<std::string> readConfigText(llvm::StringRef path);

/// `a.b=1` as the document `{a: {b: 1}}`.
llvm::Expected<std::string> overrideText(llvm::StringRef override);

/// Where complaints about a document go; for yaml::Input.
void keepFirstError(const llvm::SMDiagnostic &diagnostic, void *context);

/// Reads `text` into `config`.
template <typename T>
llvm::Error parseConfig(llvm::StringRef text, ConfigContext context,
                        T &config) {
  llvm::yaml::Input input(text, &context, keepFirstError, &context);
  input >> config;
  if (input.error())
    return llvm::createStringError(context.error.empty()
                                       ? context.file +
                                             ": expected parameters, found none"
                                       : context.error);
  if (input.nextDocument())
    return llvm::createStringError(context.file +
                                   ": expected one document, found more");
  return llvm::Error::success();
}

/// Reads the file at `path` into `config`, then the overrides.
template <typename T>
llvm::Error readConfig(llvm::StringRef path,
                       llvm::ArrayRef<std::string> overrides, T &config) {
  llvm::Expected<std::string> text = readConfigText(path);
  if (!text)
    return text.takeError();
  if (llvm::Error error = parseConfig(*text, {false, path.str()}, config))
    return error;
  for (llvm::StringRef override : overrides) {
    llvm::Expected<std::string> document = overrideText(override);
    if (!document)
      return document.takeError();
    ConfigContext context(true, "override '" + override.str() + "'");
    if (llvm::Error error = parseConfig(*document, context, config))
      return error;
  }
  return llvm::Error::success();
}

} // namespace rarefy

#endif // RAREFY_LIB_HARDWARE_CONFIGREADER_H
