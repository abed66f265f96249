// Tensors seen as expressions of scalars: walks back from a value through
// elementwise ops, broadcasts, transposes and reshapes, whatever ops say them.
// Not installed.

#ifndef RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_EXPR_H
#define RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_EXPR_H

#include "Layout.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace rarefy {

/// A tensor (`body` is null) whose dimensions have `layout`, or a scalar in the
/// body of a structured op whose loops have `layout`.
struct Expr {
  Value value;
  Layout layout;
  linalg::LinalgOp body = {};
};

/// A tensor met on the way.
struct Place {
  Value value;
  Layout layout;
};
using Trail = SmallVector<Place>;

/// Walks back through all that only moves elements to what computes them.
/// `trail` collects the tensors met.
Expr normalize(AtomTable &table, Expr expr, Trail *trail = nullptr);

/// Operand `i` of the scalar op that computes `expr`, normalized.
Expr getOperand(AtomTable &table, const Expr &expr, unsigned i,
                Trail *trail = nullptr);

/// The value of an expression that is the same constant everywhere.
std::optional<double> getConstant(const Expr &expr);

/// Do two normalized expressions surely have the same value?
bool areSame(AtomTable &table, const Expr &a, const Expr &b);

/// The layouts of a tensor operand with this indexing map and the loops; only
/// for maps that select loops.
std::optional<Layout> layoutOfOperand(AffineMap map, const Layout &loops);
/// The layouts of loops, of which those a result's map lacks get `others`.
std::optional<Layout> layoutOfLoops(AffineMap map, const Layout &result,
                                    ArrayRef<Atoms> others = {});

/// A reduction over some loops of one operand.
struct Reduction {
  linalg::LinalgOp op;
  /// What is combined, in the body, and the op that combines it.
  Value element;
  Operation *combiner;
};
/// The reduction whose result this tensor is, if it is one of a single loop.
std::optional<Reduction> getReduction(Value tensor);

/// The constant that fills a tensor, if one does.
std::optional<double> getFill(Value tensor);

} // namespace rarefy

#endif // RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_EXPR_H
