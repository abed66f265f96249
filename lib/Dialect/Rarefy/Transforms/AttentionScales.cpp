// The attentions that scales are for, and files of scales.

#include "AttentionScales.h"
#include "rarefy/Support/Files.h"
#include "llvm/Support/JSON.h"

using namespace rarefy;

namespace {

/// Reads one file; what is wrong with it is reported with its name.
class ScalesReader {
public:
  ScalesReader(StringRef path, Location loc) : path(path), loc(loc) {}

  FailureOr<SmallVector<AttentionScales>> read(size_t count);

private:
  InFlightDiagnostic error() { return emitError(loc) << path << ": "; }
  FailureOr<AttentionScales> readEntry(const llvm::json::Value &entry,
                                       size_t number);

  /// Scales outside of this come from no model; their products stay within
  /// binary32.
  static constexpr double kSmallest = 1e-12, kLargest = 1e12;

  StringRef path;
  Location loc;
};

} // namespace

static std::string print(const llvm::json::Value *value) {
  return value ? llvm::formatv("{0}", *value).str() : "none";
}

FailureOr<AttentionScales>
ScalesReader::readEntry(const llvm::json::Value &entry, size_t number) {
  const llvm::json::Object *object = entry.getAsObject();
  if (!object || object->size() != 3) {
    error() << "entry " << number
            << ": expected an object of 'query', 'key' and 'value', found "
            << print(&entry);
    return failure();
  }
  AttentionScales scales;
  std::pair<StringRef, double *> fields[] = {
      {"query", &scales.query}, {"key", &scales.key}, {"value", &scales.value}};
  for (auto [name, field] : fields) {
    const llvm::json::Value *value = object->get(name);
    *field = value ? value->getAsNumber().value_or(0) : 0;
    if (!(*field >= kSmallest && *field <= kLargest)) {
      error() << "entry " << number
              << ": expected a number from 1e-12 to 1e12 for '" << name
              << "', found " << print(value);
      return failure();
    }
  }
  return scales;
}

FailureOr<SmallVector<AttentionScales>> ScalesReader::read(size_t count) {
  auto file = readInput(path);
  if (!file) {
    emitError(loc) << llvm::toString(file.takeError());
    return failure();
  }
  llvm::Expected<llvm::json::Value> parsed =
      llvm::json::parse((*file)->getBuffer());
  if (!parsed) {
    error() << "expected JSON, found: " << llvm::toString(parsed.takeError());
    return failure();
  }
  const llvm::json::Array *list = parsed->getAsArray();
  if (!list || list->size() != count) {
    error() << "expected a list of " << count
            << " entries, one for each attention, found "
            << (list ? std::to_string(list->size()) + " entries"
                     : std::string("no list"));
    return failure();
  }
  SmallVector<AttentionScales> all;
  for (auto [index, entry] : llvm::enumerate(*list)) {
    FailureOr<AttentionScales> scales = readEntry(entry, index + 1);
    if (failed(scales))
      return failure();
    all.push_back(*scales);
  }
  return all;
}

SmallVector<AttentionOp>
rarefy::findFloatAttentions(FunctionOpInterface function) {
  SmallVector<AttentionOp> found;
  function->walk([&](AttentionOp op) {
    if (op.getOutput() && !op.isInteger() &&
        op->getParentOfType<FunctionOpInterface>() == function)
      found.push_back(op);
  });
  return found;
}

FailureOr<SmallVector<AttentionScales>>
rarefy::readAttentionScales(StringRef path, size_t count, Location loc) {
  return ScalesReader(path, loc).read(count);
}
