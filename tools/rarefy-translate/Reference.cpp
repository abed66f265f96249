// The instruction sets, and their reference pages.

#include "Reference.h"
#include "mlir/IR/MLIRContext.h"
#include "rarefy/Dialect/SpAtten/IR/SpAtten.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace rarefy;

void rarefy::registerInstructions(DialectRegistry &registry) {
  registry.insert<program::ISADialect, spatten::SpAttenDialect>();
}

void rarefy::printReferenceAndExit(const std::string &dialect) {
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
  llvm::outs().flush();
  std::exit(0);
}
