// Compiles a function of a model and runs it on arrays.

#include "Inputs.h"
#include "Report.h"

#include "mlir/IR/MLIRContext.h"
#include "rarefy/InitAll.h"
#include "rarefy/Runner/Load.h"
#include "rarefy/Runner/Remarks.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"

#include <chrono>

using namespace rarefy;
namespace cl = llvm::cl;

namespace {
/// Made in main, after LLVM's options have been dropped.
struct Options {
  cl::OptionCategory model{"What to run"};
  cl::OptionCategory data{"Inputs and results"};
  cl::OptionCategory measure{"Checking and timing"};

  cl::opt<std::string> file{cl::Positional, cl::Required,
                            cl::desc("<model.mlir|model.onnx>"),
                            cl::cat(model)};
  cl::opt<std::string> entry{"entry", cl::init("main"), cl::cat(model),
                             cl::desc("The function (main)"),
                             cl::value_desc("name")};
  cl::opt<std::string> passes{"passes", cl::cat(model),
                              cl::desc("Passes to run first"),
                              cl::value_desc("pipeline")};
  cl::opt<std::string> target{"target", cl::init("cpu"), cl::cat(model),
                              cl::desc("What to compile for (cpu)"),
                              cl::value_desc("name")};
  cl::opt<std::string> cpu{"cpu", cl::init("native"), cl::cat(model),
                           cl::desc("LLVM's name of a processor (native)"),
                           cl::value_desc("name")};
  cl::opt<unsigned> threads{"threads", cl::init(0), cl::cat(model),
                            cl::desc("Threads; 0: OMP_NUM_THREADS or all"),
                            cl::value_desc("n")};
  cl::opt<bool> remarks{"remarks", cl::cat(model),
                        cl::desc("Show what passes did, missed and why")};
  cl::list<std::string> inputs{
      "inputs", cl::CommaSeparated, cl::cat(data),
      cl::desc(".npy files, random or random:seed (random:0)"),
      cl::value_desc("a.npy,b.npy")};
  cl::list<std::string> shapes{
      "shape", cl::CommaSeparated, cl::cat(data),
      cl::desc("Sizes of a random input, by name or position"),
      cl::value_desc("input=4x8")};
  cl::opt<std::string> outputs{"outputs", cl::cat(data),
                               cl::desc("Write results there, as .npy files"),
                               cl::value_desc("folder|prefix")};
  cl::opt<unsigned> elements{
      "print", cl::init(16), cl::cat(data),
      cl::desc("Show so many elements of each result (16)"),
      cl::value_desc("n")};
  cl::opt<bool> check{"check", cl::cat(measure),
                      cl::desc("Compare with plain loops; exit 1 if "
                               "results differ too much")};
  cl::opt<double> tolerance{
      "tolerance", cl::init(-1), cl::cat(measure),
      cl::desc("Allowed |found - reference| / max(1, |reference|)\n"
               "(f64 1e-9, f32 1e-4, f16 1e-2, bf16 5e-2, else 0)"),
      cl::value_desc("x")};
  cl::opt<unsigned> repeat{"repeat", cl::init(0), cl::cat(measure),
                           cl::desc("Time so many calls"), cl::value_desc("n")};
  cl::opt<std::string> stats{"stats", cl::cat(measure),
                             cl::desc("Print figures as JSON instead"),
                             cl::value_desc("json")};
};

/// What the options ask for.
struct Tool : Options {
  llvm::Expected<std::unique_ptr<Program>> compile(ModuleOp module,
                                                   bool reference);
  llvm::Expected<std::vector<CheckedResult>>
  checkResults(ModuleOp module, ArrayRef<ArrayView> views,
               ArrayRef<Array> results);
  llvm::Expected<std::vector<double>> timeCalls(const Program &program,
                                                ArrayRef<ArrayView> views);
  llvm::Error checkOptions();
  llvm::Expected<bool> run(MLIRContext &context);
};
} // namespace

llvm::Expected<std::unique_ptr<Program>> Tool::compile(ModuleOp module,
                                                       bool reference) {
  CompileOptions options;
  options.entry = entry;
  options.passes = passes;
  options.cpu = cpu;
  options.reference = reference;
  return Program::compile(module.clone(), options);
}

/// Compares `results` with those of the plain loops on the same inputs.
llvm::Expected<std::vector<CheckedResult>>
Tool::checkResults(ModuleOp module, ArrayRef<ArrayView> views,
                   ArrayRef<Array> results) {
  auto program = compile(module, /*reference=*/true);
  if (!program)
    return program.takeError();
  auto expected = (*program)->call(views);
  if (!expected)
    return expected.takeError();
  std::vector<CheckedResult> checks;
  for (auto [result, reference] : llvm::zip_equal(results, *expected)) {
    if (result.shape != reference.shape)
      return llvm::createStringError(
          "a result has shape " + formatType(result.shape, result.type) +
          ", the reference " + formatType(reference.shape, reference.type));
    double allowed =
        tolerance < 0 ? getDefaultTolerance(result.type) : tolerance;
    Difference difference = compare(result.view(), reference.view());
    checks.push_back({difference, allowed, difference.maxScaled <= allowed});
  }
  return checks;
}

/// Microseconds of repeated calls, sorted.
llvm::Expected<std::vector<double>> Tool::timeCalls(const Program &program,
                                                    ArrayRef<ArrayView> views) {
  std::vector<double> times;
  for (unsigned i = 0; i < repeat; ++i) {
    auto start = std::chrono::steady_clock::now();
    auto results = program.call(views, threads);
    std::chrono::duration<double, std::micro> elapsed =
        std::chrono::steady_clock::now() - start;
    if (!results)
      return results.takeError();
    times.push_back(elapsed.count());
  }
  llvm::sort(times);
  return times;
}

llvm::Error Tool::checkOptions() {
  if (target != "cpu")
    return llvm::createStringError("unknown target '" + target +
                                   "': expected 'cpu'");
  if (!stats.empty() && stats != "json")
    return llvm::createStringError("--stats=" + stats + ": expected json");
  return llvm::Error::success();
}

/// All that can fail; true if the results are what they should be.
llvm::Expected<bool> Tool::run(MLIRContext &context) {
  if (llvm::Error error = checkOptions())
    return error;
  auto module = loadModule(file, context);
  if (!module)
    return module.takeError();
  auto program = compile(**module, /*reference=*/false);
  if (!program)
    return program.takeError();
  const Signature &signature = (*program)->getSignature();
  auto arrays = makeInputs(signature, inputs, shapes);
  if (!arrays)
    return arrays.takeError();
  SmallVector<ArrayView> views;
  for (const Array &array : *arrays)
    views.push_back(array.view());
  auto results = (*program)->call(views, threads);
  if (!results)
    return results.takeError();
  Report report{**program, *results, threads, {}, {}};
  if (check) {
    auto checks = checkResults(**module, views, *results);
    if (!checks)
      return checks.takeError();
    report.checks = std::move(*checks);
  }
  auto times = timeCalls(**program, views);
  if (!times)
    return times.takeError();
  report.times = std::move(*times);
  if (!outputs.empty())
    if (llvm::Error error = writeResults(signature, *results, outputs))
      return error;
  if (stats.empty())
    printText(report, elements, llvm::outs());
  else
    printJSON(report, llvm::outs());
  return llvm::all_of(report.checks,
                      [](const CheckedResult &check) { return check.passed; });
}

/// LLVM's options would fill the help, and some have the names of ours.
static void dropLLVMOptions() {
  SmallVector<cl::Option *> others;
  for (auto &option : cl::getRegisteredOptions())
    if (option.first != "help" && option.first != "version")
      others.push_back(option.second);
  for (cl::Option *option : others)
    option->removeArgument();
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  dropLLVMOptions();
  Tool tool;
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
  if (tool.remarks)
    collectRemarks(context, [](const RemarkText &remark) {
      llvm::errs() << remark.location << ": [" << remark.kind << "] "
                   << remark.pass << ": " << remark.name << ": "
                   << remark.message << "\n";
    });
  llvm::Expected<bool> passed = tool.run(context);
  if (passed)
    return *passed ? 0 : 1;
  std::string message = llvm::toString(passed.takeError());
  if (!message.empty())
    llvm::errs() << "error: " << message << "\n";
  return 1;
}
