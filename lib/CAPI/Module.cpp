// Modules: from text, files and ONNX; printed, exported, copied and changed by
// passes.

#include "Handles.h"
#include "rarefy/Runner/Load.h"
#include "rarefy/Runner/Passes.h"
#include "rarefy/Target/Program/LoadProgram.h"
#include "rarefy/Target/Program/ProgramFile.h"

#include "mlir/IR/AsmState.h"

using namespace rarefy;

/// The handle of a module; NULL for none.
static RarefyModule wrap(std::shared_ptr<ContextState> state,
                         OwningOpRef<ModuleOp> module) {
  if (!module)
    return nullptr;
  return new RarefyOpaqueModule{std::move(state), std::move(module)};
}

RarefyModule rarefyModuleParse(RarefyContext context, RarefyString source,
                               RarefyString name) {
  return wrap(context->state, parseModule(unwrap(source), unwrap(name),
                                          context->state->context));
}

RarefyModule rarefyModuleLoad(RarefyContext context, RarefyString path) {
  llvm::Expected<OwningOpRef<ModuleOp>> module =
      loadModule(unwrap(path), context->state->context);
  if (module)
    return wrap(context->state, std::move(*module));
  context->state->report(module.takeError());
  return nullptr;
}

RarefyModule rarefyModuleImportONNX(RarefyContext context, RarefyString bytes,
                                    RarefyString path) {
  return wrap(context->state, importONNXModule(unwrap(bytes), unwrap(path),
                                               context->state->context));
}

RarefyModule rarefyModuleClone(RarefyModule module) {
  return new RarefyOpaqueModule{module->state, module->module->clone()};
}

void rarefyModuleDestroy(RarefyModule module) { delete module; }

void rarefyModulePrint(RarefyModule module, int64_t maxElements,
                       RarefyStringCallback callback, void *userData) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  OpPrintingFlags flags;
  if (maxElements >= 0) {
    flags.elideLargeElementsAttrs(maxElements);
    flags.elideLargeResourceString(maxElements);
  }
  module->module->print(stream, flags);
  callback(rarefy::wrap(text), userData);
}

bool rarefyModuleExportProgram(RarefyModule module,
                               RarefyStringCallback callback, void *userData) {
  llvm::Expected<program::ProgramOp> program = findProgram(*module->module);
  if (!program) {
    module->state->report(program.takeError());
    return false;
  }
  std::string bytes;
  llvm::raw_string_ostream stream(bytes);
  if (failed(writeProgramFile(*program, stream)))
    return false;
  callback(rarefy::wrap(bytes), userData);
  return true;
}

bool rarefyModuleRun(RarefyModule module, RarefyString passes) {
  llvm::Error error = runPasses(*module->module, unwrap(passes));
  if (!error)
    return true;
  module->state->report(std::move(error));
  return false;
}
