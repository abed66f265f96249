#ifndef RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_ATTENTIONROWS_H
#define RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_ATTENTIONROWS_H

#include "ProgramBuilder.h"
#include "mlir/IR/Diagnostics.h"
#include <optional>
#include <variant>
#include <vector>

namespace rarefy::spatten {

/// How a row of keys or values lies in memory.
struct RowFormat {
  unsigned bits = 0;
  /// Zeros that the device puts below an element.
  unsigned shift = 0;
  /// Two heads lie interleaved.
  bool fused = false;
  /// The highest bits, which are there to make whole transactions: they are all
  /// equal to the one below.
  unsigned spare = 0;
};

/// Where the rows of a tensor are: of head h (or pair h, where fused) row r is
/// at address + h * headStride + r * rowStride.
struct RowAddresses {
  uint64_t address = 0;
  uint64_t headStride = 0;
  uint64_t rowStride = 0;
  /// Base register whose address comes on top.
  unsigned base = 0;
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
  /// The heads are the kept ones of the device, of so many; 0: all of them.
  unsigned keptOf = 0;
  /// Outputs are added to the importance of heads.
  bool addHeads = false;
  /// Row r sees the keys up to r + keys - rows.
  bool causal = false;
  RowAddresses query, output, keyHigh, keyLow, values;
};

/// Rows of memory that are copied, `bytes` each, one for each head.
struct CopyPlan {
  unsigned heads = 0;
  uint64_t bytes = 0;
  RowAddresses source, target;
};

/// Attentions as one stream of rows, pipelined over the engines: rows through
/// the row slots, heads through parts of both SRAMs. What is added is emitted
/// by `flush`, or when something comes that has to wait for it.
class RowStream {
public:
  explicit RowStream(ProgramBuilder &program) : program(program) {}

  /// Adds an attention, which fits the machine, behind all before.
  void add(const AttentionPlan &plan);
  /// Adds copies, which attentions behind them see.
  void add(const CopyPlan &copy) { items.push_back({copy, program.getLoc()}); }

  /// Emits what was added, unless it is only copies: these come with the next
  /// attention. Engines may still be running.
  void flush();

private:
  struct Item {
    std::variant<CopyPlan, AttentionPlan> plan;
    Location loc;
  };
  /// What the rows between two waits for all engines have in common.
  struct Layout {
    /// Equal parts of the SRAMs, each for a head or a fused pair.
    unsigned keyBuffers = 0, valueBuffers = 0;
    float scale = 0;
    bool addHeads = false;
    bool keptHeads = false;
    /// Who says that a row and its values are ready, and behind how many rows.
    bool keeps = false, compact = false, checks = false;
    bool operator==(const Layout &) const = default;
  };
  Layout getLayout(const AttentionPlan &plan) const;
  bool isReadBefore(const Item &item) const;
  void emitLayout();
  void openHeads(AttentionPlan &plan);
  void closeHeads(const AttentionPlan &plan);

  ProgramBuilder &program;
  std::vector<Item> items;
  /// Of the attentions in `items`, and of those before.
  std::optional<Layout> layout;
  Layout bound;
  /// Heads whose scales the device has.
  unsigned scales = 0;
};

} // namespace rarefy::spatten

#endif // RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_ATTENTIONROWS_H
