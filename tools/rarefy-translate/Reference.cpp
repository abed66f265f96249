// The instruction sets, and their reference pages.

#include "Reference.h"
#include "ProcessFile.h"
#include "mlir/IR/MLIRContext.h"
#include "rarefy/Dialect/SpAtten/IR/SpAtten.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CommandLine.h"

using namespace rarefy;

void rarefy::registerInstructions(DialectRegistry &registry) {
  registry.insert<program::ISADialect, spatten::SpAttenDialect>();
}

/// Prints the reference page of an instruction set, and ends the tool.
static void printReferenceAndExit(const std::string &dialect) {
  DialectRegistry registry;
  registerInstructions(registry);
  MLIRContext context(registry);
  context.loadAllAvailableDialects();
  auto hasInstructions = [&](StringRef name) {
    return !program::getInstructions(&context, name).empty();
  };
  if (!hasInstructions(dialect)) {
    auto known = llvm::to_vector(
        llvm::make_filter_range(registry.getDialectNames(), hasInstructions));
    llvm::errs() << "error: --isa-reference: expected "
                 << llvm::join(known, " or ") << ", found '" << dialect
                 << "'\n";
    std::exit(1);
  }
  program::printReference(&context, dialect, llvm::outs());
  std::exit(getExitCode(finishOutput(llvm::outs(), "standard output")));
}

static llvm::cl::opt<std::string>
    isaReference("isa-reference",
                 llvm::cl::desc("Print the reference page of an instruction "
                                "set (spatten) and nothing else"),
                 llvm::cl::value_desc("name"),
                 llvm::cl::cb<void, std::string>(printReferenceAndExit));
