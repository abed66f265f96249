// Runs a program of an accelerator on a simulated machine.

#include "CommandLine.h"
#include "Options.h"
#include "Report.h"
#include "Tensors.h"
#include "Version.h"

#include "mlir/IR/MLIRContext.h"
#include "rarefy/Support/Output.h"
#include "rarefy/Target/Program/LoadProgram.h"
#include "llvm/Support/InitLLVM.h"

using namespace rarefy;
namespace cl = llvm::cl;
using llvm::Error;

/// All that can fail.
static Error run(const Options &options, MLIRContext &context) {
  auto form = StatisticsForm::parse(options.stats);
  if (!form)
    return form.takeError();
  auto config = readSpAttenConfig(options.config, options.overrides);
  if (!config)
    return config.takeError();
  auto module = loadProgram(options.file, context);
  if (!module)
    return module.takeError();
  auto program = findProgram(**module);
  if (!program)
    return program.takeError();
  auto simulator = spatten::Simulator::create(*program, *config);
  if (!simulator)
    return simulator.takeError();
  spatten::DeviceMemory &memory = (*simulator)->getMemory();
  if (Error error = writeInputs(*program, memory, options.inputs))
    return error;
  // What cannot be written is known before the run, and leaves no file behind.
  std::unique_ptr<OutputFile> figures, trace;
  if (Error error = OutputFile::open(form->path).moveInto(figures))
    return error;
  if (!options.trace.empty())
    if (Error error = OutputFile::open(options.trace).moveInto(trace))
      return error;
  Stopwatch stopwatch;
  auto statistics =
      (*simulator)->run(trace ? &trace->os() : nullptr, [&](uint64_t cycle) {
        stopwatch.show(cycle);
      });
  stopwatch.stop();
  if (!statistics)
    return statistics.takeError();
  auto outputs = readOutputs(*program, memory);
  if (!outputs)
    return outputs.takeError();
  if (trace)
    if (Error error = trace->finish())
      return error;
  if (!options.outputs.empty())
    if (Error error = writeOutputs(*outputs, options.outputs))
      return error;
  if (options.elements)
    printOutputs(*outputs, options.elements, llvm::outs());
  printStatistics(*statistics, *form, figures->os());
  if (Error error = finishOutput(llvm::outs(), "standard output"))
    return error;
  if (Error error = figures->finish())
    return error;
  if (options.time)
    stopwatch.printSpeed(statistics->cycles);
  figures->keep();
  if (trace)
    trace->keep();
  return Error::success();
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  dropLLVMOptions();
  setVersionPrinter();
  Options options;
  cl::ParseCommandLineOptions(
      argc, argv, "Runs a program of an accelerator on a simulated machine.\n");
  DialectRegistry registry;
  registry.insert<program::ISADialect, spatten::SpAttenDialect>();
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  context.printOpOnDiagnostic(false);
  context.getDiagEngine().registerHandler(printDiagnostic);
  Error error = run(options, context);
  if (!error)
    return 0;
  if (std::string message = toString(std::move(error)); !message.empty())
    llvm::errs() << "error: " << message << "\n";
  return 1;
}
