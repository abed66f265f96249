#ifndef RAREFY_SIM_SPATTENNUMBERS_H
#define RAREFY_SIM_SPATTENNUMBERS_H

#include "llvm/ADT/ArrayRef.h"
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

/// SpAtten's arithmetic, element by element. What else computes the same
/// numbers - the decomposition of `rarefy.attention` - must do these steps in
/// this order: each float operation rounds once, to nearest and even.
///
/// A key or value of `bits` bits has `shift` zeros below: q = element << shift.
/// With low bits, q = element << shift | lsb, and lsb is not negative.
///
///   score        s_i = sum over d of query_d * key_id, exact in 32 bits
///   difference   t_i = float(s_i - max s) * scale
///   exponential  y = t_i * log2(e); 0 if y < -126; otherwise n = floor(y),
///                f = (y - n) * ln(2), e_i = 2^n * P(f) by Horner with fma,
///                P(f) = 1 + f + f^2/2 + f^3/6 + f^4/24 + f^5/120
///   sum          S = sum of rint(e_i * 2^30), exact in 64 bits
///   probability  p_i = min(2047, rint(e_i / (float(S) * 2^-30) * 2048))
///   output       o_d = clamp((sum of p_i * value_id + 1024) >> 11)
namespace rarefy::spatten {

inline constexpr int kOperandBits = 12;
/// Fractional bits of a probability, and the largest one.
inline constexpr int kProbabilityBits = 11;
inline constexpr int kMaxProbability = 2047;

/// Whether `value` is a 12-bit number.
constexpr bool isOperand(int64_t value) {
  return value >= -(1 << (kOperandBits - 1)) && value < 1 << (kOperandBits - 1);
}

/// e^t for t <= 0 in binary32.
[[gnu::always_inline]] inline float exponential(float t) {
  constexpr float log2e = 1.44269504f, ln2 = 0.69314718f;
  float y = t * log2e;
  float held = y < -126.0f ? -126.0f : y;
  float n = std::floor(held);
  float f = (held - n) * ln2;
  float p = 1.0f / 120.0f;
  p = std::fma(p, f, 1.0f / 24.0f);
  p = std::fma(p, f, 1.0f / 6.0f);
  p = std::fma(p, f, 0.5f);
  p = std::fma(p, f, 1.0f);
  p = std::fma(p, f, 1.0f);
  float power = std::bit_cast<float>((static_cast<int32_t>(n) + 127) << 23);
  return y < -126.0f ? 0.0f : p * power;
}

/// What exponential `e` adds to the sum: units of 2^-30, at most 2^30.
[[gnu::always_inline]] inline int32_t toFixed(float e) {
  return static_cast<int32_t>(std::rint(e * 0x1p30f));
}

/// The probability of exponential `e` where all of a row sum to `sum`.
[[gnu::always_inline]] inline int32_t toProbability(float e, int64_t sum) {
  float whole = static_cast<float>(sum) * 0x1p-30f;
  auto p = static_cast<int32_t>(std::rint(e / whole * 2048.0f));
  return std::min(p, kMaxProbability);
}

/// The output of accumulated products.
constexpr int16_t toOutput(int32_t sum) {
  constexpr int32_t half = 1 << (kProbabilityBits - 1);
  int32_t rounded = (sum + half) >> kProbabilityBits;
  constexpr int32_t limit = 1 << (kOperandBits - 1);
  return static_cast<int16_t>(std::clamp(rounded, -limit, limit - 1));
}

/// Wraps `value` around to 12 bits.
constexpr int32_t wrapOperand(int32_t value) {
  constexpr int spare = 32 - kOperandBits;
  return static_cast<int32_t>(static_cast<uint32_t>(value) << spare) >> spare;
}

/// The released hardware description keeps the upper half of each product and
/// adds in 12 bits. Its sums are given back their unit, so that the same scales
/// hold: a score is 2^12 such sums, an output two.
constexpr int32_t truncateProduct(int32_t a, int32_t b) {
  return (a * b) >> kOperandBits;
}
constexpr int32_t toTruncatedScore(int32_t sum) {
  return wrapOperand(sum) * (1 << kOperandBits);
}
constexpr int16_t toTruncatedOutput(int32_t sum) {
  constexpr int32_t limit = 1 << (kOperandBits - 1);
  return static_cast<int16_t>(
      std::clamp(wrapOperand(sum) * 2, -limit, limit - 1));
}

/// `importance` plus `amount`, or the largest number.
constexpr uint32_t addSaturating(uint32_t importance, uint32_t amount) {
  uint32_t sum = importance + amount;
  return sum < amount ? std::numeric_limits<uint32_t>::max() : sum;
}

/// `importance` times `factor`, exact, then rounded to nearest and even and
/// held within 32 bits.
uint32_t scaleImportance(uint32_t importance, float factor);

} // namespace rarefy::spatten

#endif // RAREFY_SIM_SPATTENNUMBERS_H
