// Programs of compiled code on a simulated SpAtten.

#include "Device.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/TypeUtilities.h"
#include "rarefy/Target/Program/ProgramFile.h"

using namespace rarefy;

/// A program that has been launched before.
struct Device::LoadedProgram {
  const char *file;
  OwningOpRef<ModuleOp> module;
  SmallVector<program::TensorOp> inputs, outputs;
  std::unique_ptr<spatten::Simulator> simulator;
  DeviceStatistics::Launches launches;

  llvm::Error run(ArrayRef<LaunchTensor> tensors);
};

Device::Device(SpAttenConfig config)
    : config(std::move(config)), context(MLIRContext::Threading::DISABLED) {
  context.loadDialect<program::ISADialect, spatten::SpAttenDialect>();
}

Device::~Device() = default;

/// `error` with the name of the program in front.
static llvm::Error addProgram(StringRef name, llvm::Error error) {
  if (!error)
    return error;
  return llvm::createStringError("program '" + name +
                                 "': " + toString(std::move(error)));
}

llvm::Expected<Device::LoadedProgram &> Device::load(StringRef file) {
  for (std::unique_ptr<LoadedProgram> &loaded : programs)
    if (loaded->file == file.data())
      return *loaded;
  std::string message;
  ScopedDiagnosticHandler handler(
      &context, [&](Diagnostic &diagnostic) { message += diagnostic.str(); });
  auto loaded = std::make_unique<LoadedProgram>();
  loaded->file = file.data();
  loaded->module = readProgramFile(
      llvm::MemoryBufferRef(file, "launched program"), &context);
  if (!loaded->module)
    return llvm::createStringError(message);
  auto program = *loaded->module->getOps<program::ProgramOp>().begin();
  loaded->inputs = getHostTensors(program, program::Direction::In);
  loaded->outputs = getHostTensors(program, program::Direction::Out);
  loaded->launches.program = program.getSymName().str();
  loaded->launches.sum.config = config;
  if (llvm::Error error = spatten::Simulator::create(program, config)
                              .moveInto(loaded->simulator))
    return addProgram(program.getSymName(), std::move(error));
  programs.push_back(std::move(loaded));
  return *programs.back();
}

/// The elements of `tensor` in the host's memory.
static MutableArrayRef<uint8_t> getBytes(program::TensorOp tensor,
                                         const LaunchTensor &host) {
  uint64_t count = cast<ShapedType>(tensor.getType()).getNumElements();
  return {static_cast<uint8_t *>(host.data),
          static_cast<size_t>(count * host.elementBytes)};
}

llvm::Error Device::LoadedProgram::run(ArrayRef<LaunchTensor> tensors) {
  spatten::DeviceMemory &memory = simulator->getMemory();
  memory.reset();
  for (auto [tensor, host] :
       llvm::zip_equal(inputs, tensors.take_front(inputs.size()))) {
    // Those of the host have no sign of their own.
    bool isSigned = !getElementTypeOrSelf(tensor.getType()).isUnsignedInteger();
    if (llvm::Error error =
            memory.write(tensor.getSymName(), getBytes(tensor, host),
                         host.elementBytes, isSigned))
      return error;
  }
  llvm::Expected<spatten::Statistics> statistics = simulator->run();
  if (!statistics)
    return statistics.takeError();
  for (auto [tensor, host] :
       llvm::zip_equal(outputs, tensors.drop_front(inputs.size())))
    if (llvm::Error error = memory.read(
            tensor.getSymName(), getBytes(tensor, host), host.elementBytes))
      return error;
  ++launches.count;
  launches.sum += *statistics;
  return llvm::Error::success();
}

llvm::Error Device::launch(StringRef file, ArrayRef<LaunchTensor> tensors) {
  std::lock_guard<std::mutex> lock(mutex);
  llvm::Expected<LoadedProgram &> program = load(file);
  if (!program)
    return program.takeError();
  return addProgram(program->launches.program, program->run(tensors));
}

DeviceStatistics Device::getStatistics() const {
  std::lock_guard<std::mutex> lock(mutex);
  DeviceStatistics statistics{config, {}};
  for (const std::unique_ptr<LoadedProgram> &program : programs)
    if (program->launches.count)
      statistics.programs.push_back(program->launches);
  return statistics;
}
