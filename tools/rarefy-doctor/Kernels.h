#ifndef RAREFY_TOOLS_RAREFYDOCTOR_KERNELS_H
#define RAREFY_TOOLS_RAREFYDOCTOR_KERNELS_H

#include <cstddef>
#include <cstdint>

namespace rarefy::doctor {

/// A loop that keeps one kind of arithmetic unit busy.
struct Kernel {
  const char *name;        ///< What it multiplies: fma-f32, dot-bf16, dot-int8.
  const char *instruction; ///< The instruction it repeats.
  const char *feature;     ///< LLVM's name of the processor feature it needs.
  double opsPerStep;       ///< Multiplications and additions of one step.
  void (*run)(int64_t steps);
};

/// The kernels of this architecture, of each name the best one first. Running
/// one whose feature the processor lacks is not allowed.
const Kernel *begin();
const Kernel *end();

/// Reads `bytes` (a multiple of 512) `repeats` times, with the widest loads
/// that `wide` allows: 32 bytes when set, 16 otherwise.
void readMemory(const char *data, size_t bytes, int64_t repeats, bool wide);

} // namespace rarefy::doctor

#endif // RAREFY_TOOLS_RAREFYDOCTOR_KERNELS_H
