// Runs a program of an accelerator on a simulated machine.

#include "CommandLine.h"
#include "Options.h"
#include "Report.h"
#include "Tensors.h"
#include "Version.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/InitAllDialects.h"
#include "rarefy/InitAll.h"
#include "rarefy/Target/Program/LoadProgram.h"
#include "llvm/Support/InitLLVM.h"

using namespace rarefy;
using llvm::Error;

/// All that can fail.
static Error run(const Options &options, MLIRContext &context) {
  if (Error error = expectValues({&options.outputs, &options.trace}))
    return error;
  auto report = Report::parse(options.stats);
  if (!report)
    return report.takeError();
  auto config = readSpAttenConfig(options.config, options.overrides);
  if (!config)
    return config.takeError();
  auto module = loadProgram(options.file, context);
  if (!module)
    return module.takeError();
  auto program = findProgram(**module);
  if (!program)
    return inFile(options.file, program.takeError());
  auto simulator = spatten::Simulator::create(*program, *config);
  if (!simulator)
    return inFile(options.file, simulator.takeError());
  spatten::DeviceMemory &memory = (*simulator)->getMemory();
  if (Error error = writeInputs(*program, memory, options.inputs))
    return error;
  // What cannot be written is known before the run, and leaves no file behind.
  auto outputFiles = listOutputs(*program, options.outputs);
  if (!outputFiles)
    return outputFiles.takeError();
  std::vector<std::string> others = listFiles(options.inputs);
  others.insert(others.end(), {options.file, options.config});
  llvm::append_range(others, *outputFiles);
  if (Error error = report->open(options.trace, others, options.elements != 0))
    return error;
  Stopwatch stopwatch;
  auto statistics = (*simulator)->run(report->trace(), [&](uint64_t cycle) {
    stopwatch.show(cycle);
  });
  stopwatch.stop();
  if (!statistics)
    return inFile(options.file, statistics.takeError());
  auto outputs = readOutputs(*program, memory);
  if (!outputs)
    return outputs.takeError();
  printOutputs(*outputs, options.elements, llvm::outs());
  if (Error error = report->write(*statistics))
    return error;
  if (Error error = writeOutputs(*outputs, *outputFiles, options.outputs))
    return error;
  if (Error error = report->keep())
    return error;
  if (options.time)
    stopwatch.printSpeed(statistics->cycles);
  return Error::success();
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  dropLLVMOptions();
  setVersionPrinter();
  Options options;
  llvm::cl::ParseCommandLineOptions(
      argc, argv, "Runs a program of an accelerator on a simulated machine.\n");
  // A file without a program is to parse, and to be told apart.
  DialectRegistry registry;
  registerAllDialects(registry);
  registerDialects(registry);
  MLIRContext context(registry);
  context.loadDialect<program::ISADialect, spatten::SpAttenDialect>();
  context.printOpOnDiagnostic(false);
  context.getDiagEngine().registerHandler(printDiagnostic);
  Error error = run(options, context);
  if (!error)
    return 0;
  if (std::string message = toString(std::move(error)); !message.empty())
    llvm::errs() << "error: " << message << "\n";
  return 1;
}
