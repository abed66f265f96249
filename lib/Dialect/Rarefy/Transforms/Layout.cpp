// Mixed-radix views of tensor dimensions.

#include "Layout.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace rarefy;

//===----------------------------------------------------------------------===//
// Atoms
//===----------------------------------------------------------------------===//

Atom AtomTable::make(int64_t size, bool isSealed) {
  Atom atom = entries.size();
  entries.push_back({size, isSealed, atom, {}});
  return atom;
}

Atoms AtomTable::makeDim(int64_t size) {
  return size == 1 ? Atoms() : Atoms{make(size)};
}

int64_t AtomTable::getSize(ArrayRef<Atom> atoms) const {
  int64_t product = 1;
  for (Atom atom : atoms) {
    if (ShapedType::isDynamic(getSize(atom)))
      return ShapedType::kDynamic;
    product *= getSize(atom);
  }
  return product;
}

Atoms AtomTable::resolve(ArrayRef<Atom> atoms) const {
  Atoms leaves;
  for (Atom atom : atoms) {
    if (entries[atom].parts.empty())
      leaves.push_back(atom);
    else
      llvm::append_range(leaves, resolve(entries[atom].parts));
  }
  return leaves;
}

Layout AtomTable::resolve(const Layout &layout) const {
  return llvm::map_to_vector(
      layout, [&](const Atoms &atoms) { return resolve(atoms); });
}

Atom AtomTable::getRoot(Atom atom) const {
  while (entries[atom].parent != atom)
    atom = entries[atom].parent;
  return atom;
}

bool AtomTable::split(Atom atom, int64_t outer, int64_t inner) {
  if (entries[atom].isSealed)
    return false;
  for (int64_t size : {outer, inner}) {
    Atom part = make(size);
    entries[part].parent = atom;
    entries[atom].parts.push_back(part);
  }
  return true;
}

bool AtomTable::take(Atoms &atoms, int64_t size, bool fromBack, Atoms &dim) {
  while (size > 1) {
    if (atoms.empty())
      return false;
    Atom atom = fromBack ? atoms.back() : atoms.front();
    int64_t whole = getSize(atom);
    if (whole == 0)
      return false;
    bool isDynamic = ShapedType::isDynamic(whole);
    if (isDynamic || size % whole) {
      // The dimension ends inside the atom.
      if (!isDynamic && whole % size)
        return false;
      int64_t rest = isDynamic ? whole : whole / size;
      if (!(fromBack ? split(atom, rest, size) : split(atom, size, rest)))
        return false;
      atoms.erase(fromBack ? &atoms.back() : atoms.begin());
      ArrayRef<Atom> parts = entries[atom].parts;
      atoms.insert(fromBack ? atoms.end() : atoms.begin(), parts.begin(),
                   parts.end());
      continue;
    }
    atoms.erase(fromBack ? &atoms.back() : atoms.begin());
    dim.insert(fromBack ? dim.begin() : dim.end(), atom);
    size /= whole;
  }
  return true;
}

std::optional<Layout> AtomTable::distribute(ArrayRef<Atom> list,
                                            ArrayRef<int64_t> sizes) {
  Layout layout(sizes.size());
  Atoms atoms = resolve(list);
  int64_t first = 0, last = sizes.size();
  auto isDynamic = [&](int64_t i) { return ShapedType::isDynamic(sizes[i]); };
  for (; last > first && !isDynamic(last - 1); --last)
    if (!take(atoms, sizes[last - 1], /*fromBack=*/true, layout[last - 1]))
      return std::nullopt;
  for (; first < last && !isDynamic(first); ++first)
    if (!take(atoms, sizes[first], /*fromBack=*/false, layout[first]))
      return std::nullopt;
  if (last - first <= 1) {
    if (last == first && !atoms.empty())
      return std::nullopt;
    if (last != first)
      layout[first] = atoms;
    return layout;
  }
  // Several dynamic sizes: only if each is an atom.
  SmallVector<int64_t> dims;
  for (int64_t i = first; i < last; ++i)
    if (sizes[i] != 1)
      dims.push_back(i);
  if (dims.size() != atoms.size())
    return std::nullopt;
  for (auto [dim, atom] : llvm::zip_equal(dims, atoms)) {
    if (sizes[dim] != getSize(atom))
      return std::nullopt;
    layout[dim] = {atom};
  }
  return layout;
}

Atoms rarefy::flatten(const Layout &layout) {
  Atoms all;
  for (const Atoms &atoms : layout)
    llvm::append_range(all, atoms);
  return all;
}

std::optional<Layout>
rarefy::traceCollapse(AtomTable &table, const Layout &result,
                      ArrayRef<SmallVector<int64_t, 2>> groups,
                      ArrayRef<int64_t> sourceShape) {
  // Without groups all sizes are 1.
  Layout source(sourceShape.size());
  for (auto [atoms, group] : llvm::zip(result, groups)) {
    SmallVector<int64_t> sizes;
    for (int64_t dim : group)
      sizes.push_back(sourceShape[dim]);
    std::optional<Layout> dealt = table.distribute(atoms, sizes);
    if (!dealt)
      return std::nullopt;
    for (auto [dim, part] : llvm::zip_equal(group, *dealt))
      source[dim] = part;
  }
  return source;
}

Layout rarefy::traceExpand(const Layout &result,
                           ArrayRef<SmallVector<int64_t, 2>> groups) {
  Layout source;
  for (ArrayRef<int64_t> group : groups) {
    Atoms &atoms = source.emplace_back();
    for (int64_t dim : group)
      llvm::append_range(atoms, result[dim]);
  }
  return source;
}

//===----------------------------------------------------------------------===//
// Relayout
//===----------------------------------------------------------------------===//

namespace {
/// Consecutive dimensions of two layouts that hold the same atoms.
struct Group {
  SmallVector<int64_t, 2> from, to;
};
} // namespace

/// The finest groups of two layouts whose atoms are in the same order;
/// dimensions of size 1 go with a neighbour.
static SmallVector<Group> groupDims(const Layout &from, const Layout &to) {
  SmallVector<Group> groups;
  size_t i = 0, j = 0;
  while (i < from.size() || j < to.size()) {
    Group group;
    size_t left = 0, right = 0;
    auto takeFrom = [&] {
      left += from[i].size();
      group.from.push_back(i++);
    };
    auto takeTo = [&] {
      right += to[j].size();
      group.to.push_back(j++);
    };
    if (i < from.size() && j < to.size() && from[i].empty() && to[j].empty()) {
      takeFrom();
      takeTo();
      groups.push_back(group);
      continue;
    }
    while (left != right || left == 0) {
      if (i < from.size() && (left <= right || j == to.size()))
        takeFrom();
      else if (j < to.size())
        takeTo();
      else
        break;
    }
    if (left != 0) {
      groups.push_back(group);
      continue;
    }
    llvm::append_range(groups.back().from, group.from);
    llvm::append_range(groups.back().to, group.to);
  }
  return groups;
}

/// The sizes of `value` after its group's dimensions are made `to`: what static
/// sizes leave of a dynamic one.
static SmallVector<OpFoldResult> expandedSizes(OpBuilder &b, Location loc,
                                               OpFoldResult size,
                                               ArrayRef<int64_t> sizes) {
  SmallVector<OpFoldResult> result;
  int64_t known = 1;
  for (int64_t part : sizes)
    known *= ShapedType::isDynamic(part) ? 1 : part;
  for (int64_t part : sizes) {
    if (!ShapedType::isDynamic(part)) {
      result.push_back(b.getIndexAttr(part));
      continue;
    }
    Value rest = getValueOrCreateConstantIndexOp(b, loc, size);
    if (known != 1)
      rest = b.createOrFold<arith::DivUIOp>(
          loc, rest, arith::ConstantIndexOp::create(b, loc, known));
    result.push_back(rest);
  }
  return result;
}

/// The tensor with the same elements in the same order and layout `to`.
static Value reshape(OpBuilder &b, Location loc, Value value,
                     const AtomTable &table, const Layout &from,
                     const Layout &to) {
  SmallVector<Group> groups = groupDims(from, to);
  SmallVector<ReassociationIndices> collapse, expand;
  bool collapses = false, expands = false;
  for (Group &group : groups) {
    collapses |= group.from.size() > 1;
    expands |= group.to.size() > 1;
    collapse.push_back(group.from);
    expand.push_back(group.to);
  }
  if (collapses)
    value = tensor::CollapseShapeOp::create(b, loc, value, collapse);
  if (!expands)
    return value;
  SmallVector<OpFoldResult> sizes;
  SmallVector<int64_t> shape;
  for (auto [dim, group] : llvm::enumerate(expand)) {
    SmallVector<int64_t> parts = llvm::map_to_vector(
        group, [&](int64_t i) { return table.getSize(to[i]); });
    llvm::append_range(shape, parts);
    llvm::append_range(
        sizes,
        expandedSizes(b, loc, tensor::getMixedSize(b, loc, value, dim), parts));
  }
  auto type = cast<RankedTensorType>(value.getType());
  return tensor::ExpandShapeOp::create(b, loc, type.clone(shape), value, expand,
                                       sizes);
}

/// Runs of atoms that neither layout interrupts with others: what a
/// transposition moves.
static Layout findRuns(const Atoms &from, const Atoms &to) {
  Layout runs;
  for (auto [i, atom] : llvm::enumerate(from)) {
    bool continues = false;
    if (i) {
      const auto *it = llvm::find(to, from[i - 1]);
      continues = it + 1 != to.end() && *(it + 1) == atom;
    }
    if (!continues)
      runs.emplace_back();
    runs.back().push_back(atom);
  }
  return runs;
}

Value rarefy::relayout(OpBuilder &b, Location loc, Value value,
                       const AtomTable &table, const Layout &from,
                       const Layout &to) {
  Atoms order = flatten(from), target = flatten(to);
  if (order == target)
    return from == to ? value : reshape(b, loc, value, table, from, to);
  Layout runs = findRuns(order, target);
  value = reshape(b, loc, value, table, from, runs);
  SmallVector<int64_t> permutation(runs.size());
  std::iota(permutation.begin(), permutation.end(), 0);
  llvm::sort(permutation, [&](int64_t x, int64_t y) {
    return llvm::find(target, runs[x].front()) <
           llvm::find(target, runs[y].front());
  });
  Layout moved;
  SmallVector<OpFoldResult> sizes;
  for (int64_t dim : permutation) {
    moved.push_back(runs[dim]);
    sizes.push_back(tensor::getMixedSize(b, loc, value, dim));
  }
  Value init = tensor::EmptyOp::create(
      b, loc, sizes, cast<RankedTensorType>(value.getType()).getElementType());
  value = linalg::TransposeOp::create(b, loc, value, init, permutation)
              ->getResult(0);
  return moved == to ? value : reshape(b, loc, value, table, moved, to);
}
