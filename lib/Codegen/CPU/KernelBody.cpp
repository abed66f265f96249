// The contraction micro-kernel: a block of sums in registers, one row of `rhs`
// and one broadcast element of `lhs` at a time.

#include "KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

namespace rarefy {

namespace {
/// Sums that hide the latency of a fused multiply-add: four clocks, two a
/// clock.
constexpr int64_t sumsInFlight = 8;

Value multiplyAdd(OpBuilder &b, Location loc, Value x, Value y, Value sum) {
  if (isa<FloatType>(getElementTypeOrSelf(sum.getType())))
    return vector::FMAOp::create(b, loc, x, y, sum);
  Value product = arith::MulIOp::create(b, loc, x, y);
  return arith::AddIOp::create(b, loc, product, sum);
}

Value add(OpBuilder &b, Location loc, Value x, Value y) {
  if (isa<FloatType>(getElementTypeOrSelf(x.getType())))
    return arith::AddFOp::create(b, loc, x, y);
  return arith::AddIOp::create(b, loc, x, y);
}

Value zeroOf(OpBuilder &b, Location loc, Type type) {
  return arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
}

} // namespace

Value widen(OpBuilder &b, Location loc, Value value, Type element) {
  Type from = getElementTypeOrSelf(value.getType());
  if (from == element)
    return value;
  Type to = element;
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    to = vector.clone(element);
  return arith::ExtFOp::create(b, loc, to, value);
}

Value castLike(OpBuilder &b, Location loc, Operation *operation,
               Value operand) {
  if (!operation)
    return operand;
  Type type = operation->getResult(0).getType();
  if (auto vector = dyn_cast<VectorType>(operand.getType()))
    type = vector.clone(type);
  OperationState state(loc, operation->getName(), operand, type,
                       operation->getAttrs());
  return b.create(state)->getResult(0);
}

void KernelEmitter::emitKernel(int64_t rows, const Panel &panel,
                               Value depthBegin, Value depthEnd) {
  Value panelBegin = depthBegin;
  int64_t unroll = 1, live = rows * panel.vectors;
  while (unroll * live < sumsInFlight && unroll < 8)
    unroll *= 2;
  auto begin = getConstantIntValue(depthBegin);
  auto end = getConstantIntValue(depthEnd);
  if (begin && end && *end - *begin < 2 * unroll)
    unroll = 1;
  Value zero = zeroOf(b, loc, vectorOf(sumType));
  SmallVector<Value> sums(unroll * live, zero);
  if (unroll == 1) {
    sums =
        emitDepthLoop(rows, panel, depthBegin, depthEnd, 1, panelBegin, sums);
    return storeSums(rows, panel, sums, depthBegin);
  }
  // Few sums: several copies of each, added up at the end.
  Value count = arith::SubIOp::create(b, loc, depthEnd, depthBegin);
  Value rest = arith::RemUIOp::create(b, loc, count, index(unroll));
  Value middle = arith::SubIOp::create(b, loc, depthEnd, rest);
  sums =
      emitDepthLoop(rows, panel, depthBegin, middle, unroll, panelBegin, sums);
  for (int64_t half = unroll / 2; half; half /= 2)
    for (int64_t i = 0; i < half * live; ++i)
      sums[i] = add(b, loc, sums[i], sums[i + half * live]);
  sums.truncate(live);
  sums = emitDepthLoop(rows, panel, middle, depthEnd, 1, panelBegin, sums);
  storeSums(rows, panel, sums, depthBegin);
}

SmallVector<Value> KernelEmitter::emitDepthLoop(int64_t rows,
                                                const Panel &panel, Value begin,
                                                Value end, int64_t unroll,
                                                Value panelBegin,
                                                ValueRange sums) {
  auto loop = scf::ForOp::create(b, loc, begin, end, index(unroll), sums);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  int64_t live = sums.size() / unroll;
  SmallVector<Value> next;
  for (int64_t u = 0; u < unroll; ++u) {
    iv[c.k] = plus(loop.getInductionVar(), u);
    ValueRange part =
        ValueRange(loop.getRegionIterArgs()).slice(u * live, live);
    llvm::append_range(next, emitProducts(rows, panel, panelBegin, part));
  }
  scf::YieldOp::create(b, loc, next);
  return SmallVector<Value>(loop.getResults());
}

SmallVector<Value> KernelEmitter::emitProducts(int64_t rows, const Panel &panel,
                                               Value panelBegin,
                                               ValueRange sums) {
  SmallVector<Value> columns, next;
  for (int64_t v = 0; v < panel.vectors; ++v)
    columns.push_back(loadRhs(panel, v, panelBegin));
  Value firstRow = c.row ? iv[*c.row] : Value();
  for (int64_t r = 0; r < rows; ++r) {
    if (c.row)
      iv[*c.row] = plus(firstRow, r);
    Value element =
        memref::LoadOp::create(b, loc, c.lhs->get(), indices(c.lhs));
    element = widen(b, loc, castLike(b, loc, c.lhsCast, element), sumType);
    Value row = vector::BroadcastOp::create(b, loc, vectorOf(sumType), element);
    for (int64_t v = 0; v < panel.vectors; ++v)
      next.push_back(
          multiplyAdd(b, loc, row, columns[v], sums[r * panel.vectors + v]));
  }
  if (c.row)
    iv[*c.row] = firstRow;
  return next;
}

Value KernelEmitter::loadRhs(const Panel &panel, int64_t vector,
                             Value panelBegin) {
  if (access == RhsAccess::Copied) {
    Value k = arith::SubIOp::create(b, loc, iv[c.k], panelBegin);
    return vector::LoadOp::create(b, loc, vectorOf(sumType), buffer,
                                  ValueRange{k, index(vector * shape.lanes)});
  }
  Type element = getElementTypeOrSelf(c.rhs->get().getType());
  SmallVector<Value> at = withOffset(indices(c.rhs), vector * shape.lanes);
  Value loaded;
  if (access == RhsAccess::Packed || panel.masks.empty())
    loaded =
        vector::LoadOp::create(b, loc, vectorOf(element), c.rhs->get(), at);
  else
    loaded = vector::MaskedLoadOp::create(b, loc, vectorOf(element),
                                          c.rhs->get(), at, panel.masks[vector],
                                          zeroOf(b, loc, vectorOf(element)));
  return widen(b, loc, castLike(b, loc, c.rhsCast, loaded), sumType);
}

/// True where no step of the summed loops has gone before; null for never.
Value KernelEmitter::isFirstStep(Value depthBegin) {
  Value first;
  for (unsigned dim : c.reduction) {
    Value at = dim == c.k ? depthBegin : iv[dim];
    Value isFirst =
        arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, at, index(0));
    first = first ? arith::AndIOp::create(b, loc, first, isFirst).getResult()
                  : isFirst;
  }
  return first;
}

/// Adds what `c.acc` holds: sums of few products each lose less than one sum
/// of all.
Value KernelEmitter::addOld(Value sum, ValueRange at, Value mask,
                            Value isFirst) {
  auto type = vectorOf(getElementTypeOrSelf(c.acc->get().getType()));
  Value old;
  if (mask)
    old = vector::MaskedLoadOp::create(b, loc, type, c.acc->get(), at, mask,
                                       zeroOf(b, loc, type));
  else
    old = vector::LoadOp::create(b, loc, type, c.acc->get(), at);
  old = widen(b, loc, old, sumType);
  if (isFirst)
    old = arith::SelectOp::create(b, loc, isFirst,
                                  zeroOf(b, loc, old.getType()), old);
  return add(b, loc, old, sum);
}

void KernelEmitter::storeSums(int64_t rows, const Panel &panel, ValueRange sums,
                              Value depthBegin) {
  Type element = getElementTypeOrSelf(c.acc->get().getType());
  // Memory holds sums from the second step of the summed loops on.
  bool onlyStep = startsAtZero && c.reduction.size() == 1 &&
                  getConstantIntValue(depthBegin) == 0;
  Value isFirst;
  if (startsAtZero && !onlyStep)
    isFirst = isFirstStep(depthBegin);
  Value firstRow = c.row ? iv[*c.row] : Value();
  for (int64_t r = 0; r < rows; ++r) {
    if (c.row)
      iv[*c.row] = plus(firstRow, r);
    for (int64_t v = 0; v < panel.vectors; ++v) {
      Value sum = sums[r * panel.vectors + v];
      Value mask = panel.masks.empty() ? Value() : panel.masks[v];
      SmallVector<Value> at = withOffset(indices(c.acc), v * shape.lanes);
      if (!onlyStep)
        sum = addOld(sum, at, mask, isFirst);
      if (element != sumType)
        sum = arith::TruncFOp::create(b, loc, vectorOf(element), sum);
      if (mask)
        vector::MaskedStoreOp::create(b, loc, c.acc->get(), at, mask, sum);
      else
        vector::StoreOp::create(b, loc, sum, c.acc->get(), at);
    }
  }
  if (c.row)
    iv[*c.row] = firstRow;
}

void KernelEmitter::copyPanel(const Panel &panel, Value depthBegin,
                              Value depthEnd) {
  if (isContiguousAlong(c.op, c.rhs, c.column))
    copyRowsOfRhs(panel, depthBegin, depthEnd);
  else
    copyColumnsOfRhs(panel, depthBegin, depthEnd);
}

/// Copies a panel whose rows lie in memory as they will in the buffer.
void KernelEmitter::copyRowsOfRhs(const Panel &panel, Value depthBegin,
                                  Value depthEnd) {
  emitFor(b, loc, depthBegin, depthEnd, 1, [&](Value k) {
    iv[c.k] = k;
    access = RhsAccess::Direct;
    SmallVector<Value> row;
    for (int64_t v = 0; v < panel.vectors; ++v)
      row.push_back(loadRhs(panel, v, depthBegin));
    access = RhsAccess::Copied;
    Value to = arith::SubIOp::create(b, loc, k, depthBegin);
    for (auto [v, value] : llvm::enumerate(row))
      vector::StoreOp::create(b, loc, value, buffer,
                              ValueRange{to, index(v * shape.lanes)});
  });
}

/// Copies a panel whose columns are apart in memory: tiles of lanes x lanes are
/// transposed in registers if the columns themselves are contiguous. Columns
/// past the last repeat it; nobody stores their sums.
void KernelEmitter::copyColumnsOfRhs(const Panel &panel, Value depthBegin,
                                     Value depthEnd) {
  Value first = iv[c.column], begin = depthBegin;
  Value last =
      plus(getValueOrCreateConstantIndexOp(b, loc, sizeOf(c.column)), -1);
  for (int64_t v = 0; v < panel.vectors; ++v) {
    SmallVector<Value> columns;
    for (int64_t i = 0; i < shape.lanes; ++i) {
      Value column = plus(first, v * shape.lanes + i);
      columns.push_back(
          panel.masks.empty()
              ? column
              : arith::MinSIOp::create(b, loc, column, last).getResult());
    }
    Value middle = depthBegin;
    if (isContiguousAlong(c.op, c.rhs, c.k)) {
      Value count = arith::SubIOp::create(b, loc, depthEnd, depthBegin);
      Value rest = arith::RemUIOp::create(b, loc, count, index(shape.lanes));
      middle = arith::SubIOp::create(b, loc, depthEnd, rest);
      emitFor(b, loc, depthBegin, middle, shape.lanes, [&](Value k) {
        iv[c.k] = k;
        copyTile(columns, begin, v, shape.lanes);
      });
    }
    emitFor(b, loc, middle, depthEnd, 1, [&](Value k) {
      iv[c.k] = k;
      copyTile(columns, begin, v, 1);
    });
  }
  iv[c.column] = first;
}

/// Copies `count` elements, one or as many as there are lanes, of each column.
void KernelEmitter::copyTile(ArrayRef<Value> columns, Value depthBegin,
                             int64_t vector, int64_t count) {
  Type element = getElementTypeOrSelf(c.rhs->get().getType());
  SmallVector<Value> rows;
  for (Value column : columns) {
    iv[c.column] = column;
    Value loaded;
    if (count == 1)
      loaded = memref::LoadOp::create(b, loc, c.rhs->get(), indices(c.rhs));
    else
      loaded = vector::LoadOp::create(b, loc, vectorOf(element), c.rhs->get(),
                                      indices(c.rhs));
    rows.push_back(widen(b, loc, castLike(b, loc, c.rhsCast, loaded), sumType));
  }
  if (count == 1)
    rows = {vector::FromElementsOp::create(b, loc, vectorOf(sumType), rows)};
  else
    transpose(b, loc, rows);
  Value to = arith::SubIOp::create(b, loc, iv[c.k], depthBegin);
  for (auto [i, row] : llvm::enumerate(rows))
    vector::StoreOp::create(
        b, loc, row, buffer,
        ValueRange{plus(to, i), index(vector * shape.lanes)});
}

/// Transposes square vectors by interleaving halves, log2(lanes) times.
void transpose(OpBuilder &b, Location loc, SmallVectorImpl<Value> &rows) {
  int64_t lanes = rows.size();
  SmallVector<int64_t> low, high;
  for (int64_t i = 0; i < lanes / 2; ++i) {
    llvm::append_values(low, i, i + lanes);
    llvm::append_values(high, i + lanes / 2, i + lanes / 2 + lanes);
  }
  for (int64_t step = 1; step < lanes; step *= 2) {
    SmallVector<Value> next;
    for (int64_t i = 0; i < lanes / 2; ++i)
      for (ArrayRef<int64_t> mask : {ArrayRef(low), ArrayRef(high)})
        next.push_back(vector::ShuffleOp::create(b, loc, rows[i],
                                                 rows[i + lanes / 2], mask));
    rows.assign(next.begin(), next.end());
  }
}
} // namespace rarefy
