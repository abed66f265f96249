// Makes the ops behind a compaction again, smaller.

#include "Shrink.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "mlir/IR/Matchers.h"

using namespace rarefy;

LogicalResult Shrinker::block(Operation *op, StringRef why) {
  blocker = op;
  reason = why.str();
  return failure();
}

Layout Shrinker::setAxis(OpFoldResult size, ArrayRef<OpFoldResult> sizes) {
  auto atomFor = [&](OpFoldResult ofr) {
    return table.make(getConstantIntValue(ofr).value_or(ShapedType::kDynamic),
                      /*isSealed=*/true);
  };
  Layout layout;
  for (OpFoldResult batchSize : sizes) {
    layout.emplace_back();
    if (isOneInteger(batchSize))
      continue;
    batch.push_back(atomFor(batchSize));
    batchSizes.push_back(batchSize);
    layout.back().push_back(batch.back());
  }
  axis = atomFor(size);
  layout.push_back({axis});
  levels.push_back({nullptr, nullptr, size});
  return layout;
}

Value Shrinker::replace(Value original, Value now, const Layout &layout,
                        unsigned level) {
  if (level == 0) {
    original.replaceAllUsesWith(now);
    original = now;
  }
  track(original, {now, layout, level});
  return original;
}

const Shrinker::Tracked *Shrinker::lookup(Value value) const {
  const auto *it = values.find(value);
  return it == values.end() ? nullptr : &it->second;
}

unsigned Shrinker::addLevel(OpBuilder &builder, Location loc, Value positions) {
  unsigned last = cast<RankedTensorType>(positions.getType()).getRank() - 1;
  OpFoldResult size = tensor::getMixedSize(builder, loc, positions, last);
  Value absolute = positions;
  if (levels.size() > 1) {
    Value before = levels.back().absolute;
    absolute =
        GatherOp::create(builder, loc, positions.getType(), before, positions,
                         tensor::EmptyOp::create(
                             builder, loc,
                             tensor::getMixedSizes(builder, loc, positions),
                             builder.getI32Type()),
                         last)
            ->getResult(0);
  }
  levels.push_back({positions, absolute, size});
  return levels.size() - 1;
}

//===----------------------------------------------------------------------===//
// Sizes and gathering
//===----------------------------------------------------------------------===//

OpFoldResult Shrinker::getSize(ArrayRef<Atom> atoms, unsigned level) {
  int64_t known = 1;
  SmallVector<Value> unknown;
  for (Atom atom : atoms) {
    const Atom *it = llvm::find(batch, atom);
    OpFoldResult size = b.getIndexAttr(table.getSize(atom));
    if (atom == axis)
      size = levels[level].size;
    else if (it != batch.end())
      size = batchSizes[it - batch.begin()];
    if (std::optional<int64_t> number = getConstantIntValue(size))
      known *= *number;
    else
      unknown.push_back(cast<Value>(size));
  }
  if (unknown.empty())
    return b.getIndexAttr(known);
  Location loc = unknown[0].getLoc();
  Value product = unknown[0];
  for (Value size : ArrayRef(unknown).drop_front())
    product = arith::MulIOp::create(b, loc, product, size);
  if (known != 1)
    product = arith::MulIOp::create(
        b, loc, product, arith::ConstantIndexOp::create(b, loc, known));
  return product;
}

SmallVector<OpFoldResult>
Shrinker::getSizes(Value original, const Layout &layout, unsigned level) {
  SmallVector<OpFoldResult> sizes;
  const Tracked *tracked = lookup(original);
  Value now = tracked ? tracked->now : original;
  for (auto [dim, atoms] : llvm::enumerate(layout))
    sizes.push_back(llvm::is_contained(atoms, axis)
                        ? getSize(atoms, level)
                        : tensor::getMixedSize(b, now.getLoc(), now, dim));
  return sizes;
}

RankedTensorType Shrinker::getType(Type original, const Layout &layout,
                                   unsigned level) const {
  auto type = cast<RankedTensorType>(original);
  SmallVector<int64_t> shape(type.getShape());
  for (auto [dim, atoms] : llvm::enumerate(layout)) {
    if (!llvm::is_contained(atoms, axis))
      continue;
    shape[dim] = 1;
    for (Atom atom : atoms) {
      int64_t size = atom == axis ? getConstantIntValue(levels[level].size)
                                        .value_or(ShapedType::kDynamic)
                                  : table.getSize(atom);
      bool isDynamic =
          ShapedType::isDynamic(size) || ShapedType::isDynamic(shape[dim]);
      shape[dim] = isDynamic ? ShapedType::kDynamic : shape[dim] * size;
    }
  }
  return type.clone(shape);
}

Value Shrinker::gatherDim(Value value, const Layout &layout, unsigned dim,
                          Value positions, OpFoldResult size) {
  Location loc = value.getLoc();
  for (auto [i, atom] : llvm::enumerate(batch))
    if (i >= layout.size() || layout[i] != Atoms{atom} || i >= dim)
      return nullptr;
  SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, value);
  sizes[dim] = size;
  Value init = tensor::EmptyOp::create(
      b, loc, sizes, cast<RankedTensorType>(value.getType()).getElementType());
  return GatherOp::create(b, loc, init.getType(), value, positions, init, dim)
      ->getResult(0);
}

Value Shrinker::relayoutAt(Value value, const Layout &from, const Layout &to,
                           unsigned level) {
  if (!value || from == to)
    return value;
  int64_t size = table.getSize(axis);
  table.setSize(
      axis,
      getConstantIntValue(levels[level].size).value_or(ShapedType::kDynamic));
  value = relayout(b, value.getLoc(), value, table, from, to);
  table.setSize(axis, size);
  return value;
}

Value Shrinker::gather(Value value, const Layout &layout, unsigned from,
                       unsigned to) {
  for (unsigned level = from; level < to && value;) {
    unsigned next = from == 0 ? to : level + 1;
    Value positions =
        from == 0 ? levels[next].absolute : levels[next].positions;
    // Dimensions that the axis shares are taken apart meanwhile.
    Layout apart;
    for (const Atoms &atoms : layout) {
      if (!llvm::is_contained(atoms, axis)) {
        apart.push_back(atoms);
        continue;
      }
      for (Atom atom : atoms)
        apart.push_back({atom});
    }
    value = relayoutAt(value, layout, apart, level);
    for (unsigned dim = 0; dim < apart.size() && value; ++dim)
      if (apart[dim] == Atoms{axis})
        value = gatherDim(value, apart, dim, positions, levels[next].size);
    value = relayoutAt(value, apart, layout, next);
    level = next;
  }
  return value;
}

/// A constant of one value, a fill and an empty tensor are made smaller instead
/// of gathered.
static Value makeUniform(OpBuilder &b, Value original,
                         ArrayRef<OpFoldResult> sizes, RankedTensorType type) {
  Location loc = original.getLoc();
  DenseElementsAttr dense;
  if (matchPattern(original, m_Constant(&dense)) && dense.isSplat() &&
      type.hasStaticShape())
    return arith::ConstantOp::create(
        b, loc, DenseElementsAttr::get(type, dense.getSplatValue<Attribute>()));
  auto fill = original.getDefiningOp<linalg::FillOp>();
  if (!fill && !original.getDefiningOp<tensor::EmptyOp>())
    return nullptr;
  Value empty = tensor::EmptyOp::create(b, loc, sizes, type.getElementType());
  return fill ? linalg::FillOp::create(b, loc, fill.getInputs(),
                                       ValueRange(empty))
                    .getResult(0)
              : empty;
}

Value Shrinker::shrink(Value original, const Layout &layout, unsigned level) {
  const Tracked *tracked = lookup(original);
  unsigned from = tracked ? tracked->level : 0;
  Value now = tracked ? tracked->now : original;
  if (!hasAxisIn(layout) || from == level)
    return now;
  // A tensor that was compacted along other dimensions than are wanted now.
  if (from > 0 && table.resolve(tracked->layout) != layout)
    for (auto [is, wanted] :
         llvm::zip_equal(table.resolve(tracked->layout), layout))
      if (llvm::is_contained(is, axis) != llvm::is_contained(wanted, axis))
        return nullptr;
  if (from == 0)
    if (Value uniform =
            makeUniform(b, original, getSizes(original, layout, level),
                        getType(original.getType(), layout, level)))
      return uniform;
  unsigned dims = 0;
  for (auto [dim, atoms] : llvm::enumerate(layout))
    dims |= llvm::is_contained(atoms, axis) << dim;
  Value &cached = gathered[{original, dims * 64 + level}];
  if (!cached)
    cached = gather(now, layout, from, level);
  return cached;
}

Value Shrinker::broadcastBatch(Value value, Layout &layout) {
  auto type = cast<RankedTensorType>(value.getType());
  Location loc = value.getLoc();
  SmallVector<OpFoldResult> sizes(batchSizes);
  llvm::append_range(sizes, tensor::getMixedSizes(b, loc, value));
  SmallVector<int64_t> added(batch.size());
  std::iota(added.begin(), added.end(), 0);
  Value init = tensor::EmptyOp::create(b, loc, sizes, type.getElementType());
  Layout batched;
  for (Atom atom : batch)
    batched.push_back({atom});
  llvm::append_range(batched, layout);
  layout = batched;
  return linalg::BroadcastOp::create(b, loc, value, init, added)->getResult(0);
}

Value Shrinker::gatherMask(Value mask, const Layout &layout, unsigned level,
                           unsigned rank) {
  Atoms atoms = flatten(layout);
  bool hasSome =
      llvm::any_of(batch, [&](Atom a) { return llvm::is_contained(atoms, a); });
  if (level == 0)
    return mask;
  // The batch goes in front: where there are others of size 1 it is not clear
  // between which.
  if (hasSome || lookup(mask) || rank != batch.size() + 3)
    return nullptr;
  Layout inner(rank - batch.size());
  for (size_t i = 0; i < std::min(inner.size(), layout.size()); ++i)
    inner[inner.size() - 1 - i] = layout[layout.size() - 1 - i];
  Value value = relayout(b, mask.getLoc(), mask, table, layout, inner);
  value = broadcastBatch(value, inner);
  return gather(value, inner, 0, level);
}

//===----------------------------------------------------------------------===//
// Making ops again
//===----------------------------------------------------------------------===//

Value Shrinker::shrinkOperand(OpOperand &operand, const Layout &layout,
                              unsigned level) {
  Operation *op = operand.getOwner();
  auto dps = dyn_cast<DestinationStyleOpInterface>(op);
  auto structured = dyn_cast<linalg::LinalgOp>(op);
  bool isWritten =
      dps && dps.isDpsInit(&operand) && !isa<ScatterOp>(op) &&
      (!structured || !structured.payloadUsesValueFromOperand(&operand));
  if (!isWritten)
    return shrink(operand.get(), layout, level);
  auto attention = dyn_cast<AttentionOp>(op);
  if (attention && operand.get() != attention.getOutputInit())
    return shrink(operand.get(), layout, level);
  Type element =
      cast<RankedTensorType>(operand.get().getType()).getElementType();
  return tensor::EmptyOp::create(
      b, op->getLoc(), getSizes(operand.get(), layout, level), element);
}

Operation *Shrinker::createSlice(tensor::ExtractSliceOp op, const Flow &flow,
                                 RankedTensorType type, Value source,
                                 unsigned level) {
  SmallVector<OpFoldResult> offsets = op.getMixedOffsets();
  SmallVector<OpFoldResult> sizes = op.getMixedSizes();
  for (auto [dim, atoms] : llvm::enumerate(*flow.operands[0])) {
    if (!llvm::is_contained(atoms, axis))
      continue;
    if (isWhole(op.getSource(), dim, offsets[dim], sizes[dim],
                op.getMixedStrides()[dim]))
      sizes[dim] = getSize(atoms, level);
    else
      offsets[dim] =
          remap(b, op.getLoc(), *getConstantIntValue(offsets[dim]), level);
  }
  return tensor::ExtractSliceOp::create(b, op.getLoc(), type, source, offsets,
                                        sizes, op.getMixedStrides());
}

Operation *Shrinker::createInsert(tensor::InsertSliceOp op, const Flow &flow,
                                  ArrayRef<Value> operands, unsigned level) {
  SmallVector<OpFoldResult> sizes = op.getMixedSizes();
  for (auto [dim, atoms] : llvm::enumerate(*flow.operands[1]))
    if (llvm::is_contained(atoms, axis))
      sizes[dim] = getSize(atoms, level);
  return tensor::InsertSliceOp::create(b, op.getLoc(), operands[0], operands[1],
                                       op.getMixedOffsets(), sizes,
                                       op.getMixedStrides());
}

Operation *Shrinker::create(Operation *op, const Flow &flow, TypeRange types,
                            ArrayRef<Value> operands, unsigned level) {
  Location loc = op->getLoc();
  auto type = cast<RankedTensorType>(types[0]);
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
    return createSlice(slice, flow, type, operands[0], level);
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
    return createInsert(insert, flow, operands, level);
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    SmallVector<OpFoldResult> sizes = expand.getMixedOutputShape();
    for (auto [size, atoms] : llvm::zip_equal(sizes, flow.results[0]))
      if (llvm::is_contained(atoms, axis))
        size = getSize(atoms, level);
    return tensor::ExpandShapeOp::create(
        b, loc, type, operands[0], expand.getReassociationIndices(), sizes);
  }
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op))
    return tensor::CollapseShapeOp::create(b, loc, operands[0],
                                           collapse.getReassociationIndices());
  return clone(b, op, types, operands);
}

/// A structured op of which some operands have the axis without the batch that
/// its positions differ over: they get it, and so do their indexing maps.
Operation *Shrinker::createBatched(linalg::LinalgOp op, const Flow &flow,
                                   TypeRange types, SmallVector<Value> operands,
                                   unsigned level) {
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  SmallVector<AffineExpr> loops(batch.size());
  for (auto [layout, map] : llvm::zip_equal(flow.operands, maps)) {
    if (!layout)
      continue;
    for (auto [atoms, expr] : llvm::zip_equal(*layout, map.getResults()))
      for (auto [i, atom] : llvm::enumerate(batch))
        if (atoms == Atoms{atom})
          loops[i] = expr;
  }
  if (llvm::is_contained(loops, AffineExpr()))
    return nullptr;
  for (OpOperand &operand : op->getOpOperands()) {
    unsigned i = operand.getOperandNumber();
    if (operands[i])
      continue;
    Layout layout = *flow.operands[i];
    Value batched = broadcastBatch(operand.get(), layout);
    operands[i] = gather(batched, layout, 0, level);
    SmallVector<AffineExpr> exprs(loops);
    llvm::append_range(exprs, maps[i].getResults());
    maps[i] = AffineMap::get(maps[i].getNumDims(), 0, exprs, b.getContext());
  }
  unsigned inputs = op.getNumDpsInputs();
  ArrayRef<Value> all(operands);
  auto generic = linalg::GenericOp::create(
      b, op->getLoc(), types, all.take_front(inputs), all.drop_front(inputs),
      maps, op.getIteratorTypesArray());
  IRMapping mapping;
  op->getRegion(0).cloneInto(&generic.getRegion(), mapping);
  return generic;
}

LogicalResult Shrinker::rebuild(Operation *op, const Flow &flow,
                                unsigned level) {
  b.setInsertionPoint(op);
  SmallVector<Value> operands;
  bool lacksBatch = false;
  for (OpOperand &operand : op->getOpOperands()) {
    const std::optional<Layout> &layout =
        flow.operands[operand.getOperandNumber()];
    if (!layout || !hasAxisIn(*layout)) {
      operands.push_back(operand.get());
      continue;
    }
    bool lacks = !hasBatchIn(*layout) && isa<linalg::LinalgOp>(op);
    operands.push_back(lacks ? Value()
                             : shrinkOperand(operand, *layout, level));
    lacksBatch |= lacks;
    if (!lacks && !operands.back())
      return block(op, "has an operand that cannot be gathered per batch");
  }
  SmallVector<Type> types;
  for (auto [type, layout] :
       llvm::zip_equal(op->getResultTypes(), flow.results))
    types.push_back(getType(type, layout, level));
  Operation *made = lacksBatch ? createBatched(cast<linalg::LinalgOp>(op), flow,
                                               types, operands, level)
                               : create(op, flow, types, operands, level);
  if (!made)
    return block(op, "has an operand that cannot be gathered per batch");
  for (auto [i, layout] : llvm::enumerate(flow.results)) {
    Value result = made->getResult(i);
    if (hasAxisIn(layout)) {
      track(op->getResult(i), {result, layout, level});
      continue;
    }
    if (flow.sums && rescale)
      result = rescale(b, result, layout, level);
    if (!result)
      return block(op, "sums the pruned dimension of what is not batches of "
                       "floats");
    op->getResult(i).replaceAllUsesWith(result);
  }
  markDead(op);
  return success();
}

/// Results with the axis get back their full size: zeros where nothing
/// survived.
LogicalResult Shrinker::visitReturn(Operation *op) {
  b.setInsertionPoint(op);
  for (OpOperand &operand : op->getOpOperands()) {
    const Tracked *tracked = lookup(operand.get());
    if (!tracked || tracked->level == 0)
      continue;
    Layout layout = table.resolve(tracked->layout);
    Value value = tracked->now;
    for (auto [dim, atoms] : llvm::enumerate(layout)) {
      if (!llvm::is_contained(atoms, axis))
        continue;
      for (auto [i, atom] : llvm::enumerate(batch))
        if (layout[i] != Atoms{atom})
          return block(op, "returns a tensor whose batch is not outermost");
      if (atoms.size() != 1)
        return block(op, "returns the pruned dimension merged with others");
      Location loc = op->getLoc();
      Type element = cast<RankedTensorType>(value.getType()).getElementType();
      SmallVector<OpFoldResult> sizes = tensor::getMixedSizes(b, loc, value);
      sizes[dim] = levels[0].size;
      Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(element));
      Value init = tensor::EmptyOp::create(b, loc, sizes, element);
      init = linalg::FillOp::create(b, loc, zero, init).getResult(0);
      value = ScatterOp::create(b, loc, init.getType(), value,
                                levels[tracked->level].absolute, init, dim)
                  ->getResult(0);
    }
    if (value.getType() != operand.get().getType())
      value = tensor::CastOp::create(b, op->getLoc(), operand.get().getType(),
                                     value);
    operand.set(value);
  }
  return success();
}

/// The size of a compacted tensor is still that of the program: what computes
/// with it, a mean for example, means the full axis.
LogicalResult Shrinker::visitDim(tensor::DimOp op) {
  std::optional<int64_t> dim = op.getConstantIndex();
  const Tracked *tracked = lookup(op.getSource());
  if (!dim)
    return block(op, "asks for a size by a computed number");
  b.setInsertionPoint(op);
  SmallVector<OpFoldResult> sizes =
      getSizes(op.getSource(), table.resolve(tracked->layout), 0);
  op.getResult().replaceAllUsesWith(
      getValueOrCreateConstantIndexOp(b, op.getLoc(), sizes[*dim]));
  markDead(op);
  return success();
}

unsigned Shrinker::getOperandLevel(Operation *op) const {
  unsigned level = 0;
  for (Value operand : op->getOperands())
    if (const Tracked *tracked = lookup(operand))
      level = std::max(level, tracked->level);
  return level;
}

LogicalResult Shrinker::visit(Operation *op) {
  unsigned level = getOperandLevel(op), inner = 0;
  op->walk([&](Operation *nested) {
    if (nested != op)
      inner = std::max(inner, getOperandLevel(nested));
  });
  if (inner > 0)
    return block(op, "reads a pruned tensor from within its region");
  bool reads = llvm::any_of(op->getOperands(),
                            [&](Value operand) { return lookup(operand); });
  if (!reads)
    return success();
  if (op->hasTrait<OpTrait::IsTerminator>())
    return level ? visitReturn(op) : success();
  if (auto dim = dyn_cast<tensor::DimOp>(op))
    return level ? visitDim(dim) : success();
  b.setInsertionPoint(op);
  current = level;
  FailureOr<Flow> flow = infer(op);
  if (level > 0)
    return succeeded(flow) ? rebuild(op, *flow, level) : failure();
  if (failed(flow))
    return success();
  for (auto [result, layout] : llvm::zip_equal(op->getResults(), flow->results))
    if (hasAxisIn(layout))
      track(result, {result, layout, 0});
  return success();
}

void Shrinker::eraseDead() {
  for (Operation *op : llvm::reverse(dead))
    op->erase();
  dead.clear();
}
