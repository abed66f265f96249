// Loops, blocking and threads around the contraction micro-kernel.

#include "KernelEmitter.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include <algorithm>

namespace rarefy {

namespace {
/// Fewer rows than this do not repay copying a panel.
constexpr int64_t minRowsToCopy = 8;

OpFoldResult apply(OpBuilder &b, Location loc, AffineExpr expr,
                   ArrayRef<OpFoldResult> operands) {
  return affine::makeComposedFoldedAffineApply(
      b, loc, AffineMap::get(0, operands.size(), expr), operands);
}

OpFoldResult minimum(OpBuilder &b, Location loc, OpFoldResult x,
                     OpFoldResult y) {
  auto cx = getConstantIntValue(x), cy = getConstantIntValue(y);
  if (cx && cy)
    return b.getIndexAttr(std::min(*cx, *cy));
  return affine::makeComposedFoldedAffineMin(
      b, loc, AffineMap::getMultiDimIdentityMap(2, b.getContext()), {x, y});
}
} // namespace

void emitFor(OpBuilder &b, Location loc, OpFoldResult lower, OpFoldResult upper,
             int64_t step, function_ref<void(Value)> body) {
  auto lo = getConstantIntValue(lower), hi = getConstantIntValue(upper);
  Value from = getValueOrCreateConstantIndexOp(b, loc, lower);
  if (lo && hi && *hi <= *lo)
    return;
  if (lo && hi && *hi - *lo <= step)
    return body(from);
  auto loop = scf::ForOp::create(b, loc, from,
                                 getValueOrCreateConstantIndexOp(b, loc, upper),
                                 arith::ConstantIndexOp::create(b, loc, step));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  body(loop.getInductionVar());
}

KernelEmitter::KernelEmitter(RewriterBase &b, Contraction &contraction,
                             const CPUTarget &target, bool startsAtZero)
    : b(b), loc(contraction.op.getLoc()), c(contraction), target(target),
      startsAtZero(startsAtZero), sumType(contraction.getSumType()) {
  ranges = cast<linalg::LinalgOp>(c.op.getOperation()).createLoopRanges(b, loc);
  iv.assign(ranges.size(), index(0));
  auto staticSize = [&](unsigned dim) {
    return getConstantIntValue(ranges[dim].size).value_or(ShapedType::kDynamic);
  };
  unsigned bits = sumType.getIntOrFloatBitWidth();
  shape = chooseKernel(target, bits, staticSize(c.column));
  int64_t rows = c.row ? staticSize(*c.row) : 1;
  if (std::optional<int64_t> width = c.getPanelWidth(shape.lanes)) {
    access = RhsAccess::Packed;
    shape = chooseKernel(target, bits, *width);
    shape.vectors = *width / shape.lanes;
  } else if (!ShapedType::isDynamic(rows) && rows < minRowsToCopy &&
             isContiguousAlong(c.op, c.rhs, c.column)) {
    access = RhsAccess::Direct;
    // Few rows leave registers for wide ones, which memory delivers faster.
    int64_t vectors = std::max<int64_t>(8 / rows, shape.vectors);
    int64_t columns = staticSize(c.column);
    if (!ShapedType::isDynamic(columns))
      vectors =
          std::min<int64_t>(vectors, llvm::divideCeil(columns, shape.lanes));
    shape.vectors = vectors;
    shape.rows = rows;
  } else {
    access = RhsAccess::Copied;
  }
  // Three quarters of the first-level cache hold a panel.
  int64_t panelRow = shape.columns() * bits / 8;
  depth = std::max<int64_t>(target.l1Bytes * 3 / 4 / panelRow / 8 * 8, 64);
  int64_t total = staticSize(c.k);
  // Sums that memory would round stay in registers from first to last.
  if (getElementTypeOrSelf(c.acc->get().getType()) != sumType)
    depth = std::max<int64_t>(depth, 4096);
  if (!ShapedType::isDynamic(total)) {
    int64_t blocks = llvm::divideCeil(total, depth);
    depth = std::min<int64_t>(
        total, llvm::alignTo(llvm::divideCeil(total, blocks), 8));
  }
}

Value KernelEmitter::index(int64_t value) {
  return arith::ConstantIndexOp::create(b, loc, value);
}

Value KernelEmitter::plus(Value value, int64_t offset) {
  if (offset == 0)
    return value;
  return getValueOrCreateConstantIndexOp(
      b, loc, apply(b, loc, b.getAffineSymbolExpr(0) + offset, {value}));
}

OpFoldResult KernelEmitter::sizeOf(unsigned dim) { return ranges[dim].size; }

int64_t KernelEmitter::guessSize(unsigned dim) {
  return getConstantIntValue(sizeOf(dim)).value_or(128);
}

VectorType KernelEmitter::vectorOf(Type element) const {
  return VectorType::get({shape.lanes}, element);
}

SmallVector<Value> KernelEmitter::indices(OpOperand *operand) {
  SmallVector<Value> result;
  SmallVector<OpFoldResult> dims = getAsOpFoldResult(iv);
  AffineMap map = c.getMap(operand);
  for (unsigned i = 0; i < map.getNumResults(); ++i) {
    if (auto dim = dyn_cast<AffineDimExpr>(map.getResult(i))) {
      result.push_back(iv[dim.getPosition()]);
      continue;
    }
    result.push_back(
        getValueOrCreateConstantIndexOp(b, loc,
                                        affine::makeComposedFoldedAffineApply(
                                            b, loc, map.getSubMap({i}), dims)));
  }
  return result;
}

SmallVector<Value> KernelEmitter::withOffset(SmallVector<Value> indices,
                                             int64_t offset) {
  indices.back() = plus(indices.back(), offset);
  return indices;
}

void KernelEmitter::emitOuter(ArrayRef<unsigned> dims,
                              function_ref<void()> body) {
  if (dims.empty())
    return body();
  emitFor(b, loc, b.getIndexAttr(0), sizeOf(dims.front()), 1, [&](Value i) {
    iv[dims.front()] = i;
    emitOuter(dims.drop_front(), body);
  });
}

void KernelEmitter::emit(bool parallel) {
  SmallVector<unsigned> others;
  for (unsigned dim : c.rows)
    if (dim != *c.row)
      others.push_back(dim);
  for (unsigned dim : c.columns)
    if (dim != c.column)
      others.push_back(dim);
  int64_t products = 1;
  for (unsigned dim = 0; dim < ranges.size(); ++dim)
    products *= guessSize(dim);
  if (parallel && products / (2 * shape.lanes) >= target.minParallelClocks)
    return emitParallel(others);

  others.insert(others.begin(), c.batch.begin(), c.batch.end());
  OpFoldResult zero = b.getIndexAttr(0);
  OpFoldResult rows = c.row ? sizeOf(*c.row) : OpFoldResult(b.getIndexAttr(1));
  emitScope(others, {zero, rows, zero, sizeOf(c.column)});
}

/// Shares batches, and blocks of columns and rows, among threads.
void KernelEmitter::emitParallel(ArrayRef<unsigned> others) {
  int64_t wanted = 2 * target.cores;
  for (unsigned dim : c.batch)
    wanted = llvm::divideCeil(wanted, guessSize(dim));
  int64_t panels = llvm::divideCeil(guessSize(c.column), shape.columns());
  int64_t rowPanels =
      c.row ? llvm::divideCeil(guessSize(*c.row), shape.rows) : 1;
  int64_t columnBlocks = std::min(wanted, panels);
  int64_t rowBlocks = std::min(llvm::divideCeil(wanted, columnBlocks),
                               llvm::divideCeil(rowPanels, 4));
  OpFoldResult rows = c.row ? sizeOf(*c.row) : OpFoldResult(b.getIndexAttr(1));
  OpFoldResult columns = sizeOf(c.column);
  auto blockOf = [&](OpFoldResult size, int64_t unit, int64_t blocks) {
    AffineExpr n = b.getAffineSymbolExpr(0);
    AffineExpr block = n.ceilDiv(unit).ceilDiv(blocks) * unit;
    // Not zero, even if there is nothing to share.
    AffineExpr atLeast = b.getAffineConstantExpr(unit);
    return affine::makeComposedFoldedAffineMax(
        b, loc, AffineMap::get(0, 1, {block, atLeast}, b.getContext()), {size});
  };
  OpFoldResult columnStep = blockOf(columns, shape.columns(), columnBlocks);
  OpFoldResult rowStep = blockOf(rows, shape.rows, rowBlocks);

  SmallVector<OpFoldResult> upper, step(c.batch.size(), b.getIndexAttr(1));
  for (unsigned dim : c.batch)
    upper.push_back(sizeOf(dim));
  llvm::append_values(upper, columns, rows);
  llvm::append_values(step, columnStep, rowStep);
  SmallVector<Value> lower(upper.size(), index(0));
  auto loop = scf::ParallelOp::create(
      b, loc, lower, getValueOrCreateConstantIndexOp(b, loc, upper),
      getValueOrCreateConstantIndexOp(b, loc, step));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> ivs(loop.getInductionVars());
  for (auto [dim, i] : llvm::zip_first(c.batch, ivs))
    iv[dim] = i;
  auto end = [&](Value begin, OpFoldResult step, OpFoldResult size) {
    AffineExpr x, y;
    bindSymbols(b.getContext(), x, y);
    return minimum(b, loc, apply(b, loc, x + y, {begin, step}), size);
  };
  Value column = ivs[c.batch.size()], row = ivs.back();
  emitScope(others, {row, end(row, rowStep, rows), column,
                     end(column, columnStep, columns)});
}

/// One thread's share, with its own buffer.
void KernelEmitter::emitScope(ArrayRef<unsigned> dims, const Block &block) {
  OpBuilder::InsertionGuard guard(b);
  if (access == RhsAccess::Copied) {
    auto scope = memref::AllocaScopeOp::create(b, loc, TypeRange());
    b.setInsertionPointToStart(&scope.getBodyRegion().emplaceBlock());
    auto end = memref::AllocaScopeReturnOp::create(b, loc, ValueRange());
    b.setInsertionPoint(end);
    buffer = memref::AllocaOp::create(
        b, loc, MemRefType::get({depth, shape.columns()}, sumType),
        b.getI64IntegerAttr(64));
  }
  emitOuter(dims, [&] {
    SmallVector<unsigned> reduction;
    for (unsigned dim : c.reduction)
      if (dim != c.k)
        reduction.push_back(dim);
    emitOuter(reduction, [&] { emitDepth(block); });
  });
}

/// Blocks of the summed dimension whose panel of `rhs` stays in cache.
void KernelEmitter::emitDepth(const Block &block) {
  OpFoldResult total = sizeOf(c.k);
  emitFor(b, loc, b.getIndexAttr(0), total, depth, [&](Value begin) {
    AffineExpr x = b.getAffineSymbolExpr(0);
    OpFoldResult end =
        minimum(b, loc, apply(b, loc, x + depth, {begin}), total);
    auto size = getConstantIntValue(total);
    if (size && *size % depth == 0)
      end = apply(b, loc, x + depth, {begin});
    emitRowBlocks(block, begin, getValueOrCreateConstantIndexOp(b, loc, end));
  });
}

/// Blocks of rows that stay in the second-level cache while all panels pass.
void KernelEmitter::emitRowBlocks(const Block &block, Value depthBegin,
                                  Value depthEnd) {
  int64_t rowBytes = depth * sumType.getIntOrFloatBitWidth() / 8;
  int64_t step = std::max<int64_t>(
      target.l2Bytes / 2 / rowBytes / shape.rows * shape.rows, shape.rows);
  auto rows = c.row ? getConstantIntValue(sizeOf(*c.row)) : 1;
  if (rows && *rows <= step)
    return emitPanels(block, depthBegin, depthEnd);
  emitFor(b, loc, block.rowBegin, block.rowEnd, step, [&](Value begin) {
    AffineExpr x = b.getAffineSymbolExpr(0);
    Block part = block;
    part.rowBegin = begin;
    part.rowEnd =
        minimum(b, loc, apply(b, loc, x + step, {begin}), block.rowEnd);
    emitPanels(part, depthBegin, depthEnd);
  });
}

/// Whole panels, then what columns are left.
void KernelEmitter::emitPanels(const Block &block, Value depthBegin,
                               Value depthEnd) {
  int64_t width = shape.columns();
  AffineExpr x, y;
  bindSymbols(b.getContext(), x, y);
  OpFoldResult whole = apply(b, loc, x + (y - x).floorDiv(width) * width,
                             {block.columnBegin, block.columnEnd});
  emitFor(b, loc, block.columnBegin, whole, width, [&](Value column) {
    iv[c.column] = column;
    emitPanel(block, {shape.vectors, {}}, depthBegin, depthEnd);
  });
  OpFoldResult rest = apply(b, loc, y - x, {whole, block.columnEnd});
  auto known = getConstantIntValue(rest);
  auto total = getConstantIntValue(sizeOf(c.column));
  if ((known && *known == 0) || (total && *total % width == 0))
    return;
  Value count = getValueOrCreateConstantIndexOp(b, loc, rest);
  OpBuilder::InsertionGuard guard(b);
  if (!known) {
    Value some = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sgt, count,
                                       index(0));
    auto branch = scf::IfOp::create(b, loc, some);
    b.setInsertionPointToStart(branch.thenBlock());
  }
  iv[c.column] = getValueOrCreateConstantIndexOp(b, loc, whole);
  emitPanel(block, makePanel(count), depthBegin, depthEnd);
}

/// Masks for `count` columns, in as few vectors as it is known to need.
KernelEmitter::Panel KernelEmitter::makePanel(Value count) {
  auto known = getConstantIntValue(count);
  // A parallel block's end is only known at run time, the last panel is not.
  if (auto total = getConstantIntValue(sizeOf(c.column)); total && !known)
    known = *total % shape.columns();
  Panel panel{shape.vectors, {}};
  if (known)
    panel.vectors = llvm::divideCeil(*known, shape.lanes);
  for (int64_t v = 0; v < panel.vectors; ++v) {
    Value left =
        known ? index(*known - v * shape.lanes) : plus(count, -v * shape.lanes);
    Value none = index(0), all = index(shape.lanes);
    left = arith::MaxSIOp::create(b, loc, left, none);
    left = arith::MinSIOp::create(b, loc, left, all);
    panel.masks.push_back(vector::CreateMaskOp::create(
        b, loc, vectorOf(b.getI1Type()), ValueRange{left}));
  }
  return panel;
}

void KernelEmitter::emitPanel(const Block &block, const Panel &panel,
                              Value depthBegin, Value depthEnd) {
  if (access == RhsAccess::Copied)
    copyPanel(panel, depthBegin, depthEnd);
  emitRows(block.rowBegin, block.rowEnd, [&](int64_t rows) {
    emitKernel(rows, panel, depthBegin, depthEnd);
  });
}

/// Splits rows into kernels of the full size and smaller ones for the rest.
void KernelEmitter::emitRows(OpFoldResult begin, OpFoldResult end,
                             function_ref<void(int64_t)> kernel) {
  auto at = [&](Value row, int64_t rows) {
    if (c.row)
      iv[*c.row] = row;
    kernel(rows);
  };
  auto lo = getConstantIntValue(begin), hi = getConstantIntValue(end);
  if (lo && hi) {
    int64_t count = *hi - *lo, rest = count % shape.rows;
    int64_t whole = count - rest;
    // Two even kernels use the units better than a full one and a sliver.
    SmallVector<int64_t> tail;
    if (rest && whole && rest * shape.vectors < 8) {
      whole -= shape.rows;
      rest += shape.rows;
      tail = {(rest + 1) / 2, rest / 2};
    } else if (rest) {
      tail = {rest};
    }
    emitFor(b, loc, begin, b.getIndexAttr(*lo + whole), shape.rows,
            [&](Value row) { at(row, shape.rows); });
    int64_t row = *lo + whole;
    for (int64_t rows : tail) {
      at(index(row), rows);
      row += rows;
    }
    return;
  }
  AffineExpr x, y;
  bindSymbols(b.getContext(), x, y);
  for (int64_t rows = shape.rows;; rows = llvm::PowerOf2Ceil(rows) / 2) {
    OpFoldResult stop =
        apply(b, loc, x + (y - x).floorDiv(rows) * rows, {begin, end});
    Value from = getValueOrCreateConstantIndexOp(b, loc, begin);
    auto loop = scf::ForOp::create(
        b, loc, from, getValueOrCreateConstantIndexOp(b, loc, stop),
        index(rows));
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    at(loop.getInductionVar(), rows);
    begin = stop;
    if (rows == 1)
      return;
  }
}
} // namespace rarefy
