#ifndef RAREFY_LIB_DIALECT_RAREFY_IR_ATTENTIONBUILDER_H
#define RAREFY_LIB_DIALECT_RAREFY_IR_ATTENTIONBUILDER_H

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "rarefy/Dialect/Rarefy/IR/Rarefy.h"
#include <initializer_list>

namespace rarefy {

using LoopList = SmallVector<unsigned>;

/// `loops`, then `more`.
LoopList with(LoopList loops, std::initializer_list<unsigned> more);

/// What the definitions of attention on floats and on integers share:
/// computations over the loops [batch.., heads, rows, keys].
class AttentionBuilder {
public:
  AttentionBuilder(AttentionOp op, OpBuilder &b);

protected:
  using Body = function_ref<Value(OpBuilder &, ValueRange)>;

  /// A generic whose operands (the last is the init) run over these loops.
  Value generic(ValueRange ins, Value init, ArrayRef<LoopList> operandLoops,
                Body body);
  Value generic(ValueRange ins, Value init, ArrayRef<AffineMap> maps,
                Body body);
  Value filled(const LoopList &loops, Value fill);

  OpFoldResult numKeys();
  Value forEachHead(Value v);
  AffineMap maskMap(ShapedType type);
  /// With `causal`, row i sees the keys up to i + this.
  Value causalOffset();
  /// Whether the row of the loops around sees their key, given `causalOffset`.
  Value isSeen(OpBuilder &nested, Value offset);
  /// For each of `values`, over the loops of a score, how many values of its
  /// row go before it: larger ones, and equal ones of earlier keys.
  Value countBefore(Value values);

  Value constant(TypedAttr value) {
    return arith::ConstantOp::create(b, loc, value);
  }
  Value f32(double value) { return constant(b.getF32FloatAttr(value)); }

  AttentionOp op;
  OpBuilder &b;
  Location loc;
  int64_t batch;
  /// Key and value with as many heads as the query.
  Value key, value;
  /// Loops of a batch, of a head, of a row of scores and of one score; the last
  /// loop of a contraction is `inner`.
  LoopList batches, head, row, score;
  unsigned inner;
  /// Sizes of the loops of one score.
  SmallVector<OpFoldResult> sizes;
};

/// The definition of an attention on integers.
SmallVector<Value> decomposeIntegerAttention(AttentionOp op, OpBuilder &b);

} // namespace rarefy

#endif // RAREFY_LIB_DIALECT_RAREFY_IR_ATTENTIONBUILDER_H
