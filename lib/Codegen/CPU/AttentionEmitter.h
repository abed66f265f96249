#ifndef RAREFY_LIB_CODEGEN_CPU_ATTENTIONEMITTER_H
#define RAREFY_LIB_CODEGEN_CPU_ATTENTIONEMITTER_H

#include "rarefy/Codegen/CPU/Contraction.h"
#include "rarefy/Dialect/Rarefy/IR/Rarefy.h"

namespace rarefy {

/// Emits `rarefy.attention` on buffers as a loop over heads and, in each, over
/// blocks of rows whose scores stay in cache. A head's keys and values are
/// packed once into panels; the two products of a block are left as
/// contractions for the micro-kernel. Scores are kept as base-2 logarithms.
class AttentionEmitter {
public:
  AttentionEmitter(RewriterBase &b, AttentionOp op, const CPUTarget &target);

  void emit(bool parallel);

private:
  using Body = function_ref<void(Value)>;

  Value divideHeads(Value keyHeads);
  bool fitsStack() const;
  Block *stackFrame();
  Value allocate(ArrayRef<Value> sizes, bool stack);
  /// A buffer that lasts as long as a head's work at least.
  Value scratch(ArrayRef<Value> sizes);

  void emitWithoutKeys();
  void emitHead(ValueRange at);
  void allocateScratch();
  void packKeys(ValueRange at);
  void packKeyTile(ValueRange at, Value firstKey, Value firstDepth,
                   int64_t count);
  void packValues(ValueRange at);
  void fillBias(ValueRange at);

  void emitBlock(ValueRange at, Value firstRow, Value count);
  void loadQueries(ValueRange at, Value firstRow);
  void fillMask(ValueRange at, Value firstRow);
  Value loadMask(ValueRange at, Value row, Value key);
  void multiply(Value lhs, Value panels, Value acc, int64_t width);

  // Rows of scores (AttentionRows.cpp).
  void findLargest();
  void exponentiate(Value count);
  Value exp2(Value x);
  Value loadScores(Value row, Value key);
  void addTokenImportance(ValueRange at);
  void keepLargest(int64_t k);
  Value findThreshold(Value row, Value k);
  Value countReaching(Value row, Value bound);
  void storeOutput(ValueRange at, Value firstRow, Value count);
  void addHeadImportance(ValueRange at);
  void sumPartials();

  // Building blocks.
  Value index(int64_t value);
  Value i32(int32_t value);
  Value f32(double value);
  Value splat(Value scalar);
  Value add(Value x, Value y);
  Value sub(Value x, Value y);
  Value min(Value x, Value y);
  Value alignTo(Value x, int64_t y);
  Value toF32(Value v);
  Value isHidden(Value score);
  Value sizeOf(Value memref, int64_t dim);
  SmallVector<Value> keyHeadOf(ValueRange at);
  /// Runs `body` at `begin`, `begin + step`, .. below `end`.
  void loop(Value begin, Value end, int64_t step, Body body);
  void loop(Value end, int64_t step, Body body) {
    loop(index(0), end, step, body);
  }
  /// The same with one value that each step hands to the next.
  SmallVector<Value>
  reduce(Value end, int64_t step, ValueRange init,
         function_ref<SmallVector<Value>(Value, ValueRange)> body);
  /// Runs `body` on whole vectors of `size` elements, where `count` is null,
  /// then on the `count` elements that are left, if any.
  void vectors(Value size, function_ref<void(Value begin, Value count)> body);
  /// `count` elements of the innermost dimension as f32, zeros after them.
  Value loadVector(Value memref, ValueRange at, Value count = Value());
  void storeVector(Value v, Value memref, ValueRange at, Value count = Value());
  Value maskOf(Value count);

  RewriterBase &b;
  AttentionOp op;
  const CPUTarget &target;
  Location loc;
  int64_t batch, lanes;
  VectorType vector;
  Value heads, rows, keys, depth, valueDepth;
  /// Query heads per key head; null for one.
  Value group;
  /// Columns of a panel of keys and of values; rows of a block.
  int64_t keyWidth, valueWidth, block;
  /// The mask is the same for all rows of a head and is added to their scores,
  /// or it stands there before the products are added.
  bool biased, masked;
  Value keyPanels, valuePanels, bias, queries, scores, largest, inverse, output;
  Value headSum, partials;
  bool onStack;
  SmallVector<Value> allocated;
};

} // namespace rarefy

#endif // RAREFY_LIB_CODEGEN_CPU_ATTENTIONEMITTER_H
