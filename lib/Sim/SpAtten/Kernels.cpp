// The inner loops, each compiled twice from one body.

#include "Kernels.h"
#include "rarefy/Sim/SpAttenNumbers.h"
#include <cstring>
#include <utility>

using namespace rarefy;
using namespace rarefy::spatten;

#define RAREFY_INLINE [[gnu::always_inline]] static inline

namespace {
using Bytes [[gnu::vector_size(16)]] = uint8_t;
using Unsigned [[gnu::vector_size(16)]] = uint16_t;
using Signed [[gnu::vector_size(16)]] = int16_t;
} // namespace

/// Puts element i of `Bits` bits into the upper bits of lane i: the two bytes
/// that hold it, then a product that shifts each lane by its own distance.
template <unsigned Bits, size_t... Byte>
RAREFY_INLINE Unsigned spread(const uint8_t *packed,
                              std::index_sequence<Byte...>) {
  Bytes bytes;
  std::memcpy(&bytes, packed, sizeof(bytes));
  Bytes pairs = __builtin_shufflevector(bytes, bytes,
                                        (Byte / 2 * Bits / 8 + Byte % 2)...);
  constexpr auto factor = [](unsigned lane) {
    return uint16_t(1 << (16 - Bits - lane * Bits % 8));
  };
  constexpr Unsigned factors = {factor(0), factor(1), factor(2), factor(3),
                                factor(4), factor(5), factor(6), factor(7)};
  return std::bit_cast<Unsigned>(pairs) * factors;
}

template <unsigned Bits, bool Merge>
RAREFY_INLINE void unpackBits(ArrayRef<const uint8_t *> rows, unsigned shift,
                              Vector *vectors) {
  for (const uint8_t *packed : rows) {
    Vector &vector = *vectors++;
    for (unsigned i = 0; i < kHeadSize; i += 8, packed += Bits) {
      Unsigned high = spread<Bits>(packed, std::make_index_sequence<16>());
      Signed number;
      if constexpr (Merge) {
        std::memcpy(&number, &vector[i], sizeof(number));
        number |= std::bit_cast<Signed>((high >> (16 - Bits)) << shift);
      } else {
        number = (std::bit_cast<Signed>(high) >> (16 - Bits)) << shift;
      }
      std::memcpy(&vector[i], &number, sizeof(number));
    }
  }
}

template <bool Merge>
RAREFY_INLINE void unpackBody(ArrayRef<const uint8_t *> rows, unsigned bits,
                              unsigned shift, Vector *vectors) {
  switch (bits) {
  case 2:
    return unpackBits<2, Merge>(rows, shift, vectors);
  case 4:
    return unpackBits<4, Merge>(rows, shift, vectors);
  case 6:
    return unpackBits<6, Merge>(rows, shift, vectors);
  case 8:
    return unpackBits<8, Merge>(rows, shift, vectors);
  case 10:
    return unpackBits<10, Merge>(rows, shift, vectors);
  case 12:
    return unpackBits<12, Merge>(rows, shift, vectors);
  default:
    llvm_unreachable("no row of such elements is whole transactions");
  }
}

RAREFY_INLINE void scoreBody(const Vector &query, ArrayRef<Vector> keys,
                             int16_t mask, int32_t *scores) {
  for (const Vector &key : keys) {
    int32_t sum = 0;
    for (unsigned d = 0; d < kHeadSize; ++d)
      sum += int32_t(query[d]) * int32_t(key[d] & mask);
    *scores++ = sum;
  }
}

RAREFY_INLINE int32_t softmaxBody(const int32_t *scores, unsigned count,
                                  float scale, float *exponentials,
                                  int16_t *probabilities) {
  int32_t largest = scores[0];
  for (unsigned i = 1; i < count; ++i)
    largest = std::max(largest, scores[i]);
  int64_t sum = 0;
  for (unsigned i = 0; i < count; ++i) {
    float t = static_cast<float>(scores[i] - largest) * scale;
    exponentials[i] = exponential(t);
    sum += toFixed(exponentials[i]);
  }
  int32_t most = 0;
  for (unsigned i = 0; i < count; ++i) {
    int32_t probability = toProbability(exponentials[i], sum);
    most = std::max(most, probability);
    probabilities[i] = static_cast<int16_t>(probability);
  }
  return most;
}

RAREFY_INLINE void weighBody(int32_t probability, const Vector &vector,
                             int32_t *sums) {
  for (unsigned d = 0; d < kHeadSize; ++d)
    sums[d] += probability * vector[d];
}

#define RAREFY_KERNELS(NAME, TARGET)                                           \
  namespace NAME {                                                             \
  TARGET static void unpack(ArrayRef<const uint8_t *> rows, unsigned bits,     \
                            unsigned shift, Vector *vectors) {                 \
    unpackBody<false>(rows, bits, shift, vectors);                             \
  }                                                                            \
  TARGET static void merge(ArrayRef<const uint8_t *> rows, unsigned bits,      \
                           unsigned shift, Vector *vectors) {                  \
    unpackBody<true>(rows, bits, shift, vectors);                              \
  }                                                                            \
  TARGET static void score(const Vector &query, ArrayRef<Vector> keys,         \
                           int16_t mask, int32_t *scores) {                    \
    scoreBody(query, keys, mask, scores);                                      \
  }                                                                            \
  TARGET static int32_t softmax(const int32_t *scores, unsigned count,         \
                                float scale, float *exponentials,              \
                                int16_t *probabilities) {                      \
    return softmaxBody(scores, count, scale, exponentials, probabilities);     \
  }                                                                            \
  TARGET static void weigh(int32_t probability, const Vector &vector,          \
                           int32_t *sums) {                                    \
    weighBody(probability, vector, sums);                                      \
  }                                                                            \
  static constexpr Kernels kernels = {unpack, merge, score, softmax, weigh};   \
  }

RAREFY_KERNELS(portable, )

const Kernels &spatten::getPortableKernels() { return portable::kernels; }

#if defined(__x86_64__)
RAREFY_KERNELS(wide, [[gnu::target("avx2,fma")]])

const Kernels &spatten::getKernels() {
  static const bool hasVectors =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  return hasVectors ? wide::kernels : portable::kernels;
}
#else
const Kernels &spatten::getKernels() { return portable::kernels; }
#endif

uint32_t spatten::scaleImportance(uint32_t importance, float factor) {
  if (importance == 0 || factor <= 0)
    return 0;
  int exponent;
  auto mantissa =
      static_cast<uint64_t>(std::ldexp(std::frexp(factor, &exponent), 24));
  uint64_t product =
      importance * mantissa; // Of 56 bits, times 2^(exponent-24).
  exponent -= 24;
  if (exponent >= 32)
    return std::numeric_limits<uint32_t>::max();
  if (exponent >= 0)
    product = std::min<uint64_t>(product, UINT32_MAX) << exponent;
  else if (exponent < -63)
    return 0;
  else {
    uint64_t whole = product >> -exponent;
    uint64_t rest = product & ((uint64_t(1) << -exponent) - 1);
    uint64_t half = uint64_t(1) << (-exponent - 1);
    product = whole + (rest > half || (rest == half && whole & 1));
  }
  return std::min<uint64_t>(product, UINT32_MAX);
}
