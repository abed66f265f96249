// MLIR's remarks as plain text, field by field.

#include "rarefy/Runner/Remarks.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"

#include <mutex>

using namespace rarefy;

/// "what it says, key=value, ...": MLIR's own text repeats the other fields.
static std::string formatArgs(ArrayRef<remark::detail::Remark::Arg> args) {
  return llvm::join(llvm::map_range(args,
                                    [](const remark::detail::Remark::Arg &arg) {
                                      return arg.key == "Remark"
                                                 ? arg.val
                                                 : arg.key + "=" + arg.val;
                                    }),
                    ", ");
}

namespace {
class Collector final : public remark::detail::MLIRRemarkStreamerBase {
public:
  explicit Collector(std::function<void(const RemarkText &)> handler)
      : handler(std::move(handler)) {}

  void streamOptimizationRemark(const remark::detail::Remark &remark) override {
    RemarkText text;
    text.kind = llvm::StringSwitch<StringRef>(remark.getRemarkTypeString())
                    .Case("Failure", "failed")
                    .Default(remark.getRemarkTypeString())
                    .lower();
    text.pass = remark.getCombinedCategoryName().str();
    text.name = remark.getRemarkName().str();
    text.function = remark.getFunction().str();
    text.message = formatArgs(remark.getArgs());
    text.location = formatLocation(remark.getLocation());
    std::lock_guard<std::mutex> lock(mutex);
    handler(text);
  }

private:
  // Function passes run on several threads.
  std::mutex mutex;
  std::function<void(const RemarkText &)> handler;
};
} // namespace

std::string rarefy::formatLocation(Location location) {
  if (auto file = location->findInstanceOf<FileLineColLoc>())
    return (file.getFilename().getValue() + ":" + Twine(file.getLine()) + ":" +
            Twine(file.getColumn()))
        .str();
  if (auto name = location->findInstanceOf<NameLoc>())
    return name.getName().str();
  return "";
}

StringRef rarefy::getName(DiagnosticSeverity severity) {
  switch (severity) {
  case DiagnosticSeverity::Note:
    return "note";
  case DiagnosticSeverity::Warning:
    return "warning";
  case DiagnosticSeverity::Error:
    return "error";
  case DiagnosticSeverity::Remark:
    return "remark";
  }
  llvm_unreachable("not a severity");
}

void rarefy::collectRemarks(MLIRContext &context,
                            std::function<void(const RemarkText &)> handler) {
  // `all` alone enables no kind.
  remark::RemarkCategories every;
  every.passed = every.missed = every.analysis = every.failed = ".*";
  (void)remark::enableOptimizationRemarks(
      context, std::make_unique<Collector>(std::move(handler)),
      std::make_unique<remark::RemarkEmittingPolicyAll>(), every);
}
