// Writes what a run found out, as text or as JSON.

#include "Report.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/JSON.h"

#include <algorithm>
#include <cmath>

using namespace rarefy;

static void printNumber(raw_ostream &os, double number) {
  os << llvm::format("%.7g", number);
}

static void printElements(const Array &array, unsigned maxElements,
                          raw_ostream &os) {
  int64_t count = array.getNumElements();
  os << " [";
  for (int64_t i = 0; i < std::min<int64_t>(count, maxElements); ++i) {
    os << (i ? ", " : "");
    printNumber(os, getElement(array.view(), i));
  }
  os << (count > maxElements ? ", ...]" : "]");
}

static void printCheck(const CheckedResult &check, const Array &result,
                       raw_ostream &os) {
  const Difference &difference = check.difference;
  os << "  check " << (check.passed ? "passed" : "FAILED")
     << ": largest error ";
  printNumber(os, difference.maxAbsolute);
  os << ", scaled ";
  printNumber(os, difference.maxScaled);
  os << " (tolerance ";
  printNumber(os, check.tolerance);
  os << ")";
  if (difference.index >= 0) {
    os << " at " << formatIndex(difference.index, result.shape) << ": ";
    printNumber(os, difference.found);
    os << ", reference ";
    printNumber(os, difference.expected);
  }
  os << "\n";
}

void rarefy::printText(const Report &report, unsigned maxElements,
                       raw_ostream &os) {
  const Signature &signature = report.program.getSignature();
  for (auto [i, result] : llvm::enumerate(report.results)) {
    const TensorInfo &info = signature.results[i];
    os << "result " << i;
    if (!info.name.empty())
      os << " '" << info.name << "'";
    os << ": " << formatType(result.shape, result.type);
    if (maxElements)
      printElements(result, maxElements, os);
    os << "\n";
    if (!report.checks.empty())
      printCheck(report.checks[i], result, os);
  }
  const std::vector<double> &times = report.times;
  if (!times.empty())
    os << llvm::format(
        "time: median %.2f us, min %.2f, max %.2f of %zu calls\n",
        times[times.size() / 2], times.front(), times.back(), times.size());
  if (report.device)
    report.device->printTable(os);
}

static llvm::json::Object describe(const TensorInfo &info,
                                   ArrayRef<int64_t> shape) {
  return llvm::json::Object{{"name", info.name},
                            {"type", formatType(shape, info.type)}};
}

/// JSON has no infinity.
static llvm::json::Value toJSON(double number) {
  return std::isfinite(number) ? llvm::json::Value(number) : nullptr;
}

static llvm::json::Object describe(const CompileStats &stats) {
  return llvm::json::Object{
      {"total_s", stats.total()},      {"passes_s", stats.passes},
      {"lowering_s", stats.lowering},  {"optimize_s", stats.optimize},
      {"codegen_s", stats.codegen},    {"link_s", stats.link},
      {"code_bytes", stats.codeBytes}, {"constant_bytes", stats.constantBytes}};
}

static llvm::json::Object describe(const CheckedResult &check,
                                   const Array &result) {
  const Difference &difference = check.difference;
  llvm::json::Object object{{"passed", check.passed},
                            {"tolerance", check.tolerance},
                            {"max_absolute", toJSON(difference.maxAbsolute)},
                            {"max_scaled", toJSON(difference.maxScaled)}};
  if (difference.index >= 0) {
    object["index"] = formatIndex(difference.index, result.shape);
    object["found"] = toJSON(difference.found);
    object["reference"] = toJSON(difference.expected);
  }
  return object;
}

void rarefy::printJSON(const Report &report, raw_ostream &os) {
  const Signature &signature = report.program.getSignature();
  const CompileStats &stats = report.program.getStats();
  llvm::json::Array inputs, results;
  for (const TensorInfo &info : signature.inputs)
    inputs.push_back(describe(info, info.shape));
  for (auto [i, result] : llvm::enumerate(report.results)) {
    llvm::json::Object object = describe(signature.results[i], result.shape);
    if (!report.checks.empty())
      object["check"] = describe(report.checks[i], result);
    results.push_back(std::move(object));
  }
  llvm::json::Object object{{"cpu", stats.cpu},
                            {"threads", report.threads},
                            {"compile", describe(stats)},
                            {"inputs", std::move(inputs)},
                            {"results", std::move(results)}};
  const std::vector<double> &times = report.times;
  if (!times.empty())
    object["time_us"] = llvm::json::Object{{"calls", times.size()},
                                           {"min", times.front()},
                                           {"median", times[times.size() / 2]},
                                           {"max", times.back()}};
  if (report.device)
    object["device"] = report.device->toJSON();
  os << llvm::formatv("{0:2}\n", llvm::json::Value(std::move(object)));
}
