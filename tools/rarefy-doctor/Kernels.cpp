// Each kernel repeats one instruction on independent accumulators, enough of
// them to hide its latency. Every function names the features it is compiled
// for, so that one binary serves all x86 processors.

#include "Kernels.h"
#include <iterator>

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET(features) __attribute__((target(features)))

namespace {
// More than latency times throughput of any processor so far (4 cycles, 2 a
// cycle), and few enough for 16 registers.
constexpr int chains = 12;

/// Makes the compiler keep a value in a register, and believe that it changes.
#define KEEP(value) asm volatile("" : "+v"(value))

#define KEEP_BUSY(name, features, vector, zero, step)                          \
  TARGET(features) void name(int64_t steps) {                                  \
    vector sum[chains], a = zero, b = zero;                                    \
    for (vector &x : sum)                                                      \
      x = zero;                                                                \
    KEEP(a);                                                                   \
    KEEP(b);                                                                   \
    for (int64_t i = 0; i < steps; i += chains)                                \
      for (vector &x : sum) {                                                  \
        KEEP(a);                                                               \
        x = step;                                                              \
      }                                                                        \
    for (vector &x : sum)                                                      \
      KEEP(x);                                                                 \
  }

KEEP_BUSY(fmaSSE, "sse2", __m128, _mm_setzero_ps(),
          _mm_add_ps(_mm_mul_ps(a, x), b))
KEEP_BUSY(fmaAVX2, "avx2,fma", __m256, _mm256_setzero_ps(),
          _mm256_fmadd_ps(a, b, x))
KEEP_BUSY(fmaAVX512, "avx512f", __m512, _mm512_setzero_ps(),
          _mm512_fmadd_ps(a, b, x))
KEEP_BUSY(int8AVX2, "avx2", __m256i, _mm256_setzero_si256(),
          _mm256_add_epi32(x, _mm256_madd_epi16(_mm256_maddubs_epi16(a, b), b)))
KEEP_BUSY(int8AVXVNNI, "avxvnni", __m256i, _mm256_setzero_si256(),
          _mm256_dpbusd_avx_epi32(x, a, b))
KEEP_BUSY(int8AVX512, "avx512f,avx512vnni", __m512i, _mm512_setzero_si512(),
          _mm512_dpbusd_epi32(x, a, b))

TARGET("avx512f,avx512bf16") void bf16AVX512(int64_t steps) {
  __m512 sum[chains];
  __m512i bits = _mm512_setzero_si512();
  KEEP(bits);
  auto a = reinterpret_cast<__m512bh>(bits);
  for (__m512 &x : sum)
    x = _mm512_setzero_ps();
  for (int64_t i = 0; i < steps; i += chains)
    for (__m512 &x : sum)
      x = _mm512_dpbf16_ps(x, a, a);
  for (__m512 &x : sum)
    KEEP(x);
}

TARGET("avx2") void readWide(const char *data, size_t bytes) {
  __m256i sum[8];
  for (__m256i &x : sum)
    x = _mm256_setzero_si256();
  for (size_t i = 0; i < bytes; i += sizeof(sum))
    for (int j = 0; j < 8; ++j)
      sum[j] = _mm256_or_si256(
          sum[j], _mm256_load_si256(reinterpret_cast<const __m256i *>(
                      data + i + j * sizeof(__m256i))));
  for (__m256i &x : sum)
    KEEP(x);
}

void readNarrow(const char *data, size_t bytes) {
  __m128i sum[8];
  for (__m128i &x : sum)
    x = _mm_setzero_si128();
  for (size_t i = 0; i < bytes; i += sizeof(sum))
    for (int j = 0; j < 8; ++j)
      sum[j] =
          _mm_or_si128(sum[j], _mm_load_si128(reinterpret_cast<const __m128i *>(
                                   data + i + j * sizeof(__m128i))));
  for (__m128i &x : sum)
    KEEP(x);
}

constexpr rarefy::doctor::Kernel kernels[] = {
    {"fma-f32", "vfmadd (zmm)", "avx512f", 32, fmaAVX512},
    {"fma-f32", "vfmadd (ymm)", "fma", 16, fmaAVX2},
    {"fma-f32", "mulps and addps (xmm)", "sse2", 8, fmaSSE},
    {"dot-bf16", "vdpbf16ps (zmm)", "avx512bf16", 64, bf16AVX512},
    {"dot-int8", "vpdpbusd (zmm)", "avx512vnni", 128, int8AVX512},
    {"dot-int8", "vpdpbusd (ymm)", "avxvnni", 64, int8AVXVNNI},
    {"dot-int8", "vpmaddubsw, vpmaddwd, vpaddd (ymm)", "avx2", 64, int8AVX2},
};
} // namespace

const rarefy::doctor::Kernel *rarefy::doctor::begin() {
  return std::begin(kernels);
}
const rarefy::doctor::Kernel *rarefy::doctor::end() {
  return std::end(kernels);
}

void rarefy::doctor::readMemory(const char *data, size_t bytes, int64_t repeats,
                                bool wide) {
  for (int64_t i = 0; i < repeats; ++i)
    wide ? readWide(data, bytes) : readNarrow(data, bytes);
}

#else
#error "rarefy-doctor measures x86-64 processors only"
#endif
