#ifndef RAREFY_TOOLS_RAREFYRUN_OPTIONS_H
#define RAREFY_TOOLS_RAREFYRUN_OPTIONS_H

#include "rarefy/Support/LLVM.h"
#include "llvm/Support/CommandLine.h"

#include <string>

namespace rarefy {

/// Made in main, after LLVM's options have been dropped.
struct Options {
  llvm::cl::OptionCategory model{"What to run"};
  llvm::cl::OptionCategory data{"Inputs and results"};
  llvm::cl::OptionCategory measure{"Checking and timing"};

  llvm::cl::opt<std::string> file{llvm::cl::Positional, llvm::cl::Required,
                                  llvm::cl::desc("<model.mlir|model.onnx>"),
                                  llvm::cl::cat(model)};
  llvm::cl::opt<std::string> entry{
      "entry", llvm::cl::init("main"), llvm::cl::cat(model),
      llvm::cl::desc("The function (main)"), llvm::cl::value_desc("name")};
  llvm::cl::opt<std::string> passes{"passes", llvm::cl::cat(model),
                                    llvm::cl::desc("Passes to run first"),
                                    llvm::cl::value_desc("pipeline")};
  llvm::cl::opt<std::string> target{"target", llvm::cl::init("cpu"),
                                    llvm::cl::cat(model),
                                    llvm::cl::desc("What to compile for (cpu)"),
                                    llvm::cl::value_desc("cpu|spatten")};
  llvm::cl::opt<std::string> config{
      "config", llvm::cl::cat(model),
      llvm::cl::desc("The SpAtten, for example configs/spatten.yaml"),
      llvm::cl::value_desc("file.yaml")};
  llvm::cl::list<std::string> overrides{
      "set", llvm::cl::cat(model),
      llvm::cl::desc("Change a parameter of the SpAtten"),
      llvm::cl::value_desc("topk.parallelism=1")};
  llvm::cl::opt<std::string> cpu{
      "cpu", llvm::cl::init("native"), llvm::cl::cat(model),
      llvm::cl::desc("LLVM's name of a processor (native)"),
      llvm::cl::value_desc("name")};
  llvm::cl::opt<unsigned> threads{
      "threads", llvm::cl::init(0), llvm::cl::cat(model),
      llvm::cl::desc("Threads; 0: OMP_NUM_THREADS or all"),
      llvm::cl::value_desc("n")};
  llvm::cl::opt<bool> remarks{
      "remarks", llvm::cl::cat(model),
      llvm::cl::desc("Show what passes did, missed and why")};
  llvm::cl::list<std::string> inputs{
      "inputs", llvm::cl::CommaSeparated, llvm::cl::cat(data),
      llvm::cl::desc(".npy files, random or random:seed (random:0)"),
      llvm::cl::value_desc("a.npy,b.npy")};
  llvm::cl::list<std::string> shapes{
      "shape", llvm::cl::CommaSeparated, llvm::cl::cat(data),
      llvm::cl::desc("Sizes of a random input, by name or position"),
      llvm::cl::value_desc("input=4x8")};
  llvm::cl::opt<std::string> outputs{
      "outputs", llvm::cl::cat(data),
      llvm::cl::desc("Write results there, as .npy files"),
      llvm::cl::value_desc("folder|prefix")};
  llvm::cl::opt<unsigned> elements{
      "print", llvm::cl::init(16), llvm::cl::cat(data),
      llvm::cl::desc("Show so many elements of each result (16)"),
      llvm::cl::value_desc("n")};
  llvm::cl::opt<bool> check{
      "check", llvm::cl::cat(measure),
      llvm::cl::desc("Compare with plain loops; exit 1 if "
                     "results differ too much")};
  llvm::cl::opt<double> tolerance{
      "tolerance", llvm::cl::init(0), llvm::cl::cat(measure),
      llvm::cl::desc("Allowed |found - reference| / max(1, |reference|)\n"
                     "(f64 1e-9, f32 1e-4, f16 1e-2, bf16 5e-2, else 0)"),
      llvm::cl::value_desc("x")};
  llvm::cl::opt<unsigned> repeat{
      "repeat", llvm::cl::init(0), llvm::cl::cat(measure),
      llvm::cl::desc("Time so many calls"), llvm::cl::value_desc("n")};
  llvm::cl::opt<std::string> stats{
      "stats", llvm::cl::cat(measure),
      llvm::cl::desc("Print figures as JSON instead"),
      llvm::cl::value_desc("json")};
};

} // namespace rarefy

#endif // RAREFY_TOOLS_RAREFYRUN_OPTIONS_H
