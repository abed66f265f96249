// Loops, packing and masks of attention on buffers.

#include "AttentionEmitter.h"
#include "KernelEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/Support/MathExtras.h"
#include <algorithm>
#include <limits>

namespace rarefy {

namespace {
constexpr double log2e = 1.4426950408889634;
/// Scratch memory up to this size lives on the stack.
constexpr int64_t maxStackBytes = 128 << 10;

int64_t staticSize(Value size) {
  return getConstantIntValue(size).value_or(ShapedType::kDynamic);
}

bool hasUnitStride(Value memref) {
  return cast<MemRefType>(memref.getType()).areTrailingDimsContiguous(1);
}

SmallVector<Value> append(ValueRange head, std::initializer_list<Value> tail) {
  SmallVector<Value> all(head);
  all.append(tail);
  return all;
}
} // namespace

AttentionEmitter::AttentionEmitter(RewriterBase &b, AttentionOp op,
                                   const CPUTarget &target)
    : b(b), op(op), target(target), loc(op.getLoc()), batch(op.getBatchRank()),
      lanes(target.lanes(32)),
      vector(VectorType::get({lanes}, b.getF32Type())) {
  heads = sizeOf(op.getQuery(), batch);
  rows = sizeOf(op.getQuery(), batch + 1);
  depth = sizeOf(op.getQuery(), batch + 2);
  keys = sizeOf(op.getKey(), batch + 1);
  valueDepth = sizeOf(op.getValue(), batch + 2);
  Value keyHeads = sizeOf(op.getKey(), batch);
  if (!getConstantIntValue(heads) ||
      getConstantIntValue(heads) != getConstantIntValue(keyHeads))
    group = divideHeads(keyHeads);

  keyWidth = chooseKernel(target, 32, staticSize(keys)).columns();
  valueWidth = chooseKernel(target, 32, staticSize(valueDepth)).columns();
  // A block's scores fill the first-level cache, but are rows enough to repay
  // bringing in the panels.
  int64_t numRows = staticSize(rows), numKeys = staticSize(keys);
  block = 24;
  if (!ShapedType::isDynamic(numKeys))
    block = std::clamp<int64_t>(
        target.l1Bytes / (4 * std::max<int64_t>(numKeys, 1)), 24, 96);
  if (!ShapedType::isDynamic(numRows)) {
    int64_t blocks = std::max<int64_t>(llvm::divideCeil(numRows, block), 1);
    block = std::max<int64_t>(llvm::divideCeil(numRows, blocks), 1);
  }

  Value mask = op.getMask();
  auto maskType = mask ? cast<MemRefType>(mask.getType()) : MemRefType();
  masked = op.getCausal() || (mask && maskType.getRank() > 1 &&
                              maskType.getDimSize(maskType.getRank() - 2) != 1);
  biased = !masked &&
           (mask || ShapedType::isDynamic(numKeys) || numKeys % lanes != 0);
  onStack = fitsStack();
}

/// Query heads per key head: at least one, so that heads can be divided by it.
/// Without key heads there are no keys.
Value AttentionEmitter::divideHeads(Value keyHeads) {
  Value one = index(1);
  if (!getConstantIntValue(keyHeads)) {
    Value none = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq,
                                       keyHeads, index(0));
    keys = arith::SelectOp::create(b, loc, none, index(0), keys);
  }
  Value divisor = b.createOrFold<arith::MaxUIOp>(loc, keyHeads, one);
  Value quotient = b.createOrFold<arith::DivUIOp>(loc, heads, divisor);
  return b.createOrFold<arith::MaxUIOp>(loc, quotient, one);
}

bool AttentionEmitter::fitsStack() const {
  int64_t n = staticSize(keys), d = staticSize(depth),
          e = staticSize(valueDepth);
  if (ShapedType::isDynamic(n) || ShapedType::isDynamic(d) ||
      ShapedType::isDynamic(e) || n > maxStackBytes || d > maxStackBytes ||
      e > maxStackBytes)
    return false;
  int64_t floats =
      llvm::alignTo(n, keyWidth) * d + n * llvm::alignTo(e, valueWidth) + n +
      lanes +
      block * (llvm::alignTo(n, lanes) + llvm::alignTo(e, lanes) + d + 2);
  return floats * 4 <= maxStackBytes;
}

/// Where stack buffers last for all heads of a thread: not in a loop, which
/// would not free them.
Block *AttentionEmitter::stackFrame() {
  Operation *parent = b.getInsertionBlock()->getParentOp();
  while (parent->getParentOp() &&
         !isa<scf::ParallelOp, scf::ForallOp, FunctionOpInterface>(parent))
    parent = parent->getParentOp();
  return &parent->getRegion(0).front();
}

Value AttentionEmitter::allocate(ArrayRef<Value> sizes, bool stack) {
  SmallVector<OpFoldResult> mixed;
  for (Value size : sizes)
    mixed.push_back(getAsOpFoldResult(size));
  SmallVector<int64_t> shape;
  SmallVector<Value> dynamic;
  dispatchIndexOpFoldResults(mixed, dynamic, shape);
  auto type = MemRefType::get(shape, b.getF32Type());
  IntegerAttr alignment = b.getI64IntegerAttr(64);
  if (stack) {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(stackFrame());
    return memref::AllocaOp::create(b, loc, type, alignment);
  }
  return memref::AllocOp::create(b, loc, type, dynamic, alignment);
}

Value AttentionEmitter::scratch(ArrayRef<Value> sizes) {
  Value buffer = allocate(sizes, onStack);
  if (!onStack)
    allocated.push_back(buffer);
  return buffer;
}

void AttentionEmitter::emit(bool parallel) {
  b.setInsertionPoint(op);
  if (staticSize(keys) == 0)
    return emitWithoutKeys();
  SmallVector<Value> ends;
  for (int64_t i = 0; i < batch; ++i)
    ends.push_back(sizeOf(op.getQuery(), i));
  ends.push_back(heads);
  int64_t products = getConstantIntValue(depth).value_or(64) +
                     getConstantIntValue(valueDepth).value_or(64);
  for (Value size : ends)
    products *= getConstantIntValue(size).value_or(8);
  for (Value size : {rows, keys})
    products *= getConstantIntValue(size).value_or(128);
  if (op.getTokenImportanceInit()) {
    // One partial sum for each head, so that the order of additions does not
    // depend on threads.
    partials = allocate(append(ends, {alignTo(keys, lanes)}), /*stack=*/false);
    linalg::FillOp::create(b, loc, f32(0), partials);
  }
  SmallVector<Value> zeros(ends.size(), index(0)), ones(ends.size(), index(1));
  {
    OpBuilder::InsertionGuard guard(b);
    if (parallel && products / (2 * lanes) >= target.minParallelClocks) {
      auto shared = scf::ParallelOp::create(b, loc, zeros, ends, ones);
      b.setInsertionPointToStart(shared.getBody());
      emitHead(shared.getInductionVars());
    } else {
      scf::LoopNest nest = scf::buildLoopNest(b, loc, zeros, ends, ones);
      SmallVector<Value> at;
      for (scf::ForOp loop : nest.loops)
        at.push_back(loop.getInductionVar());
      b.setInsertionPointToStart(nest.loops.back().getBody());
      emitHead(at);
    }
  }
  if (partials) {
    sumPartials();
    memref::DeallocOp::create(b, loc, partials);
  }
}

/// Rows that see no key are zero, and add nothing to importance.
void AttentionEmitter::emitWithoutKeys() {
  Value output = op.getOutputInit();
  TypedAttr zero = b.getZeroAttr(getElementTypeOrSelf(output.getType()));
  Value fill = arith::ConstantOp::create(b, loc, zero);
  linalg::FillOp::create(b, loc, fill, output);
}

void AttentionEmitter::emitHead(ValueRange at) {
  allocateScratch();
  packKeys(at);
  packValues(at);
  if (biased)
    fillBias(at);
  loop(rows, block, [&](Value firstRow) {
    Value count = index(block), left = sub(rows, firstRow);
    if (staticSize(rows) == ShapedType::kDynamic ||
        staticSize(rows) % block != 0)
      count = min(count, left);
    emitBlock(at, firstRow, count);
  });
  if (headSum)
    addHeadImportance(at);
  for (Value buffer : allocated)
    memref::DeallocOp::create(b, loc, buffer);
}

void AttentionEmitter::allocateScratch() {
  auto panels = [&](Value columns, int64_t width) {
    return b.createOrFold<arith::CeilDivUIOp>(loc, columns, index(width));
  };
  Value zero = f32(0), blockRows = index(block);
  Value paddedKeys = alignTo(keys, lanes);
  keyPanels = scratch({panels(keys, keyWidth), depth, index(keyWidth)});
  valuePanels =
      scratch({panels(valueDepth, valueWidth), keys, index(valueWidth)});
  queries = scratch({blockRows, depth});
  largest = scratch({blockRows});
  inverse = scratch({alignTo(blockRows, 4)});
  scores = scratch({blockRows, paddedKeys});
  output = scratch({blockRows, alignTo(valueDepth, lanes)});
  // What pads rows takes part in sums, and is never written.
  linalg::FillOp::create(b, loc, zero, inverse);
  linalg::FillOp::create(b, loc, zero, scores);
  linalg::FillOp::create(b, loc, zero, output);
  if (biased)
    bias = scratch({paddedKeys});
  if (op.getHeadImportanceInit()) {
    headSum = scratch({index(lanes)});
    linalg::FillOp::create(b, loc, zero, headSum);
  }
}

SmallVector<Value> AttentionEmitter::keyHeadOf(ValueRange at) {
  SmallVector<Value> result(at);
  if (group)
    result.back() = arith::DivUIOp::create(b, loc, at.back(), group);
  return result;
}

/// Keys become panels [key / width][depth][key % width].
void AttentionEmitter::packKeys(ValueRange at) {
  SmallVector<Value> head = keyHeadOf(at);
  loop(keys, lanes, [&](Value firstKey) {
    Value whole = index(0);
    if (hasUnitStride(op.getKey())) {
      Value rest = b.createOrFold<arith::RemUIOp>(loc, depth, index(lanes));
      whole = sub(depth, rest);
    }
    loop(whole, lanes, [&](Value d) { packKeyTile(head, firstKey, d, lanes); });
    loop(whole, depth, 1, [&](Value d) { packKeyTile(head, firstKey, d, 1); });
  });
}

/// As many keys as there are lanes, the last repeated if there are not enough,
/// and `count` elements of each.
void AttentionEmitter::packKeyTile(ValueRange at, Value firstKey,
                                   Value firstDepth, int64_t count) {
  SmallVector<Value> tile;
  Value last = sub(keys, index(1));
  for (int64_t i = 0; i < lanes; ++i) {
    Value key = min(add(firstKey, index(i)), last);
    SmallVector<Value> from = append(at, {key, firstDepth});
    tile.push_back(
        count == 1 ? toF32(memref::LoadOp::create(b, loc, op.getKey(), from))
                   : loadVector(op.getKey(), from));
  }
  if (count == 1)
    tile = {vector::FromElementsOp::create(b, loc, vector, tile)};
  else
    transpose(b, loc, tile);
  Value width = index(keyWidth);
  Value panel = b.createOrFold<arith::DivUIOp>(loc, firstKey, width);
  Value column = b.createOrFold<arith::RemUIOp>(loc, firstKey, width);
  for (auto [i, row] : llvm::enumerate(tile))
    vector::StoreOp::create(
        b, loc, row, keyPanels,
        ValueRange{panel, add(firstDepth, index(i)), column});
}

/// Values become panels [depth / width][key][depth % width].
void AttentionEmitter::packValues(ValueRange at) {
  SmallVector<Value> head = keyHeadOf(at);
  loop(keys, 1, [&](Value key) {
    vectors(valueDepth, [&](Value d, Value count) {
      Value row = loadVector(op.getValue(), append(head, {key, d}), count);
      Value width = index(valueWidth);
      Value panel = b.createOrFold<arith::DivUIOp>(loc, d, width);
      Value column = b.createOrFold<arith::RemUIOp>(loc, d, width);
      vector::StoreOp::create(b, loc, row, valuePanels,
                              ValueRange{panel, key, column});
    });
  });
}

/// What the mask adds to a score, as a base-2 logarithm.
Value AttentionEmitter::loadMask(ValueRange at, Value row, Value key) {
  Value mask = op.getMask();
  auto type = cast<MemRefType>(mask.getType());
  SmallVector<Value> all = append(at, {row, key}), from;
  for (int64_t i = 0; i < type.getRank(); ++i)
    from.push_back(type.getDimSize(i) == 1
                       ? index(0)
                       : all[all.size() - type.getRank() + i]);
  Value loaded = memref::LoadOp::create(b, loc, mask, from);
  Value hidden = f32(-std::numeric_limits<double>::infinity());
  if (type.getElementType().isInteger(1))
    return arith::SelectOp::create(b, loc, loaded, f32(0), hidden);
  loaded = toF32(loaded);
  Value scaled = arith::MulFOp::create(b, loc, loaded, f32(log2e));
  // The lowest finite number hides a key only beside others.
  Value lowest = f32(std::numeric_limits<float>::lowest());
  Value finite = arith::MaximumFOp::create(b, loc, scaled, lowest);
  return arith::SelectOp::create(b, loc, isHidden(loaded), hidden, finite);
}

void AttentionEmitter::fillBias(ValueRange at) {
  loop(keys, 1, [&](Value key) {
    Value value = op.getMask() ? loadMask(at, index(0), key) : f32(0);
    memref::StoreOp::create(b, loc, value, bias, key);
  });
  Value hidden = f32(-std::numeric_limits<double>::infinity());
  loop(keys, alignTo(keys, lanes), 1,
       [&](Value key) { memref::StoreOp::create(b, loc, hidden, bias, key); });
}

/// Writes what the mask adds to the block's scores.
void AttentionEmitter::fillMask(ValueRange at, Value firstRow) {
  Value hidden = f32(-std::numeric_limits<double>::infinity());
  Value lastRow = sub(rows, index(1)), offset = sub(keys, rows);
  loop(index(block), 1, [&](Value row) {
    Value source = min(add(firstRow, row), lastRow);
    Value lastKey = add(source, offset);
    loop(keys, 1, [&](Value key) {
      Value value = op.getMask() ? loadMask(at, source, key) : f32(0);
      if (op.getCausal()) {
        Value seen = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sle,
                                           key, lastKey);
        value = arith::SelectOp::create(b, loc, seen, value, hidden);
      }
      memref::StoreOp::create(b, loc, value, scores, ValueRange{row, key});
    });
    loop(keys, alignTo(keys, lanes), 1, [&](Value key) {
      memref::StoreOp::create(b, loc, hidden, scores, ValueRange{row, key});
    });
  });
}

/// Scaled queries in f32; rows past the last repeat it.
void AttentionEmitter::loadQueries(ValueRange at, Value firstRow) {
  Value scale = splat(f32(op.getScale().convertToDouble() * log2e));
  Value lastRow = sub(rows, index(1));
  loop(index(block), 1, [&](Value row) {
    Value source = min(add(firstRow, row), lastRow);
    vectors(depth, [&](Value d, Value count) {
      Value query = loadVector(op.getQuery(), append(at, {source, d}), count);
      query = arith::MulFOp::create(b, loc, query, scale);
      storeVector(query, queries, {row, d}, count);
    });
  });
}

/// acc[r, c] += lhs[r, k] * panels[c / width, k, c % width], from zero where a
/// fill stands in front.
void AttentionEmitter::multiply(Value lhs, Value panels, Value acc,
                                int64_t width) {
  AffineExpr r, c, k;
  bindDims(b.getContext(), r, c, k);
  auto map = [&](ArrayRef<AffineExpr> results) {
    return AffineMap::get(3, 0, results, b.getContext());
  };
  SmallVector<AffineMap> maps{
      map({r, k}), map({c.floorDiv(width), k, c % width}), map({r, c})};
  SmallVector<utils::IteratorType> kinds{utils::IteratorType::parallel,
                                         utils::IteratorType::parallel,
                                         utils::IteratorType::reduction};
  linalg::GenericOp::create(
      b, loc, ValueRange{lhs, panels}, acc, maps, kinds,
      [](OpBuilder &nested, Location at, ValueRange args) {
        Value product = arith::MulFOp::create(nested, at, args[0], args[1]);
        Value sum = arith::AddFOp::create(nested, at, args[2], product);
        linalg::YieldOp::create(nested, at, sum);
      });
}

/// One block of rows, the first `count` of which exist.
void AttentionEmitter::emitBlock(ValueRange at, Value firstRow, Value count) {
  SmallVector<OpFoldResult> zeros(2, b.getIndexAttr(0)),
      ones(2, b.getIndexAttr(1));
  auto columns = [&](Value buffer, Value size) -> Value {
    SmallVector<OpFoldResult> sizes{b.getIndexAttr(block),
                                    getAsOpFoldResult(size)};
    return memref::SubViewOp::create(b, loc, buffer, zeros, sizes, ones);
  };
  loadQueries(at, firstRow);
  Value visible = columns(scores, keys), result = columns(output, valueDepth);
  if (masked)
    fillMask(at, firstRow);
  else
    linalg::FillOp::create(b, loc, f32(0), visible);
  multiply(queries, keyPanels, visible, keyWidth);
  findLargest();
  exponentiate(count);
  if (partials)
    addTokenImportance(at);
  if (std::optional<int64_t> k = op.getKeepValues())
    if (ShapedType::isDynamic(staticSize(keys)) || *k < staticSize(keys))
      keepLargest(*k);
  linalg::FillOp::create(b, loc, f32(0), result);
  multiply(visible, valuePanels, result, valueWidth);
  storeOutput(at, firstRow, count);
}

//===----------------------------------------------------------------------===//
// Building blocks
//===----------------------------------------------------------------------===//

Value AttentionEmitter::index(int64_t value) {
  return arith::ConstantIndexOp::create(b, loc, value);
}

Value AttentionEmitter::i32(int32_t value) {
  return arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(value));
}

Value AttentionEmitter::f32(double value) {
  return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value));
}

Value AttentionEmitter::splat(Value scalar) {
  return vector::BroadcastOp::create(
      b, loc, VectorType::get({lanes}, scalar.getType()), scalar);
}

Value AttentionEmitter::add(Value x, Value y) {
  return b.createOrFold<arith::AddIOp>(loc, x, y);
}

Value AttentionEmitter::sub(Value x, Value y) {
  return b.createOrFold<arith::SubIOp>(loc, x, y);
}

Value AttentionEmitter::min(Value x, Value y) {
  return b.createOrFold<arith::MinSIOp>(loc, x, y);
}

Value AttentionEmitter::alignTo(Value x, int64_t y) {
  Value blocks = b.createOrFold<arith::CeilDivUIOp>(loc, x, index(y));
  return b.createOrFold<arith::MulIOp>(loc, blocks, index(y));
}

Value AttentionEmitter::toF32(Value v) {
  Type element = getElementTypeOrSelf(v.getType());
  if (element.isF32())
    return v;
  Type wide = b.getF32Type();
  if (isa<VectorType>(v.getType()))
    wide = vector;
  return arith::ExtFOp::create(b, loc, wide, v);
}

Value AttentionEmitter::isHidden(Value score) {
  return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, score,
                               f32(-std::numeric_limits<double>::infinity()));
}

Value AttentionEmitter::sizeOf(Value memref, int64_t dim) {
  return b.createOrFold<memref::DimOp>(loc, memref, index(dim));
}

void AttentionEmitter::loop(Value begin, Value end, int64_t step, Body body) {
  auto first = getConstantIntValue(begin), last = getConstantIntValue(end);
  if (first && last && *first >= *last)
    return;
  if (first && last && *last - *first <= step)
    return body(begin);
  auto op = scf::ForOp::create(b, loc, begin, end, index(step));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(op.getBody());
  body(op.getInductionVar());
}

SmallVector<Value> AttentionEmitter::reduce(
    Value end, int64_t step, ValueRange init,
    function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  auto op = scf::ForOp::create(b, loc, index(0), end, index(step), init);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(op.getBody());
  SmallVector<Value> next = body(op.getInductionVar(), op.getRegionIterArgs());
  scf::YieldOp::create(b, loc, next);
  return SmallVector<Value>(op.getResults());
}

void AttentionEmitter::vectors(Value size,
                               function_ref<void(Value, Value)> body) {
  Value rest = b.createOrFold<arith::RemUIOp>(loc, size, index(lanes));
  Value whole = sub(size, rest);
  loop(whole, lanes, [&](Value begin) { body(begin, Value()); });
  loop(whole, size, lanes, [&](Value begin) { body(begin, rest); });
}

Value AttentionEmitter::maskOf(Value count) {
  return vector::CreateMaskOp::create(
      b, loc, VectorType::get({lanes}, b.getI1Type()), count);
}

Value AttentionEmitter::loadVector(Value memref, ValueRange at, Value count) {
  Type element = getElementTypeOrSelf(memref.getType());
  auto type = VectorType::get({lanes}, element);
  if (!hasUnitStride(memref)) {
    Value last = sub(count ? count : index(lanes), index(1));
    SmallVector<Value> elements, from(at);
    for (int64_t i = 0; i < lanes; ++i) {
      from.back() = add(at.back(), min(index(i), last));
      elements.push_back(memref::LoadOp::create(b, loc, memref, from));
    }
    return toF32(vector::FromElementsOp::create(b, loc, type, elements));
  }
  if (!count)
    return toF32(vector::LoadOp::create(b, loc, type, memref, at));
  Value zero = arith::ConstantOp::create(b, loc, b.getZeroAttr(type));
  return toF32(vector::MaskedLoadOp::create(b, loc, type, memref, at,
                                            maskOf(count), zero));
}

void AttentionEmitter::storeVector(Value v, Value memref, ValueRange at,
                                   Value count) {
  Type element = getElementTypeOrSelf(memref.getType());
  if (!element.isF32())
    v = arith::TruncFOp::create(b, loc, VectorType::get({lanes}, element), v);
  if (!hasUnitStride(memref)) {
    loop(count ? count : index(lanes), 1, [&](Value i) {
      SmallVector<Value> to(at);
      to.back() = add(at.back(), i);
      Value scalar = vector::ExtractOp::create(b, loc, v, OpFoldResult(i));
      memref::StoreOp::create(b, loc, scalar, memref, to);
    });
  } else if (count) {
    vector::MaskedStoreOp::create(b, loc, memref, at, maskOf(count), v);
  } else {
    vector::StoreOp::create(b, loc, v, memref, at);
  }
}

} // namespace rarefy
