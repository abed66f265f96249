// What each op does to the pruned axis: layouts of operands and results.

#include "Shrink.h"
#include "mlir/Analysis/SliceAnalysis.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace rarefy;

bool Shrinker::hasAxisIn(const Layout &layout) const {
  return llvm::is_contained(flatten(layout), axis);
}

bool Shrinker::hasBatchIn(const Layout &layout) const {
  Atoms atoms = flatten(layout);
  return llvm::all_of(batch,
                      [&](Atom a) { return llvm::is_contained(atoms, a); });
}

std::optional<Layout> Shrinker::layoutOf(Value value) const {
  const Tracked *tracked = lookup(value);
  if (!tracked)
    return std::nullopt;
  return table.resolve(tracked->layout);
}

/// The axis or a batch loop.
static bool isSpecial(ArrayRef<Atom> atoms, Atom axis, ArrayRef<Atom> batch) {
  return llvm::any_of(
      atoms, [&](Atom a) { return a == axis || llvm::is_contained(batch, a); });
}

//===----------------------------------------------------------------------===//
// Structured ops
//===----------------------------------------------------------------------===//

/// Gives loops the layouts of the dimensions that tracked operands have there.
/// False if two of them differ in where the axis is.
static bool layOutLoops(AffineMap map, const Layout &layout, Atom axis,
                        ArrayRef<Atom> batch,
                        MutableArrayRef<std::optional<Atoms>> loops) {
  for (auto [expr, atoms] : llvm::zip_equal(map.getResults(), layout)) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    if (!dim) {
      if (isSpecial(atoms, axis, batch))
        return false;
      continue;
    }
    std::optional<Atoms> &loop = loops[dim.getPosition()];
    bool loopIsSpecial = loop && isSpecial(*loop, axis, batch);
    if (loopIsSpecial && isSpecial(atoms, axis, batch) && *loop != atoms)
      return false;
    if (!loopIsSpecial)
      loop = atoms;
  }
  return true;
}

LogicalResult Shrinker::checkReduction(linalg::LinalgOp op, const Layout &loops,
                                       Flow &flow) {
  bool reducesAxis = false;
  for (auto [atoms, kind] : llvm::zip_equal(loops, op.getIteratorTypesArray()))
    reducesAxis |=
        linalg::isReductionIterator(kind) && isSpecial(atoms, axis, batch);
  if (!reducesAxis)
    return success();
  SmallVector<Operation *> combiners;
  if (op.getNumDpsInits() != 1 ||
      !matchReduction(op.getRegionOutputArgs(), 0, combiners) ||
      combiners.size() != 1)
    return block(op, "reduces the pruned dimension in an unknown way");
  if (isa<arith::MaximumFOp, arith::MaxNumFOp, arith::MinimumFOp,
          arith::MinNumFOp, arith::MaxSIOp, arith::MinSIOp>(combiners[0]))
    return allowsProducts ? block(op, "takes an extremum over pruned heads")
                          : success();
  if (getFill(op.getDpsInits()[0]) != 0.0 || !isa<arith::AddFOp>(combiners[0]))
    return block(op, "sums the pruned dimension into another tensor");
  unsigned users = 0;
  for (const std::optional<Layout> &layout : flow.operands)
    users += layout && hasAxisIn(*layout);
  if (!allowsProducts) {
    if (users > 1)
      return block(op, "multiplies along the pruned dimension");
    if (hasAxisIn(flow.results[0]))
      return block(op, "sums one of two pruned dimensions");
    flow.sums = true;
  }
  return success();
}

FailureOr<Shrinker::Flow> Shrinker::inferStructured(linalg::LinalgOp op) {
  if (!op.hasPureTensorSemantics())
    return block(op, "works on buffers");
  SmallVector<std::optional<Atoms>> known(op.getNumLoops());
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  for (OpOperand &operand : op->getOpOperands()) {
    std::optional<Layout> layout = layoutOf(operand.get());
    if (layout && !layOutLoops(maps[operand.getOperandNumber()], *layout, axis,
                               batch, known))
      return block(op, "reads the pruned dimension in different ways");
  }
  Layout loops;
  for (auto [loop, range] : llvm::zip_equal(known, op.getStaticLoopRanges()))
    loops.push_back(loop ? *loop : table.makeDim(range));
  Flow flow;
  for (AffineMap map : maps) {
    Layout layout;
    for (AffineExpr expr : map.getResults()) {
      Atoms atoms;
      if (auto dim = dyn_cast<AffineDimExpr>(expr))
        atoms = loops[dim.getPosition()];
      else
        for (unsigned loop = 0; loop < loops.size(); ++loop)
          if (expr.isFunctionOfDim(loop) && isSpecial(loops[loop], axis, batch))
            return block(op, "computes an index from the pruned dimension");
      layout.push_back(atoms);
    }
    flow.operands.push_back(layout);
    if (!hasAxisIn(layout))
      flow.operands.back().reset();
  }
  for (OpOperand &init : op.getDpsInitsMutable()) {
    AffineMap map = maps[init.getOperandNumber()];
    std::optional<Layout> layout = layoutOfOperand(map, loops);
    if (!layout)
      return block(op, "writes its result in another way than by its loops");
    flow.results.push_back(*layout);
  }
  WalkResult indices = op->walk([&](linalg::IndexOp index) {
    bool isPruned = isSpecial(loops[index.getDim()], axis, {});
    return isPruned ? WalkResult::interrupt() : WalkResult::advance();
  });
  if (indices.wasInterrupted())
    return block(op, "computes with positions along the pruned dimension");
  if (failed(checkReduction(op, loops, flow)))
    return failure();
  return flow;
}

//===----------------------------------------------------------------------===//
// Ops of the dialect
//===----------------------------------------------------------------------===//

/// The layouts of query, key and value: keys and values go together, and so do
/// the outer dimensions of all.
std::array<Layout, 3> Shrinker::layOutAttention(AttentionOp op) {
  std::array<Layout, 3> layouts;
  Value operands[] = {op.getQuery(), op.getKey(), op.getValue()};
  auto sizeOf = [&](unsigned i, unsigned dim) {
    return cast<RankedTensorType>(operands[i].getType()).getDimSize(dim);
  };
  unsigned rank = op.getBatchRank() + 3, rows = rank - 2;
  for (unsigned i : {0, 1, 2}) {
    std::optional<Layout> layout = layoutOf(operands[i]);
    for (unsigned dim = 0; dim < rank; ++dim)
      layouts[i].push_back(layout ? (*layout)[dim]
                                  : table.makeDim(sizeOf(i, dim)));
  }
  for (unsigned dim = 0; dim <= rows; ++dim)
    for (unsigned from : {0, 1, 2})
      for (unsigned to : {0, 1, 2}) {
        bool together = dim < rows ? sizeOf(to, dim) != 1 : from && to;
        if (together && isSpecial(layouts[from][dim], axis, batch))
          layouts[to][dim] = layouts[from][dim];
      }
  return layouts;
}

FailureOr<Shrinker::Flow> Shrinker::inferAttention(AttentionOp op) {
  unsigned rows = op.getBatchRank() + 1, depth = rows + 1;
  auto [query, key, value] = layOutAttention(op);
  if (isSpecial(query[depth], axis, batch) ||
      isSpecial(key[depth], axis, batch) ||
      isSpecial(value[depth], axis, batch))
    return block(op, "multiplies along the pruned dimension");
  if (op.getCausal() &&
      isSpecial(query[rows], axis, {}) != isSpecial(key[rows], axis, {}))
    return block(op, "is causal between tokens of which one side is pruned");
  if (op.getTokenImportanceInit() && isSpecial(key[rows], axis, {}))
    return block(op, "reports token importance along the pruned dimension");

  Layout output = query, scores = query;
  output[depth] = value[depth];
  scores[depth] = key[rows];
  Layout heads(query.begin(), query.begin() + rows), tokens(heads);
  tokens.back() = key[rows];
  Flow flow;
  flow.operands = {query, key, value};
  if (Value mask = op.getMask()) {
    auto type = cast<RankedTensorType>(mask.getType());
    Layout layout(scores.end() - type.getRank(), scores.end());
    for (int64_t dim = 0; dim < type.getRank(); ++dim)
      if (type.getDimSize(dim) == 1)
        layout[dim].clear();
    flow.operands.push_back(layout);
  }
  flow.operands.push_back(output);
  flow.results.push_back(output);
  if (op.getTokenImportanceInit()) {
    flow.operands.push_back(tokens);
    flow.results.push_back(tokens);
  }
  if (op.getHeadImportanceInit()) {
    flow.operands.push_back(heads);
    flow.results.push_back(heads);
  }
  for (std::optional<Layout> &layout : flow.operands)
    if (!hasAxisIn(*layout))
      layout.reset();
  return flow;
}

/// rarefy.gather and scatter of another dimension.
FailureOr<Shrinker::Flow> Shrinker::inferGather(Operation *op, int64_t dim) {
  std::optional<Layout> layout = layoutOf(op->getOperand(0));
  if (!layout || isSpecial((*layout)[dim], axis, batch))
    return block(op, "moves elements along the pruned dimension");
  auto positions = cast<RankedTensorType>(op->getOperand(1).getType());
  for (int64_t i = 0; i + 1 < positions.getRank(); ++i)
    if (isSpecial((*layout)[i], axis, {}))
      return block(op, "has a batch along the pruned dimension");
  Layout result = *layout;
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  result[dim] = table.makeDim(type.getDimSize(dim));
  return Flow{{*layout, std::nullopt, result}, {result}};
}

//===----------------------------------------------------------------------===//
// Tensor ops
//===----------------------------------------------------------------------===//

/// Does a slice take a whole dimension of its source?
bool Shrinker::isWhole(Value source, int64_t dim, OpFoldResult offset,
                       OpFoldResult size, OpFoldResult stride) const {
  if (!isZeroInteger(offset) || !isOneInteger(stride))
    return false;
  int64_t whole = cast<RankedTensorType>(source.getType()).getDimSize(dim);
  if (!ShapedType::isDynamic(whole))
    return getConstantIntValue(size) == whole;
  FailureOr<bool> equal = ValueBoundsConstraintSet::areEqual(
      ValueBoundsConstraintSet::Variable(size),
      ValueBoundsConstraintSet::Variable(source, dim));
  return succeeded(equal) && *equal;
}

FailureOr<Shrinker::Flow> Shrinker::inferSlice(tensor::ExtractSliceOp op) {
  Layout source = *layoutOf(op.getSource());
  llvm::SmallBitVector dropped = op.getDroppedDims();
  Layout result;
  for (auto [dim, atoms] : llvm::enumerate(source)) {
    OpFoldResult offset = op.getMixedOffsets()[dim];
    OpFoldResult size = op.getMixedSizes()[dim];
    bool whole =
        isWhole(op.getSource(), dim, offset, size, op.getMixedStrides()[dim]);
    if (!whole && isSpecial(atoms, axis, batch)) {
      bool isOne = atoms.size() == 1 && atoms[0] == axis && isOneInteger(size);
      if (!isOne || !remap || !getConstantIntValue(offset) ||
          !remap(b, op.getLoc(), *getConstantIntValue(offset), current))
        return block(op, "takes a part of the pruned dimension that is not one "
                         "protected position");
    }
    if (dropped.test(dim))
      continue;
    result.push_back(whole ? atoms
                           : table.makeDim(getConstantIntValue(size).value_or(
                                 ShapedType::kDynamic)));
  }
  return Flow{{source}, {result}};
}

/// Into a tensor of which the inserted one has the pruned dimension whole.
FailureOr<Shrinker::Flow> Shrinker::inferInsert(tensor::InsertSliceOp op) {
  std::optional<Layout> source = layoutOf(op.getSource());
  std::optional<Layout> dest = layoutOf(op.getDest());
  llvm::SmallBitVector dropped = op.getDroppedDims();
  Layout into, from;
  unsigned inner = 0;
  for (int64_t dim = 0; dim < op.getDestType().getRank(); ++dim) {
    bool whole = isWhole(op.getDest(), dim, op.getMixedOffsets()[dim],
                         op.getMixedSizes()[dim], op.getMixedStrides()[dim]);
    Atoms atoms = dest ? (*dest)[dim] : Atoms();
    Atoms sourceAtoms =
        source && !dropped.test(dim) ? (*source)[inner] : Atoms();
    if (isSpecial(sourceAtoms, axis, batch))
      atoms = sourceAtoms;
    if (!whole && isSpecial(atoms, axis, batch))
      return block(op, "inserts at positions of the pruned dimension");
    if (!isSpecial(atoms, axis, batch))
      atoms = table.makeDim(op.getDestType().getDimSize(dim));
    into.push_back(atoms);
    if (dropped.test(dim))
      continue;
    from.push_back(whole ? atoms
                         : table.makeDim(op.getSourceType().getDimSize(inner)));
    ++inner;
  }
  return Flow{{from, into}, {into}};
}

/// All operands and results are of one shape, except for dimension `except`,
/// along which the axis cannot be.
FailureOr<Shrinker::Flow> Shrinker::inferSame(Operation *op,
                                              std::optional<int64_t> except) {
  Layout same;
  for (Value operand : op->getOperands()) {
    std::optional<Layout> layout = layoutOf(operand);
    if (!layout)
      continue;
    if (same.empty())
      same = *layout;
    for (auto [into, atoms] : llvm::zip_equal(same, *layout)) {
      if (!isSpecial(atoms, axis, batch))
        continue;
      if (isSpecial(into, axis, batch) && into != atoms)
        return block(op, "reads the pruned dimension in different ways");
      into = atoms;
    }
  }
  if (except && isSpecial(same[*except], axis, batch))
    return block(op, "works along the pruned dimension");
  auto layoutFor = [&](Type type) {
    Layout layout = same;
    if (except)
      layout[*except] =
          table.makeDim(cast<RankedTensorType>(type).getDimSize(*except));
    return layout;
  };
  Flow flow;
  for (Type type : op->getOperandTypes()) {
    bool isSame =
        isa<RankedTensorType>(type) && cast<RankedTensorType>(type).getRank() ==
                                           static_cast<int64_t>(same.size());
    flow.operands.push_back(isSame ? std::optional(layoutFor(type))
                                   : std::nullopt);
  }
  for (Type type : op->getResultTypes()) {
    if (!isa<RankedTensorType>(type))
      return block(op, "makes a tensor without a rank");
    flow.results.push_back(layoutFor(type));
  }
  return flow;
}

FailureOr<Shrinker::Flow> Shrinker::inferReshape(Operation *op) {
  Layout source = *layoutOf(op->getOperand(0));
  std::optional<Layout> result;
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
    result = traceCollapse(table, source, expand.getReassociationIndices(),
                           expand.getResultType().getShape());
  else
    result = traceExpand(
        source, cast<tensor::CollapseShapeOp>(op).getReassociationIndices());
  if (!result)
    return block(op, "splits the pruned dimension");
  Flow flow{{table.resolve(source)}, {*result}};
  flow.operands.resize(op->getNumOperands());
  return flow;
}

FailureOr<Shrinker::Flow> Shrinker::infer(Operation *op) {
  FailureOr<Flow> flow =
      llvm::TypeSwitch<Operation *, FailureOr<Flow>>(op)
          .Case([&](linalg::LinalgOp x) { return inferStructured(x); })
          .Case([&](AttentionOp x) { return inferAttention(x); })
          .Case([&](GatherOp x) { return inferGather(x, x.getDim()); })
          .Case([&](ScatterOp x) { return inferGather(x, x.getDim()); })
          .Case([&](linalg::SoftmaxOp x) -> FailureOr<Flow> {
            std::optional<Layout> layout = layoutOf(x.getInput());
            if (layout && isSpecial((*layout)[x.getDimension()], axis, batch))
              return block(op, "normalizes along the pruned dimension");
            return inferSame(op);
          })
          .Case([&](tensor::ExtractSliceOp x) { return inferSlice(x); })
          .Case([&](tensor::InsertSliceOp x) { return inferInsert(x); })
          .Case([&](tensor::ConcatOp x) { return inferSame(op, x.getDim()); })
          .Case([&](tensor::CastOp) { return inferSame(op); })
          .Case<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(
              [&](auto) { return inferReshape(op); })
          .Default([&](Operation *) -> FailureOr<Flow> {
            if (OpTrait::hasElementwiseMappableTraits(op))
              return inferSame(op);
            return block(op, "is an op that pruning does not know");
          });
  if (failed(flow))
    return failure();
  for (const Layout &layout : flow->results) {
    if (!hasAxisIn(layout))
      continue;
    if (!hasBatchIn(layout))
      return block(op, "drops the batch of the pruned dimension");
    for (const Atoms &atoms : layout)
      for (Atom atom : atoms)
        if (isSpecial(atoms, axis, {}) && atom != axis &&
            !llvm::is_contained(batch, atom) &&
            ShapedType::isDynamic(table.getSize(atom)))
          return block(op, "merges the pruned dimension with a dynamic one");
  }
  return flow;
}
