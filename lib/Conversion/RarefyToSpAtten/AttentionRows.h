#ifndef RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_ATTENTIONROWS_H
#define RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_ATTENTIONROWS_H

#include "ProgramBuilder.h"
#include <optional>

namespace rarefy::spatten {

/// How a row of keys or values lies in memory.
struct RowFormat {
  unsigned bits = 0;
  /// Zeros that the device puts below an element.
  unsigned shift = 0;
  /// Two heads lie interleaved.
  bool fused = false;
};

/// Where the rows of a tensor are: of head h (or pair h, where fused) row r is
/// at address + h * headStride + r * rowStride.
struct RowAddresses {
  uint64_t address = 0;
  uint64_t headStride = 0;
  uint64_t rowStride = 0;
};

/// One attention as the device computes it.
struct AttentionPlan {
  unsigned heads = 0;
  unsigned rows = 0;
  unsigned keys = 0;
  /// Values that a row keeps, if not all.
  std::optional<unsigned> keep;
  /// Heads that share a head of keys and values.
  unsigned sharing = 1;
  /// Two heads are computed side by side, because their rows are fused.
  bool pairs = false;
  RowFormat key, value;
  /// Bits of an element of the low plane of keys in memory; 0 if there is none.
  unsigned lowBits = 0;
  /// The probability below which a row needs the low plane, in 2^-11.
  unsigned threshold = 0;
  float scale = 0;
  /// Keys and values are those of the kept tokens.
  bool gather = false;
  /// Probabilities are added to the importance of tokens.
  bool addTokens = false;
  /// Row r sees the keys up to r + keys - rows.
  bool causal = false;
  RowAddresses query, output, keyHigh, keyLow, values;
};

/// Emits the instructions of `plan`: rows are pipelined over the engines
/// through two row slots, heads through two buffers where these fit. All
/// engines are idle before and after. Fails with the reason if a row does not
/// fit the machine.
LogicalResult emitAttention(ProgramBuilder &program, const AttentionPlan &plan,
                            function_ref<InFlightDiagnostic()> emitError);

} // namespace rarefy::spatten

#endif // RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_ATTENTIONROWS_H
