// mlir-opt with everything of Rarefy's registered.

#include "ProcessFile.h"
#include "Version.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "rarefy/InitAll.h"
#include "llvm/Support/InitLLVM.h"

using namespace rarefy;

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  setVersionPrinter();
  DialectRegistry registry;
  registerAll(registry);
  auto [input, output] =
      registerAndParseCLIOptions(argc, argv, "Rarefy optimizer\n", registry);
  auto config = MlirOptMainConfig::createFromCLOptions();
  auto process = [&](std::unique_ptr<llvm::MemoryBuffer> buffer,
                     raw_ostream &os) {
    return MlirOptMain(os, std::move(buffer), registry, config);
  };
  if (!config.shouldShowDialects() && !config.shouldListPasses())
    return getExitCode(processFile(input, output, process));
  // A list goes to standard output, and is of no file.
  (void)process(nullptr, llvm::outs());
  return getExitCode(finishOutput(llvm::outs(), "standard output"));
}
