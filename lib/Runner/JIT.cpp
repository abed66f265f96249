// LLVM's optimiser and code generator, and code loaded into this process.

#include "JIT.h"
#include "Runtime.h"

#include "mlir/Pass/PassManager.h"
#include "llvm/Analysis/CGSCCPassManager.h"
#include "llvm/Analysis/LoopAnalysisManager.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/Core.h"
#include "llvm/ExecutionEngine/Orc/ExecutionUtils.h"
#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"
#include "llvm/ExecutionEngine/Orc/SelfExecutorProcessControl.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"

using namespace rarefy;
namespace orc = llvm::orc;

void rarefy::optimize(llvm::Module &module, llvm::TargetMachine &machine,
                      unsigned optLevel) {
  static const llvm::OptimizationLevel levels[] = {
      llvm::OptimizationLevel::O0, llvm::OptimizationLevel::O1,
      llvm::OptimizationLevel::O2, llvm::OptimizationLevel::O3};
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager callGraph;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(callGraph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, callGraph, modules);
  llvm::ModulePassManager passes =
      optLevel == 0 ? builder.buildO0DefaultPipeline(levels[0])
                    : builder.buildPerModuleDefaultPipeline(levels[optLevel]);
  passes.run(module, modules);
}

llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>>
rarefy::generateObject(llvm::Module &module, llvm::TargetMachine &machine) {
  SmallVector<char, 0> bytes;
  llvm::raw_svector_ostream stream(bytes);
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, stream, nullptr,
                                  llvm::CodeGenFileType::ObjectFile))
    return llvm::createStringError("this machine has no object emitter");
  passes.run(module);
  return std::make_unique<llvm::SmallVectorMemoryBuffer>(
      std::move(bytes), /*RequiresNullTerminator=*/false);
}

namespace {
/// Defines OpenMP's functions when code first asks for one.
class OpenMPGenerator : public orc::DefinitionGenerator {
public:
  llvm::Error tryToGenerate(orc::LookupState &, orc::LookupKind,
                            orc::JITDylib &dylib, orc::JITDylibLookupFlags,
                            const orc::SymbolLookupSet &wanted) override {
    orc::SymbolMap found;
    for (const auto &[symbol, flags] : wanted) {
      StringRef name = *symbol;
      if (!name.starts_with("__kmpc_") && !name.starts_with("omp_"))
        continue;
      llvm::Expected<void *> address = lookupOpenMP(name);
      if (!address)
        return address.takeError();
      found[symbol] = {orc::ExecutorAddr::fromPtr(*address),
                       llvm::JITSymbolFlags::Exported};
    }
    if (found.empty())
      return llvm::Error::success();
    return dylib.define(orc::absoluteSymbols(std::move(found)));
  }
};
} // namespace

struct LoadedCode::Session {
  explicit Session(std::unique_ptr<orc::ExecutorProcessControl> control)
      : session(std::move(control)), layer(session) {}
  ~Session() {
    // Frees the code; nothing of it can still be running.
    if (llvm::Error error = session.endSession())
      llvm::consumeError(std::move(error));
  }

  orc::ExecutionSession session;
  orc::ObjectLinkingLayer layer;
  /// What code calls and nobody defines.
  std::string missing;
};

LoadedCode::LoadedCode() = default;
LoadedCode::~LoadedCode() = default;

/// Makes `constants` and what code may call visible in `dylib`.
static llvm::Error defineSymbols(orc::ExecutionSession &session,
                                 orc::JITDylib &dylib,
                                 ArrayRef<BoundConstant> constants) {
  orc::SymbolMap symbols;
  for (const BoundConstant &constant : constants)
    symbols[session.intern(constant.symbol)] = {
        orc::ExecutorAddr::fromPtr(constant.data),
        llvm::JITSymbolFlags::Exported};
  for (const RuntimeSymbol &function : getRuntimeSymbols())
    symbols[session.intern(function.name)] = {
        orc::ExecutorAddr::fromPtr(function.address),
        llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable};
  if (llvm::Error error =
          dylib.define(orc::absoluteSymbols(std::move(symbols))))
    return error;
  dylib.addGenerator(std::make_unique<OpenMPGenerator>());
  auto process = orc::DynamicLibrarySearchGenerator::GetForCurrentProcess('\0');
  if (!process)
    return process.takeError();
  dylib.addGenerator(std::move(*process));
  return llvm::Error::success();
}

llvm::Expected<std::unique_ptr<LoadedCode>>
LoadedCode::load(std::unique_ptr<llvm::MemoryBuffer> object,
                 ArrayRef<BoundConstant> constants, StringRef symbol) {
  auto control = orc::SelfExecutorProcessControl::Create();
  if (!control)
    return control.takeError();
  std::unique_ptr<LoadedCode> code(new LoadedCode());
  code->session = std::make_unique<Session>(std::move(*control));
  orc::ExecutionSession &session = code->session->session;
  // The lookup's own error does not say which symbols are missing.
  std::string &missing = code->session->missing;
  session.setErrorReporter([&missing](llvm::Error error) {
    llvm::handleAllErrors(
        std::move(error),
        [&](const orc::SymbolsNotFound &notFound) {
          for (const orc::SymbolStringPtr &name : notFound.getSymbols())
            missing += (missing.empty() ? "'" : ", '") + (*name).str() + "'";
        },
        [](const llvm::ErrorInfoBase &) {});
  });
  orc::JITDylib &dylib = session.createBareJITDylib("program");
  if (llvm::Error error = defineSymbols(session, dylib, constants))
    return error;
  if (llvm::Error error = code->session->layer.add(dylib, std::move(object)))
    return error;
  auto found = session.lookup({&dylib}, session.intern(symbol));
  if (!found && !missing.empty()) {
    llvm::consumeError(found.takeError());
    return llvm::createStringError("the module calls " + missing +
                                   ", which nothing defines");
  }
  if (!found)
    return found.takeError();
  code->address = found->getAddress().toPtr<void *>();
  return code;
}
