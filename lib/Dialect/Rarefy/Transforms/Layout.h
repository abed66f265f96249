// How the dimensions of a tensor are made of the loops of a computation, traced
// through reshapes and transposes. Not installed.

#ifndef RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_LAYOUT_H
#define RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_LAYOUT_H

#include "mlir/IR/Builders.h"
#include "rarefy/Support/LLVM.h"
#include <optional>

namespace rarefy {

/// A loop, or a factor of one that a reshape split.
using Atom = unsigned;
/// The atoms that an index is made of, the slowest first; none for an index
/// that is always 0.
using Atoms = SmallVector<Atom, 2>;
/// The atoms of each dimension of a tensor.
using Layout = SmallVector<Atoms>;

/// The sizes of atoms, and what they were split into.
class AtomTable {
public:
  /// A new atom; a sealed one never splits.
  Atom make(int64_t size, bool isSealed = false);
  /// No atom for a size of 1, one for any other.
  Atoms makeDim(int64_t size);
  int64_t getSize(Atom atom) const { return entries[atom].size; }
  int64_t getSize(ArrayRef<Atom> atoms) const;
  void setSize(Atom atom, int64_t size) { entries[atom].size = size; }

  /// The leaves that atoms were split into.
  Atoms resolve(ArrayRef<Atom> atoms) const;
  Layout resolve(const Layout &layout) const;
  /// The atom that this one was split off, itself if it was made.
  Atom getRoot(Atom atom) const;

  /// Deals `atoms` to dimensions of these sizes, splitting atoms where a
  /// boundary goes through one. Nothing if the sizes do not say how.
  std::optional<Layout> distribute(ArrayRef<Atom> atoms,
                                   ArrayRef<int64_t> sizes);

private:
  struct Entry {
    int64_t size;
    bool isSealed;
    Atom parent;
    SmallVector<Atom, 2> parts;
  };
  /// Moves atoms of size `size` in all from one end of `atoms` to `dim`.
  bool take(Atoms &atoms, int64_t size, bool fromBack, Atoms &dim);
  bool split(Atom atom, int64_t outer, int64_t inner);

  SmallVector<Entry> entries;
};

/// All atoms of a layout in order.
Atoms flatten(const Layout &layout);

/// The layout of the source of a collapse (`groups` of source dimensions made
/// the result's) or of an expand, given that of the result.
std::optional<Layout> traceCollapse(AtomTable &table, const Layout &result,
                                    ArrayRef<SmallVector<int64_t, 2>> groups,
                                    ArrayRef<int64_t> sourceShape);
Layout traceExpand(const Layout &result,
                   ArrayRef<SmallVector<int64_t, 2>> groups);

/// The tensor `value` of layout `from` with layout `to`: reshapes and at most
/// one transposition. Both are resolved and name the same atoms.
Value relayout(OpBuilder &b, Location loc, Value value, const AtomTable &table,
               const Layout &from, const Layout &to);

} // namespace rarefy

#endif // RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_LAYOUT_H
