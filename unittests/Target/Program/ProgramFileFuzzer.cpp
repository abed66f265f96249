// Feeds the reader of program files with damaged ones. What it accepts must
// come back from the writer and be read again as the same text.

#include "mlir/IR/Diagnostics.h"
#include "rarefy/Dialect/SpAtten/IR/SpAtten.h"
#include "rarefy/Target/Program/ProgramFile.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cstdlib>
#include <memory>
#include <string>

using namespace rarefy;

namespace {

/// A context of which every so many inputs make a new one, since it keeps each
/// type and name that it ever saw.
MLIRContext &getContext() {
  static std::unique_ptr<MLIRContext> context;
  static unsigned inputs = 0;
  if (inputs++ % 10000 == 0) {
    context = std::make_unique<MLIRContext>(MLIRContext::Threading::DISABLED);
    context->loadDialect<spatten::SpAttenDialect, program::ISADialect>();
  }
  return *context;
}

std::string getText(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream(text) << module;
  return text;
}

OwningOpRef<ModuleOp> read(StringRef bytes, MLIRContext &context) {
  return readProgramFile({bytes, "fuzzed.elf"}, &context);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  MLIRContext &context = getContext();
  unsigned errors = 0;
  ScopedDiagnosticHandler handler(&context, [&](Diagnostic &) { ++errors; });
  OwningOpRef<ModuleOp> module =
      read({reinterpret_cast<const char *>(data), size}, context);
  if (!module) {
    if (errors != 1)
      std::abort();
    return 0;
  }
  std::string bytes;
  llvm::raw_string_ostream os(bytes);
  program::ProgramOp program = *module->getOps<program::ProgramOp>().begin();
  if (failed(writeProgramFile(program, os)))
    std::abort();
  OwningOpRef<ModuleOp> again = read(bytes, context);
  if (!again || getText(*module) != getText(*again))
    std::abort();
  return 0;
}
