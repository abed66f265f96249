#ifndef RAREFY_CODEGEN_CPU_CONTRACTION_H
#define RAREFY_CODEGEN_CPU_CONTRACTION_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "rarefy/Hardware/CPUTarget.h"
#include "rarefy/Support/LLVM.h"

namespace rarefy {

/// A linalg.generic that sums products of two inputs, seen as a product of
/// matrices: `acc[rows, columns] += lhs[rows, k] * rhs[k, columns]`. Operands
/// are named so that the innermost dimension of `acc` is a column: it is the
/// one that is computed as vectors. Convolutions are contractions too.
struct Contraction {
  mutable linalg::GenericOp op;
  OpOperand *lhs = nullptr, *rhs = nullptr, *acc = nullptr;
  /// What the body does to an element before it multiplies; may be null.
  Operation *lhsCast = nullptr, *rhsCast = nullptr;
  /// Loop dimensions, outermost first: in all three operands; in lhs and acc;
  /// in rhs and acc; in lhs and rhs.
  SmallVector<unsigned> batch, rows, columns, reduction;
  /// The dimensions that the micro-kernel walks: `row` is missing if there is
  /// one row only.
  unsigned column = 0, k = 0;
  std::optional<unsigned> row;

  /// The type that products are summed in.
  Type getSumType() const;
  AffineMap getMap(OpOperand *operand) const {
    return op.getMatchingIndexingMap(operand);
  }
  /// Columns in a panel of `rhs` if it is packed, that is, indexed by
  /// [.., column floordiv p, k, column mod p], in whole vectors of `lanes`.
  std::optional<int64_t> getPanelWidth(int64_t lanes) const;

  static FailureOr<Contraction> match(linalg::GenericOp op);
};

/// True if consecutive values of loop `dim` touch consecutive elements.
bool isContiguousAlong(linalg::GenericOp op, OpOperand *operand, unsigned dim);

/// True if a vector of `element` lies in memory as its elements do in a buffer:
/// LLVM packs a vector's bits, and gives each element of a buffer whole bytes.
bool isPackedInBuffers(Type element);

/// Rows and column vectors that a micro-kernel keeps in registers.
struct KernelShape {
  int64_t rows, vectors, lanes;
  int64_t columns() const { return vectors * lanes; }
};

/// The largest kernel whose sums, one row of vectors and one broadcast fit the
/// registers, for sums of `bits` bits and at most `columns` columns.
KernelShape chooseKernel(const CPUTarget &target, unsigned bits,
                         int64_t columns);

} // namespace rarefy

#endif // RAREFY_CODEGEN_CPU_CONTRACTION_H
