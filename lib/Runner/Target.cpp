// The machine that generates code for this process.

#include "Target.h"

#include "rarefy/Hardware/CPUTarget.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ExecutionEngine/Orc/JITTargetMachineBuilder.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"

#include <mutex>

using namespace rarefy;

static llvm::Error makeError(const Twine &message) {
  return llvm::createStringError(message);
}

static void initializeNativeTarget() {
  static std::once_flag once;
  std::call_once(once, [] {
    llvm::InitializeNativeTarget();
    llvm::InitializeNativeTargetAsmPrinter();
    llvm::InitializeNativeTargetAsmParser();
  });
}

/// Code that uses an instruction which this machine lacks would end the
/// process.
static llvm::Error checkHostRuns(StringRef cpu) {
  std::vector<std::string> missing =
      findMissingFeatures(cpu, llvm::sys::getHostCPUFeatures());
  if (missing.empty())
    return llvm::Error::success();
  return makeError("cpu '" + cpu + "' cannot run here: this machine ('" +
                   llvm::sys::getHostCPUName() + "') lacks " +
                   llvm::join(missing, ", "));
}

llvm::Expected<std::unique_ptr<llvm::TargetMachine>>
rarefy::createHostTargetMachine(StringRef cpu, unsigned optLevel) {
  initializeNativeTarget();
  auto detected = llvm::orc::JITTargetMachineBuilder::detectHost();
  if (!detected)
    return detected.takeError();
  llvm::orc::JITTargetMachineBuilder builder = std::move(*detected);
  const llvm::Triple triple = builder.getTargetTriple();
  if (cpu != "native") {
    std::string error;
    const llvm::Target *target =
        llvm::TargetRegistry::lookupTarget(triple, error);
    std::unique_ptr<llvm::MCSubtargetInfo> info(
        target->createMCSubtargetInfo(triple, "", ""));
    if (!info->isCPUStringValid(cpu) || !triple.isX86())
      return makeError("unknown cpu '" + cpu +
                       "': expected 'native' or a processor of " +
                       triple.getArchName() + " that LLVM knows");
    if (llvm::Error error = checkHostRuns(cpu))
      return error;
    builder = llvm::orc::JITTargetMachineBuilder(triple);
    builder.setCPU(cpu.str());
  }
  builder.setRelocationModel(llvm::Reloc::PIC_);
  builder.setCodeModel(llvm::CodeModel::Small);
  builder.setCodeGenOptLevel(static_cast<llvm::CodeGenOptLevel>(optLevel));
  // A multiplication and an addition may become one fused instruction, which
  // rounds once.
  builder.getOptions().AllowFPOpFusion = llvm::FPOpFusion::Fast;
  return builder.createTargetMachine();
}
