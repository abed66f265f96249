// Compiles a function of a model and runs it on arrays.

#include "CommandLine.h"
#include "Inputs.h"
#include "Options.h"
#include "Report.h"
#include "Version.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Remarks.h"
#include "rarefy/InitAll.h"
#include "rarefy/Runner/Load.h"
#include "rarefy/Runner/Remarks.h"
#include "rarefy/Support/Files.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/InitLLVM.h"

using namespace rarefy;
namespace cl = llvm::cl;

static llvm::Error checkOptions(const Options &options) {
  if (llvm::Error error =
          expectValues({&options.config, &options.outputs, &options.stats}))
    return error;
  if (!options.stats.empty() && options.stats != "json")
    return llvm::createStringError("--stats=" + options.stats +
                                   ": expected json");
  if (!options.stats.empty() && options.elements.getNumOccurrences())
    return llvm::createStringError(
        "--print: expected no --stats, which leaves no place for elements");
  if (options.tolerance.getNumOccurrences() && !(options.tolerance >= 0))
    return llvm::createStringError(
        "--tolerance=" + llvm::formatv("{0}", double(options.tolerance)).str() +
        ": expected a number from 0");
  if (options.tolerance.getNumOccurrences() && !options.check)
    return llvm::createStringError(
        "--tolerance: expected --check, which compares results");
  return llvm::Error::success();
}

static CompileOptions getCompileOptions(const Options &options) {
  CompileOptions compile;
  compile.entry = options.entry;
  compile.passes = options.passes;
  compile.target = options.target;
  compile.config = options.config;
  compile.overrides.assign(options.overrides.begin(), options.overrides.end());
  compile.cpu = options.cpu;
  return compile;
}

/// All that can fail; true if the results are what they should be.
static llvm::Expected<bool> run(const Options &options, MLIRContext &context) {
  if (llvm::Error error = checkOptions(options))
    return error;
  auto module = loadModule(options.file, context);
  if (!module)
    return module.takeError();
  CompileOptions compile = getCompileOptions(options);
  auto program = Program::compile((*module)->clone(), compile);
  if (!program)
    return program.takeError();
  const Signature &signature = (*program)->getSignature();
  auto arrays = makeInputs(signature, options.inputs, options.shapes);
  if (!arrays)
    return arrays.takeError();
  SmallVector<ArrayView> views;
  for (const Array &array : *arrays)
    views.push_back(array.view());
  SmallVector<Array, 2> expected;
  if (options.check) {
    // The reference's passes would remark the same once more. It goes first,
    // for it sees sizes that do not fit.
    context.setRemarkEngine(nullptr);
    auto reference = callReference(**module, compile, views);
    if (!reference)
      return reference.takeError();
    expected = std::move(*reference);
  }
  auto results = (*program)->call(views, options.threads);
  if (!results)
    return results.takeError();
  Report report{**program,
                *results,
                countThreads(options.threads),
                (*program)->getDeviceStatistics(),
                {},
                {}};
  if (options.check) {
    std::optional<double> tolerance;
    if (options.tolerance.getNumOccurrences())
      tolerance = options.tolerance;
    auto checks = checkResults(*results, expected, tolerance);
    if (!checks)
      return checks.takeError();
    report.checks = std::move(*checks);
  }
  auto times = timeCalls(**program, views, options.repeat, options.threads);
  if (!times)
    return times.takeError();
  report.times = std::move(*times);
  if (!options.outputs.empty())
    if (llvm::Error error = writeResults(signature, *results, options.outputs))
      return error;
  if (options.stats.empty())
    printText(report, options.elements, llvm::outs());
  else
    printJSON(report, llvm::outs());
  if (llvm::Error error = finishOutput(llvm::outs(), "standard output"))
    return error;
  return llvm::all_of(report.checks,
                      [](const CheckedResult &check) { return check.passed; });
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  dropLLVMOptions();
  setVersionPrinter();
  Options options;
  cl::ParseCommandLineOptions(
      argc, argv, "Compiles a function of a model and runs it on arrays.\n");
  DialectRegistry registry;
  registerAll(registry);
  MLIRContext context(registry);
  context.printOpOnDiagnostic(false);
  context.getDiagEngine().registerHandler([](Diagnostic &diagnostic) {
    std::string location = formatLocation(diagnostic.getLocation());
    llvm::errs() << location << (location.empty() ? "" : ": ")
                 << getName(diagnostic.getSeverity()) << ": " << diagnostic
                 << "\n";
  });
  if (options.remarks)
    collectRemarks(context, [](const RemarkText &remark) {
      llvm::errs() << remark.location << ": [" << remark.kind << "] "
                   << remark.pass << ": " << remark.name
                   << (remark.message.empty() ? "" : ": ") << remark.message
                   << "\n";
    });
  llvm::Expected<bool> passed = run(options, context);
  if (passed)
    return *passed ? 0 : 1;
  std::string message = llvm::toString(passed.takeError());
  if (!message.empty())
    llvm::errs() << "error: " << message << "\n";
  return 1;
}
