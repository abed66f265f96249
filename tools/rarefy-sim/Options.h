#ifndef RAREFY_TOOLS_RAREFYSIM_OPTIONS_H
#define RAREFY_TOOLS_RAREFYSIM_OPTIONS_H

#include "rarefy/Support/LLVM.h"
#include "llvm/Support/CommandLine.h"

#include <string>

namespace rarefy {

/// Made in main, after LLVM's options have been dropped.
struct Options {
  llvm::cl::OptionCategory machine{"What to run, and on what"};
  llvm::cl::OptionCategory data{"Inputs and results"};
  llvm::cl::OptionCategory measure{"Figures"};

  llvm::cl::opt<std::string> file{llvm::cl::Positional, llvm::cl::Required,
                                  llvm::cl::desc("<program.elf|program.mlir>"),
                                  llvm::cl::cat(machine)};
  llvm::cl::opt<std::string> config{
      "config", llvm::cl::Required, llvm::cl::cat(machine),
      llvm::cl::desc("The machine, for example configs/spatten.yaml"),
      llvm::cl::value_desc("file.yaml")};
  llvm::cl::list<std::string> overrides{
      "set", llvm::cl::cat(machine),
      llvm::cl::desc("Change a parameter of the machine"),
      llvm::cl::value_desc("topk.parallelism=1")};
  llvm::cl::list<std::string> inputs{
      "inputs", llvm::cl::CommaSeparated, llvm::cl::cat(data),
      llvm::cl::desc("A .npy file for each input tensor, in order or by\n"
                     "name; random or random:seed for the others"),
      llvm::cl::value_desc("a.npy,key=b.npy")};
  llvm::cl::opt<std::string> outputs{
      "outputs", llvm::cl::cat(data),
      llvm::cl::desc("Write output and state tensors there, as .npy files"),
      llvm::cl::value_desc("folder")};
  llvm::cl::opt<unsigned> elements{
      "print", llvm::cl::init(0), llvm::cl::cat(data),
      llvm::cl::desc("Show so many elements of each output (0)"),
      llvm::cl::value_desc("n")};
  llvm::cl::opt<std::string> stats{
      "stats", llvm::cl::init("table"), llvm::cl::cat(measure),
      llvm::cl::desc("Figures as a table or as JSON (table); JSON beside\n"
                     "--print needs a file"),
      llvm::cl::value_desc("json|table[=file]")};
  llvm::cl::opt<bool> time{
      "time", llvm::cl::cat(measure),
      llvm::cl::desc("Say on standard error how fast the simulation was")};
  llvm::cl::opt<std::string> trace{
      "trace", llvm::cl::cat(measure),
      llvm::cl::desc("Write what runs when, for Perfetto or Chrome"),
      llvm::cl::value_desc("file.json")};
};

} // namespace rarefy

#endif // RAREFY_TOOLS_RAREFYSIM_OPTIONS_H
