// Simulators: programs of accelerators on modeled machines, their tensors and
// runs.

#include "rarefy-c/Simulator.h"
#include "Handles.h"
#include "rarefy/Sim/Tensors.h"
#include "rarefy/Support/Files.h"
#include "rarefy/Target/Program/LoadProgram.h"

#include "llvm/Support/FormatVariadic.h"

using namespace rarefy;
using llvm::Error;
using llvm::Expected;

static_assert(unsigned(program::Direction::In) == RarefyIn &&
              unsigned(program::Direction::Out) == RarefyOut &&
              unsigned(program::Direction::State) == RarefyState);

struct RarefyOpaqueSimulator {
  std::shared_ptr<ContextState> state;
  OwningOpRef<ModuleOp> module;
  std::unique_ptr<spatten::Simulator> simulator;
  SmallVector<program::TensorOp> tensors;
  SmallVector<ElementType> types;
};

/// All that can fail before there is a simulator.
static Error initialize(RarefyOpaqueSimulator &self, StringRef file,
                        ArrayRef<std::string> overrides) {
  Expected<SpAttenConfig> config = readSpAttenConfig(file, overrides);
  if (!config)
    return config.takeError();
  Expected<program::ProgramOp> program = findProgram(*self.module);
  if (!program)
    return program.takeError();
  for (auto tensor : program->getOps<program::TensorOp>()) {
    Expected<ElementType> type = spatten::getArrayType(tensor);
    if (!type)
      return type.takeError();
    self.tensors.push_back(tensor);
    self.types.push_back(*type);
  }
  return spatten::Simulator::create(*program, std::move(*config))
      .moveInto(self.simulator);
}

static Error run(spatten::Simulator &simulator, StringRef tracePath,
                 std::string &statistics) {
  std::optional<OutputFile> trace;
  if (!tracePath.empty()) {
    Expected<OutputFile> file = OutputFile::open(tracePath);
    if (!file)
      return file.takeError();
    trace.emplace(std::move(*file));
  }
  Expected<spatten::Statistics> found =
      simulator.run(trace ? &trace->os() : nullptr);
  if (!found)
    return found.takeError();
  statistics = llvm::formatv("{0:2}", llvm::json::Value(found->toJSON()));
  if (!trace)
    return Error::success();
  if (Error error = trace->finish())
    return error;
  return trace->keep();
}

/// Hands the tensor `name` and a view of `array` to `work`.
template <typename Work>
static bool withTensor(RarefySimulator simulator, RarefyString name,
                       const RarefyArray *array, Work work) {
  auto *tensor = llvm::find_if(simulator->tensors, [&](program::TensorOp op) {
    return op.getSymName() == unwrap(name);
  });
  Error error =
      tensor == simulator->tensors.end()
          ? llvm::createStringError("the program has no tensor '" +
                                    unwrap(name) + "'")
          : work(*tensor, simulator->simulator->getMemory(), unwrap(*array));
  if (!error)
    return true;
  simulator->state->report(std::move(error));
  return false;
}

RarefySimulator rarefySimulatorCreate(RarefyModule module, RarefyString config,
                                      const RarefyString *overrides,
                                      size_t numOverrides) {
  auto self = std::make_unique<RarefyOpaqueSimulator>();
  self->state = module->state;
  self->module = module->module->clone();
  Error error =
      initialize(*self, unwrap(config), unwrap(overrides, numOverrides));
  if (!error)
    return self.release();
  module->state->report(std::move(error));
  return nullptr;
}

void rarefySimulatorDestroy(RarefySimulator simulator) { delete simulator; }

size_t rarefySimulatorGetNumTensors(RarefySimulator simulator) {
  return simulator->tensors.size();
}

RarefyDeviceTensor rarefySimulatorGetTensor(RarefySimulator simulator,
                                            size_t index) {
  program::TensorOp tensor = simulator->tensors[index];
  auto type = tensor.getType();
  return {{wrap(tensor.getSymName()),
           static_cast<RarefyElementType>(simulator->types[index]),
           type.getShape().size(), type.getShape().data()},
          static_cast<RarefyDirection>(tensor.getDirection()),
          type.getElementTypeBitWidth(),
          tensor.getValue().has_value()};
}

bool rarefySimulatorWrite(RarefySimulator simulator, RarefyString name,
                          const RarefyArray *array) {
  return withTensor(simulator, name, array, spatten::writeTensor);
}

bool rarefySimulatorRead(RarefySimulator simulator, RarefyString name,
                         const RarefyArray *array) {
  return withTensor(simulator, name, array, spatten::readTensor);
}

bool rarefySimulatorRun(RarefySimulator simulator, RarefyString trace,
                        RarefyStringCallback onStatistics, void *userData) {
  std::string statistics;
  if (Error error = run(*simulator->simulator, unwrap(trace), statistics)) {
    simulator->state->report(std::move(error));
    return false;
  }
  if (onStatistics)
    onStatistics(wrap(statistics), userData);
  return true;
}
