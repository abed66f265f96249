// Programs: compiling one, its signature and figures, calls and their results.

#include "Handles.h"
#include "rarefy/Runner/DeviceStatistics.h"
#include "llvm/Support/FormatVariadic.h"

using namespace rarefy;

static_assert(static_cast<unsigned>(ElementType::F64) == RarefyF64 &&
              static_cast<unsigned>(ElementType::U8) == RarefyU8 &&
              numElementTypes == RarefyF64 + 1);

static RarefyElementType convert(ElementType type) {
  return static_cast<RarefyElementType>(type);
}

static RarefyTensorInfo convert(const TensorInfo &info) {
  return {wrap(info.name), convert(info.type), info.shape.size(),
          info.shape.data()};
}

/// `text`, or `otherwise` where it is empty.
static std::string get(RarefyString text, StringRef otherwise) {
  return (text.size ? unwrap(text) : otherwise).str();
}

RarefyProgram rarefyCompile(RarefyModule module,
                            const RarefyCompileOptions *options) {
  ContextState &state = *module->state;
  CompileOptions compile;
  compile.entry = get(options->entry, compile.entry);
  compile.passes = get(options->passes, compile.passes);
  compile.target = get(options->target, compile.target);
  compile.config = get(options->config, compile.config);
  compile.overrides = unwrap(options->overrides, options->numOverrides);
  compile.cpu = get(options->cpu, compile.cpu);
  if (options->optLevel != -1)
    compile.optLevel = options->optLevel;
  compile.reference = options->reference;
  if (compile.reference && compile.target != "cpu") {
    state.report(llvm::createStringError("target '" + compile.target +
                                         "': expected 'cpu' for the reference, "
                                         "plain loops that no device runs"));
    return nullptr;
  }
  llvm::Expected<std::unique_ptr<Program>> program =
      Program::compile(module->module->clone(), compile);
  if (program)
    return new RarefyOpaqueProgram{module->state, std::move(*program)};
  state.report(program.takeError());
  return nullptr;
}

void rarefyProgramDestroy(RarefyProgram program) { delete program; }

size_t rarefyProgramGetNumInputs(RarefyProgram program) {
  return program->program->getSignature().inputs.size();
}

RarefyTensorInfo rarefyProgramGetInput(RarefyProgram program, size_t index) {
  return convert(program->program->getSignature().inputs[index]);
}

size_t rarefyProgramGetNumResults(RarefyProgram program) {
  return program->program->getSignature().results.size();
}

RarefyTensorInfo rarefyProgramGetResult(RarefyProgram program, size_t index) {
  return convert(program->program->getSignature().results[index]);
}

RarefyCompileStats rarefyProgramGetStats(RarefyProgram program) {
  const CompileStats &stats = program->program->getStats();
  return {stats.passes, stats.lowering,  stats.optimize,      stats.codegen,
          stats.link,   stats.codeBytes, stats.constantBytes, wrap(stats.cpu)};
}

bool rarefyProgramGetDeviceStatistics(RarefyProgram program,
                                      RarefyStringCallback callback,
                                      void *userData) {
  std::optional<DeviceStatistics> statistics =
      program->program->getDeviceStatistics();
  if (!statistics)
    return false;
  std::string text =
      llvm::formatv("{0:2}", llvm::json::Value(statistics->toJSON()));
  callback(wrap(text), userData);
  return true;
}

RarefyResults rarefyProgramCall(RarefyProgram program,
                                const RarefyArray *inputs, size_t numInputs,
                                unsigned threads, RarefyStringCallback onError,
                                void *userData) {
  llvm::SmallVector<ArrayView, 8> views;
  for (const RarefyArray &input : llvm::ArrayRef(inputs, numInputs))
    views.push_back(unwrap(input));
  auto results = program->program->call(views, threads);
  if (results)
    return new RarefyOpaqueResults{std::move(*results)};
  std::string message = llvm::toString(results.takeError());
  if (onError)
    onError(wrap(message), userData);
  return nullptr;
}

RarefyArray rarefyResultsGet(RarefyResults results, size_t index) {
  const Array &array = results->arrays[index];
  return {array.data, convert(array.type), array.shape.size(),
          array.shape.data()};
}

void *rarefyResultsTake(RarefyResults results, size_t index) {
  return results->arrays[index].owner.release();
}

void rarefyResultsDestroy(RarefyResults results) { delete results; }
