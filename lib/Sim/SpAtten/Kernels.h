#ifndef RAREFY_LIB_SIM_SPATTEN_KERNELS_H
#define RAREFY_LIB_SIM_SPATTEN_KERNELS_H

#include "rarefy/Dialect/SpAtten/IR/SpAtten.h"
#include <cstdint>

namespace rarefy::spatten {

/// One query, key, value or output.
using Vector = std::array<int16_t, kHeadSize>;

/// Bytes beyond a packed vector that unpacking may read.
inline constexpr unsigned kPaddingBytes = 16;

/// The loops that a simulation spends its time in. There are two versions, for
/// any processor and for one with AVX2 and FMA; they give the same numbers.
struct Kernels {
  /// Reads vectors of `bits` bits, a multiple of 2, as signed numbers shifted
  /// left by `shift`.
  void (*unpack)(ArrayRef<const uint8_t *> packed, unsigned bits,
                 unsigned shift, Vector *vectors);
  /// Reads vectors of `bits` bits, 4, 8 or 12, as numbers that are not
  /// negative, shifts them left, and puts them among the zeros of `vectors`.
  void (*merge)(ArrayRef<const uint8_t *> packed, unsigned bits, unsigned shift,
                Vector *vectors);
  /// The products of `query` with each of `keys`, of which the bits in `mask`
  /// count.
  void (*score)(const Vector &query, ArrayRef<Vector> keys, int16_t mask,
                int32_t *scores);
  /// Probabilities of `count` scores; returns the largest. `exponentials` is
  /// scratch memory.
  int32_t (*softmax)(const int32_t *scores, unsigned count, float scale,
                     float *exponentials, int16_t *probabilities);
  /// Adds `vector` times `probability` to `sums`.
  void (*weigh)(int32_t probability, const Vector &vector, int32_t *sums);
};

/// The version for this processor.
const Kernels &getKernels();
/// The version for any processor.
const Kernels &getPortableKernels();

} // namespace rarefy::spatten

#endif // RAREFY_LIB_SIM_SPATTEN_KERNELS_H
