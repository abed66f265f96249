// Processor descriptions: features from LLVM, caches from the host or a table.

#include "rarefy/Hardware/CPUTarget.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/SubtargetFeature.h"
#include "llvm/TargetParser/Triple.h"
#include "llvm/TargetParser/X86TargetParser.h"
#include <algorithm>
#include <memory>
#include <mutex>
#include <thread>

namespace rarefy {
namespace {

struct Caches {
  llvm::StringLiteral cpu;
  int64_t l1Bytes, l2Bytes;
};

/// Data caches of processors that the host may not be. Sources: the vendors'
/// optimisation manuals; the levels of the x86-64 psABI stand for what is
/// common to the processors that have them.
constexpr Caches knownCaches[] = {
    {"x86-64-v3", 32 << 10, 512 << 10},
    {"x86-64-v4", 32 << 10, 1 << 20},
    {"haswell", 32 << 10, 256 << 10},
    {"skylake-avx512", 32 << 10, 1 << 20},
    {"icelake-server", 48 << 10, 1280 << 10},
    {"sapphirerapids", 48 << 10, 2 << 20},
    {"znver3", 32 << 10, 512 << 10},
    {"znver4", 32 << 10, 1 << 20},
    {"znver5", 48 << 10, 1 << 20},
};

/// Size in bytes of the host's data cache at `level`; 0 if it does not say.
int64_t hostCacheBytes(unsigned level) {
  for (unsigned index = 0; index < 8; ++index) {
    std::string folder =
        "/sys/devices/system/cpu/cpu0/cache/index" + std::to_string(index);
    auto read = [&](llvm::StringRef name) -> std::string {
      auto file =
          llvm::MemoryBuffer::getFileAsStream(folder + "/" + name.str());
      return file ? (*file)->getBuffer().trim().str() : std::string();
    };
    if (read("level") != std::to_string(level) || read("type") == "Instruction")
      continue;
    std::string text = read("size");
    llvm::StringRef size = text;
    int64_t unit = size.consume_back("K")   ? 1 << 10
                   : size.consume_back("M") ? 1 << 20
                                            : 1;
    int64_t value;
    if (!size.getAsInteger(10, value))
      return value * unit;
  }
  return 0;
}

std::string hostFeatures() {
  llvm::SubtargetFeatures features;
  for (auto &feature : llvm::sys::getHostCPUFeatures())
    features.AddFeature(feature.first(), feature.second);
  return features.getString();
}

void readHost(CPUTarget &target) {
  target.features = hostFeatures();
  for (auto [level, bytes] :
       {std::pair{1u, &target.l1Bytes}, {2u, &target.l2Bytes}})
    if (int64_t found = hostCacheBytes(level))
      *bytes = found;
}

void readFeatures(CPUTarget &target, const llvm::MCSubtargetInfo &info) {
  auto has = [&](llvm::StringRef feature) {
    return info.checkFeatures(("+" + feature).str());
  };
  bool avx512 = has("avx512f") && has("avx512vl");
  target.vectorBits = avx512 ? 512 : has("avx2") ? 256 : 128;
  target.vectorRegisters = avx512 ? 32 : 16;
  target.fma = has("fma") || avx512;
}

void initializeTargets() {
  static std::once_flag once;
  std::call_once(once, [] { llvm::InitializeNativeTarget(); });
}
} // namespace

llvm::Expected<CPUTarget> CPUTarget::get(llvm::StringRef cpu) {
  initializeTargets();
  CPUTarget target;
  target.cores = std::max(1u, std::thread::hardware_concurrency());
  bool native = cpu == "native";
  target.cpu = native ? llvm::sys::getHostCPUName().str() : cpu.str();
  for (const Caches &known : knownCaches)
    if (known.cpu == target.cpu) {
      target.l1Bytes = known.l1Bytes;
      target.l2Bytes = known.l2Bytes;
    }
  if (native)
    readHost(target);

  std::string error;
  llvm::Triple triple(llvm::sys::getDefaultTargetTriple());
  const llvm::Target *isa = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!isa)
    return llvm::createStringError(error);
  // An unknown name would make LLVM print a warning and go on.
  std::unique_ptr<llvm::MCSubtargetInfo> generic(
      isa->createMCSubtargetInfo(triple, "", ""));
  if (!generic || !generic->isCPUStringValid(target.cpu))
    return llvm::createStringError(
        "expected 'native' or a processor that LLVM knows for " + triple.str() +
        ", found '" + cpu.str() + "'");
  std::unique_ptr<llvm::MCSubtargetInfo> info(
      isa->createMCSubtargetInfo(triple, target.cpu, target.features));
  readFeatures(target, *info);
  return target;
}

std::vector<std::string>
findMissingFeatures(llvm::StringRef cpu, const llvm::StringMap<bool> &host) {
  static const llvm::StringSet<> onlyByName = {
      "adx",       "aes",       "cldemote", "clflushopt", "clwb",    "clzero",
      "enqcmd",    "fsgsbase",  "fxsr",     "hreset",     "invpcid", "kl",
      "lwp",       "movdir64b", "movdiri",  "mwaitx",     "pconfig", "pku",
      "prefetchi", "ptwrite",   "rdpid",    "rdpru",      "rdrnd",   "rdseed",
      "rtm",       "serialize", "sgx",      "sha",        "sha512",  "shstk",
      "sm3",       "sm4",       "tsxldtrk", "uintr",      "usermsr", "vaes",
      "waitpkg",   "wbnoinvd",  "widekl",   "xsave",      "xsavec",  "xsaveopt",
      "xsaves"};
  llvm::SmallVector<llvm::StringRef> needed;
  llvm::X86::getFeaturesForCPU(cpu, needed);
  std::vector<std::string> missing;
  for (llvm::StringRef feature : needed) {
    auto it = host.find(feature);
    if (it != host.end() && !it->second && !onlyByName.contains(feature))
      missing.push_back(feature.str());
  }
  return missing;
}
} // namespace rarefy
