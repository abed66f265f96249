#ifndef RAREFY_RUNNER_PROGRAM_H
#define RAREFY_RUNNER_PROGRAM_H

#include "mlir/IR/BuiltinOps.h"
#include "rarefy/Runner/Array.h"
#include "llvm/Support/Error.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace rarefy {

struct DeviceStatistics;

/// How a module becomes a program.
struct CompileOptions {
  /// The function to call.
  std::string entry = "main";
  /// A pass pipeline run on the module before the lowering; may be empty.
  std::string passes;
  /// Lowers through each op's definition and scalar loops: slow, and simple
  /// enough to check everything else with.
  bool reference = false;
  /// What runs the attention on integers that it takes: "cpu", or "spatten", a
  /// simulated SpAtten.
  std::string target = "cpu";
  /// The file that describes the SpAtten, and what replaces parameters in it,
  /// each as key=value.
  std::string config;
  std::vector<std::string> overrides;
  /// "native" or LLVM's name of a processor, such as "x86-64-v3".
  std::string cpu = "native";
  /// LLVM's optimisation level, 0 to 3; 3, or 0 for the reference, unless
  /// given.
  std::optional<int> optLevel;
};

/// The type of an argument or result. A negative size is known at run time.
struct TensorInfo {
  std::string name;
  ElementType type = ElementType::F32;
  SmallVector<int64_t, 6> shape;
  /// Names of the sizes (an attribute `rarefy.dims`), "" for none, if any has
  /// one: sizes of one name are equal in all inputs.
  std::vector<std::string> sizeNames;
};

struct Signature {
  std::vector<TensorInfo> inputs, results;
};

/// Where compilation spent its time, in seconds.
struct CompileStats {
  double passes = 0;   ///< CompileOptions::passes
  double lowering = 0; ///< tensors to the LLVM dialect
  double optimize = 0; ///< translation to LLVM IR and its optimiser
  double codegen = 0;  ///< machine code
  double link = 0;     ///< loading it
  uint64_t codeBytes = 0;
  uint64_t constantBytes = 0; ///< constants kept out of the code
  std::string cpu;            ///< the processor compiled for

  double total() const { return passes + lowering + optimize + codegen + link; }
};

/// A compiled function on dense arrays. Calls may run at the same time.
class Program {
public:
  /// Compiles `options.entry` of `module`, which is consumed: its constants
  /// become the program's, and its context must outlive the program. What a
  /// pass reports goes to the context's diagnostics; the error is then empty.
  static llvm::Expected<std::unique_ptr<Program>>
  compile(OwningOpRef<ModuleOp> module, const CompileOptions &options);
  ~Program();

  const Signature &getSignature() const;
  const CompileStats &getStats() const;
  /// What the simulated device has done in all calls so far; none for a program
  /// without a device.
  std::optional<DeviceStatistics> getDeviceStatistics() const;

  /// Checks the inputs against the signature, runs the function on `threads`
  /// threads (0: what OpenMP's environment says) and returns its results.
  /// Where memory runs out, an assertion fails or the device refuses a launch
  /// that is an error, too; what the call had allocated is then lost.
  llvm::Expected<SmallVector<Array, 2>> call(ArrayRef<ArrayView> inputs,
                                             unsigned threads = 0) const;

private:
  struct Impl;
  explicit Program(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl;
};

/// The signature of `entry`; an error where there is no such function with a
/// body or an argument or result is not a ranked tensor of a supported type.
llvm::Expected<Signature> getSignature(ModuleOp module, StringRef entry);

/// How many threads the parallel code of a call on `threads` threads has: for 0
/// what OpenMP's environment says, 1 without OpenMP.
unsigned countThreads(unsigned threads);

/// "input 1 ('mask')".
std::string describeInput(const TensorInfo &info, size_t index);

/// An error unless `input` has the type and the known sizes of `info`.
llvm::Error checkInput(const TensorInfo &info, size_t index,
                       const ArrayView &input);

/// From tensors to the LLVM dialect through definitions and scalar loops,
/// without fusion, vectors or threads. Sizes that are known at run time only
/// are checked then.
void buildReferencePipeline(OpPassManager &pm);

} // namespace rarefy

#endif // RAREFY_RUNNER_PROGRAM_H
