// Compiles a module into a function on dense arrays, and calls it.

#include "rarefy/Runner/Program.h"
#include "Constants.h"
#include "Device.h"
#include "JIT.h"
#include "Runtime.h"
#include "Target.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/OpenMP/OpenMPToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "rarefy/Pipelines/Pipelines.h"
#include "rarefy/Runner/Passes.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/Support/MemoryBuffer.h"

#include <chrono>
#include <cstdlib>
#include <cstring>

using namespace rarefy;

static constexpr StringRef invokeName = "rarefy_invoke";

/// A buffer's description is its base pointer, its data pointer, an offset,
/// and a size and a stride for each dimension: so many words.
static size_t getDescriptorWords(size_t rank) { return 3 + 2 * rank; }

struct Program::Impl {
  Signature signature;
  CompileStats stats;
  BoundConstants constants;
  std::unique_ptr<Device> device;
  std::unique_ptr<LoadedCode> code;
  /// The descriptions of results, then of inputs, with all that is known
  /// before a call filled in.
  std::vector<int64_t> frame;
  /// Sizes of inputs that have to be the same.
  struct SizePair {
    size_t input, dimension;               ///< the later of the two
    size_t earlierInput, earlierDimension; ///< the first of that name
  };
  std::vector<SizePair> equalSizes;
  void (*invoke)(int64_t *frame) = nullptr;

  void buildFrame();
  void findEqualSizes();
  llvm::Error checkEqualSizes(ArrayRef<ArrayView> inputs) const;
  llvm::Error bindInput(size_t index, const ArrayView &input, int64_t *words,
                        SmallVectorImpl<Buffer> &copies) const;
  llvm::Expected<Array> takeResult(size_t index, int64_t *words,
                                   ArrayRef<ArrayView> inputs,
                                   ArrayRef<Array> earlier) const;
};

//===----------------------------------------------------------------------===//
// Compilation
//===----------------------------------------------------------------------===//

namespace {
/// Adds the seconds of its life to `total`.
class Stopwatch {
public:
  explicit Stopwatch(double &total) : total(total) {}
  ~Stopwatch() {
    total += std::chrono::duration<double>(Clock::now() - start).count();
  }

private:
  using Clock = std::chrono::steady_clock;
  double &total;
  Clock::time_point start = Clock::now();
};
} // namespace

/// The passes have reported what is wrong.
static llvm::Error makeReportedError() { return llvm::createStringError(""); }

/// What describes arguments and results is in the signature by now; LLVM would
/// complain of attributes that it does not know.
static void dropDescriptions(ModuleOp module) {
  auto others = [](DictionaryAttr attrs) {
    SmallVector<NamedAttribute> kept;
    if (attrs)
      llvm::append_range(kept, attrs.getValue());
    llvm::erase_if(kept, [](NamedAttribute attr) {
      return attr.getName().getValue().starts_with("rarefy.");
    });
    return kept;
  };
  for (auto function : module.getOps<func::FuncOp>()) {
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      function.setArgAttrs(i, others(function.getArgAttrDict(i)));
    for (unsigned i = 0; i < function.getNumResults(); ++i)
      function.setResultAttrs(i, others(function.getResultAttrDict(i)));
  }
}

/// Compiled code calls functions of the C library, of OpenMP and of the
/// runtime by name: no function of the module may be taken for one of them.
static bool isReserved(StringRef name, const llvm::TargetLibraryInfoImpl &c) {
  llvm::LibFunc function;
  return c.getLibFunc(name, function) || name == invokeName ||
         name == kDeviceSymbol ||
         llvm::any_of(
             ArrayRef<StringRef>{"omp_", "__kmpc_", "_mlir_ciface_"},
             [&](StringRef prefix) { return name.starts_with(prefix); }) ||
         llvm::any_of(getRuntimeSymbols(), [&](const RuntimeSymbol &symbol) {
           return name == symbol.name;
         });
}

static void renameReserved(ModuleOp module, const llvm::Triple &triple) {
  llvm::TargetLibraryInfoImpl library(triple);
  SymbolTable symbols(module);
  for (auto function : module.getOps<func::FuncOp>())
    if (!function.isExternal() && isReserved(function.getSymName(), library))
      (void)symbols.renameToUnique(function, {});
}

//===----------------------------------------------------------------------===//
// Targets
//===----------------------------------------------------------------------===//

namespace {
/// What a program can be compiled for.
struct ProgramTarget {
  StringRef name;
  void (*buildPipeline)(OpPassManager &pm, const CompileOptions &options);
  /// The device that code launches programs on; null for none.
  llvm::Expected<std::unique_ptr<Device>> (*createDevice)(
      const CompileOptions &options);
};
} // namespace

static void buildForCPU(OpPassManager &pm, const CompileOptions &options) {
  CPUPipelineOptions pipeline;
  pipeline.cpu = options.cpu;
  buildCPUPipeline(pm, pipeline);
}

static void buildForSpAtten(OpPassManager &pm, const CompileOptions &options) {
  SpAttenPipelineOptions pipeline;
  pipeline.cpu = options.cpu;
  pipeline.config = options.config;
  pipeline.set = options.overrides;
  buildSpAttenPipeline(pm, pipeline);
}

static llvm::Expected<std::unique_ptr<Device>>
createNoDevice(const CompileOptions &options) {
  if (!options.config.empty() || !options.overrides.empty())
    return llvm::createStringError("target '" + options.target +
                                   "': expected no configuration of a device");
  return nullptr;
}

static llvm::Expected<std::unique_ptr<Device>>
createSpAtten(const CompileOptions &options) {
  if (options.config.empty())
    return llvm::createStringError("target '" + options.target +
                                   "': expected a configuration such as "
                                   "configs/spatten.yaml");
  llvm::Expected<SpAttenConfig> config =
      readSpAttenConfig(options.config, options.overrides);
  if (!config)
    return config.takeError();
  return std::make_unique<Device>(std::move(*config));
}

static llvm::Expected<const ProgramTarget &> findTarget(StringRef name) {
  static const ProgramTarget targets[] = {
      {"cpu", buildForCPU, createNoDevice},
      {"spatten", buildForSpAtten, createSpAtten},
  };
  for (const ProgramTarget &target : targets)
    if (target.name == name)
      return target;
  auto names = llvm::map_range(
      targets, [](const ProgramTarget &target) { return target.name; });
  return llvm::createStringError("unknown target '" + name + "': expected '" +
                                 llvm::join(names, "' or '") + "'");
}

static llvm::Error lower(ModuleOp module, const ProgramTarget &target,
                         const CompileOptions &options) {
  dropDescriptions(module);
  PassManager pm(module->getContext());
  if (options.reference)
    buildReferencePipeline(pm);
  else
    target.buildPipeline(pm, options);
  return failed(pm.run(module)) ? makeReportedError() : llvm::Error::success();
}

/// An error where the entry is no code of the host, or code launches programs
/// and there is no device, or the device has nothing to do.
static llvm::Error checkLowered(ModuleOp module, StringRef entry,
                                bool hasDevice, const CompileOptions &options) {
  if (!module.lookupSymbol(entry))
    return llvm::createStringError(
        "entry '" + options.entry +
        "' became a program, expected a function that launches it");
  bool launches = module.lookupSymbol(kLaunchSymbol) != nullptr;
  if (launches && !hasDevice)
    return llvm::createStringError("the module launches programs, target '" +
                                   options.target + "' has no device");
  if (hasDevice && !launches && !options.reference)
    return llvm::createStringError(
        "target '" + options.target +
        "': found no attention that it takes; "
        "rarefy-raise-attention and rarefy-quantize-attention make it, the "
        "latter with scales of rarefy.calibrate; remarks say what else is in "
        "the way");
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Code
//===----------------------------------------------------------------------===//

/// Adds the function that a call enters: it finds each description in the
/// frame. Everything else becomes internal.
static void addInvoke(llvm::Module &module, StringRef entry,
                      const Signature &signature) {
  for (llvm::Function &function : module)
    if (!function.isDeclaration())
      function.setLinkage(llvm::GlobalValue::InternalLinkage);
  llvm::Function *callee = module.getFunction(("_mlir_ciface_" + entry).str());
  llvm::LLVMContext &context = module.getContext();
  llvm::IRBuilder<> builder(context);
  auto *type =
      llvm::FunctionType::get(builder.getVoidTy(), {builder.getPtrTy()}, false);
  auto *invoke = llvm::Function::Create(
      type, llvm::GlobalValue::ExternalLinkage, invokeName, module);
  builder.SetInsertPoint(llvm::BasicBlock::Create(context, "", invoke));
  SmallVector<llvm::Value *> arguments;
  size_t word = 0;
  auto addPointer = [&] {
    arguments.push_back(builder.CreateConstInBoundsGEP1_64(
        builder.getInt64Ty(), invoke->getArg(0), word));
  };
  // All results are written as one struct.
  if (!signature.results.empty())
    addPointer();
  for (const TensorInfo &result : signature.results)
    word += getDescriptorWords(result.shape.size());
  for (const TensorInfo &input : signature.inputs) {
    addPointer();
    word += getDescriptorWords(input.shape.size());
  }
  builder.CreateCall(callee, arguments);
  builder.CreateRetVoid();
}

/// Where nothing is known, sizes are zero; strides are of full arrays.
void Program::Impl::buildFrame() {
  auto append = [&](const TensorInfo &info) {
    size_t rank = info.shape.size();
    size_t at = frame.size();
    frame.resize(at + getDescriptorWords(rank));
    int64_t stride = 1;
    for (size_t i = rank; i-- > 0;) {
      frame[at + 3 + i] = info.shape[i];
      frame[at + 3 + rank + i] = stride;
      stride *= info.shape[i];
    }
  };
  llvm::for_each(signature.results, append);
  llvm::for_each(signature.inputs, append);
}

void Program::Impl::findEqualSizes() {
  llvm::StringMap<std::pair<size_t, size_t>> first;
  for (auto [i, input] : llvm::enumerate(signature.inputs))
    for (auto [d, name] : llvm::enumerate(input.sizeNames)) {
      if (name.empty())
        continue;
      auto [place, isFirst] = first.try_emplace(name, i, d);
      if (!isFirst)
        equalSizes.push_back({i, d, place->second.first, place->second.second});
    }
}

/// LLVM's half of the compilation.
static llvm::Expected<std::unique_ptr<LoadedCode>>
compileToCode(OwningOpRef<ModuleOp> module, StringRef entry, unsigned optLevel,
              const Signature &signature, llvm::TargetMachine &machine,
              const Device *device, BoundConstants &constants,
              CompileStats &stats) {
  std::unique_ptr<llvm::MemoryBuffer> object;
  {
    llvm::LLVMContext context;
    std::unique_ptr<llvm::Module> translated;
    {
      Stopwatch watch(stats.optimize);
      constants = takeConstants(*module);
      constants.symbols.push_back({kDeviceSymbol.str(), device});
      stats.constantBytes = constants.bytes;
      registerBuiltinDialectTranslation(*module->getContext());
      registerLLVMDialectTranslation(*module->getContext());
      registerOpenMPDialectTranslation(*module->getContext());
      translated = translateModuleToLLVMIR(*module, context);
      if (!translated)
        return makeReportedError();
      translated->setTargetTriple(machine.getTargetTriple());
      translated->setDataLayout(machine.createDataLayout());
      addInvoke(*translated, entry, signature);
      module = {};
      optimize(*translated, machine, optLevel);
    }
    Stopwatch watch(stats.codegen);
    llvm::Expected<std::unique_ptr<llvm::MemoryBuffer>> generated =
        generateObject(*translated, machine);
    if (!generated)
      return generated.takeError();
    object = std::move(*generated);
  }
  Stopwatch watch(stats.link);
  stats.codeBytes = object->getBufferSize();
  return LoadedCode::load(std::move(object), constants.symbols, invokeName);
}

llvm::Expected<std::unique_ptr<Program>>
Program::compile(OwningOpRef<ModuleOp> module, const CompileOptions &options) {
  auto impl = std::make_unique<Impl>();
  CompileStats &stats = impl->stats;
  // What runs once is slower to optimise than to run.
  int optLevel = options.optLevel.value_or(options.reference ? 0 : 3);
  if (optLevel < 0 || optLevel > 3)
    return llvm::createStringError("optimisation level " + Twine(optLevel) +
                                   ": expected 0 to 3");
  llvm::Expected<const ProgramTarget &> target = findTarget(options.target);
  if (!target)
    return target.takeError();
  if (llvm::Error error = target->createDevice(options).moveInto(impl->device))
    return error;
  auto machine = createHostTargetMachine(options.cpu, optLevel);
  if (!machine)
    return machine.takeError();
  stats.cpu = (*machine)->getTargetCPU().str();
  {
    Stopwatch watch(stats.passes);
    if (llvm::Error error = runPasses(*module, options.passes))
      return error;
  }
  llvm::Expected<Signature> signature =
      rarefy::getSignature(*module, options.entry);
  if (!signature)
    return signature.takeError();
  impl->signature = std::move(*signature);
  auto entry = module->lookupSymbol<func::FuncOp>(options.entry);
  std::string entryName;
  {
    Stopwatch watch(stats.lowering);
    renameReserved(*module, (*machine)->getTargetTriple());
    entry->setAttr(LLVM::LLVMDialect::getEmitCWrapperAttrName(),
                   UnitAttr::get(module->getContext()));
    entryName = entry.getSymName().str();
    if (llvm::Error error = lower(*module, *target, options))
      return error;
  }
  if (llvm::Error error =
          checkLowered(*module, entryName, impl->device != nullptr, options))
    return error;
  auto code =
      compileToCode(std::move(module), entryName, optLevel, impl->signature,
                    **machine, impl->device.get(), impl->constants, stats);
  if (!code)
    return code.takeError();
  impl->code = std::move(*code);
  impl->invoke =
      reinterpret_cast<void (*)(int64_t *)>(impl->code->getAddress());
  impl->buildFrame();
  impl->findEqualSizes();
  return std::unique_ptr<Program>(new Program(std::move(impl)));
}

//===----------------------------------------------------------------------===//
// Calls
//===----------------------------------------------------------------------===//

/// Fills in the description at `words` of `input`.
llvm::Error Program::Impl::bindInput(size_t index, const ArrayView &input,
                                     int64_t *words,
                                     SmallVectorImpl<Buffer> &copies) const {
  const TensorInfo &info = signature.inputs[index];
  if (llvm::Error error = checkInput(info, index, input))
    return error;
  void *data = input.data;
  unsigned width = getByteWidth(info.type);
  if (reinterpret_cast<uintptr_t>(data) % width) {
    Array copy = Array::allocate(input.type, input.shape);
    if (!copy.data)
      return llvm::createStringError(describeInput(info, index) +
                                     ": not enough memory to align it");
    std::memcpy(copy.data, data, copy.getByteSize());
    data = copy.data;
    copies.push_back(std::move(copy.owner));
  }
  words[0] = words[1] = reinterpret_cast<int64_t>(data);
  size_t rank = input.shape.size();
  int64_t stride = 1;
  for (size_t i = rank; i-- > 0;) {
    words[3 + i] = input.shape[i];
    words[3 + rank + i] = stride;
    stride *= input.shape[i];
  }
  return llvm::Error::success();
}

llvm::Error Program::Impl::checkEqualSizes(ArrayRef<ArrayView> inputs) const {
  for (const SizePair &pair : equalSizes) {
    int64_t size = inputs[pair.input].shape[pair.dimension];
    int64_t earlier = inputs[pair.earlierInput].shape[pair.earlierDimension];
    if (size == earlier)
      continue;
    const TensorInfo &info = signature.inputs[pair.input];
    return llvm::createStringError(
        describeInput(info, pair.input) + ": size '" +
        info.sizeNames[pair.dimension] + "' is " + Twine(size) + ", but " +
        Twine(earlier) + " in " +
        describeInput(signature.inputs[pair.earlierInput], pair.earlierInput));
  }
  return llvm::Error::success();
}

/// Copies a strided buffer to a dense one.
static void copyDense(const char *source, const int64_t *sizes,
                      const int64_t *strides, size_t rank, unsigned width,
                      char *&target) {
  if (rank == 0) {
    std::memcpy(target, source, width);
    target += width;
    return;
  }
  for (int64_t i = 0; i < sizes[0]; ++i)
    copyDense(source + i * strides[0] * width, sizes + 1, strides + 1, rank - 1,
              width, target);
}

static bool isDense(ArrayRef<int64_t> sizes, const int64_t *strides) {
  int64_t stride = 1;
  for (size_t i = sizes.size(); i-- > 0;) {
    if (sizes[i] != 1 && strides[i] != stride)
      return false;
    stride *= sizes[i];
  }
  return true;
}

/// The array that `words` describes. Compiled code hands over memory of its
/// own; where it returned an input, a constant or one buffer twice instead,
/// the array is a copy.
llvm::Expected<Array> Program::Impl::takeResult(size_t index, int64_t *words,
                                                ArrayRef<ArrayView> inputs,
                                                ArrayRef<Array> earlier) const {
  const TensorInfo &info = signature.results[index];
  size_t rank = info.shape.size();
  auto *base = reinterpret_cast<char *>(words[0]);
  auto *data =
      reinterpret_cast<char *>(words[1]) + words[2] * getByteWidth(info.type);
  ArrayRef<int64_t> sizes(words + 3, rank);
  // What a constant's descriptor says of the memory to free.
  constexpr int64_t constantBase = 0xdeadbeef;
  bool borrowed =
      words[0] == constantBase ||
      llvm::any_of(
          inputs, [&](const ArrayView &input) { return input.data == base; }) ||
      llvm::any_of(earlier, [&](const Array &array) {
        return array.owner.get() == base;
      });
  for (auto [dimension, size] : llvm::enumerate(sizes))
    if (size < 0) {
      if (!borrowed)
        std::free(base);
      return llvm::createStringError("result " + Twine(index) + ": size " +
                                     Twine(dimension) + " is " + Twine(size));
    }
  if (!borrowed && isDense(sizes, words + 3 + rank)) {
    Array result;
    result.type = info.type;
    result.shape.assign(sizes.begin(), sizes.end());
    result.owner.reset(base);
    result.data = data;
    return result;
  }
  Array copy = Array::allocate(info.type, sizes);
  if (!copy.data)
    return llvm::createStringError("not enough memory for a result");
  char *target = static_cast<char *>(copy.data);
  if (!llvm::is_contained(sizes, 0))
    copyDense(data, sizes.data(), words + 3 + rank, rank,
              getByteWidth(info.type), target);
  if (!borrowed)
    std::free(base);
  return copy;
}

llvm::Expected<SmallVector<Array, 2>> Program::call(ArrayRef<ArrayView> inputs,
                                                    unsigned threads) const {
  const Signature &signature = impl->signature;
  if (inputs.size() != signature.inputs.size())
    return llvm::createStringError("expected " +
                                   Twine(signature.inputs.size()) +
                                   " inputs, found " + Twine(inputs.size()));
  // More would exhaust the system long before they helped.
  constexpr unsigned maxThreads = 1024;
  if (threads > maxThreads)
    return llvm::createStringError("expected at most " + Twine(maxThreads) +
                                   " threads, found " + Twine(threads));
  SmallVector<int64_t, 96> frame(impl->frame.begin(), impl->frame.end());
  SmallVector<Buffer, 0> copies;
  int64_t *words = frame.data();
  for (const TensorInfo &result : signature.results)
    words += getDescriptorWords(result.shape.size());
  for (auto [i, input] : llvm::enumerate(inputs)) {
    if (llvm::Error error = impl->bindInput(i, input, words, copies))
      return error;
    words += getDescriptorWords(input.shape.size());
  }
  if (llvm::Error error = impl->checkEqualSizes(inputs))
    return error;
  {
    ThreadCountScope scope(threads);
    if (llvm::Error error = runGuarded(impl->invoke, frame.data()))
      return error;
  }
  SmallVector<Array, 2> results;
  words = frame.data();
  for (auto [i, info] : llvm::enumerate(signature.results)) {
    llvm::Expected<Array> result = impl->takeResult(i, words, inputs, results);
    if (!result)
      return result.takeError();
    results.push_back(std::move(*result));
    words += getDescriptorWords(info.shape.size());
  }
  return results;
}

Program::Program(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
Program::~Program() = default;
const Signature &Program::getSignature() const { return impl->signature; }
const CompileStats &Program::getStats() const { return impl->stats; }
std::optional<DeviceStatistics> Program::getDeviceStatistics() const {
  if (!impl->device)
    return std::nullopt;
  return impl->device->getStatistics();
}
