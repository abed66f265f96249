// Loops over vectors for what is not a contraction.

#include "LoopEmitter.h"
#include "KernelEmitter.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

namespace rarefy {

namespace {
/// Lets the back end fuse multiplications and additions.
void allowContraction(Operation *op) {
  auto interface = dyn_cast<arith::ArithFastMathInterface>(op);
  if (!interface || !interface.getFastMathFlagsAttr())
    return;
  auto flags = interface.getFastMathFlagsAttr().getValue();
  op->setAttr(interface.getFastMathAttrName(),
              arith::FastMathFlagsAttr::get(
                  op->getContext(), flags | arith::FastMathFlags::contract));
}
/// The integer type with the bits of `type` if that is bf16: LLVM moves single
/// bf16 elements in and out of vectors through functions that C runtimes lack.
Type asBits(Type type) {
  return type.isBF16() ? IntegerType::get(type.getContext(), 16) : type;
}

Value bitcast(OpBuilder &b, Location loc, Value value, Type type) {
  return type == value.getType()
             ? value
             : arith::BitcastOp::create(b, loc, type, value).getResult();
}

Value fromElements(OpBuilder &b, Location loc,
                   MutableArrayRef<Value> elements) {
  Type type = elements.front().getType(), bits = asBits(type);
  int64_t width = elements.size();
  for (Value &element : elements)
    element = bitcast(b, loc, element, bits);
  Value vector = vector::FromElementsOp::create(
      b, loc, VectorType::get({width}, bits), elements);
  return bitcast(b, loc, vector, VectorType::get({width}, type));
}

Value extract(OpBuilder &b, Location loc, Value vector, int64_t lane) {
  auto type = cast<VectorType>(vector.getType());
  Type bits = asBits(type.getElementType());
  vector = bitcast(b, loc, vector, type.clone(bits));
  return bitcast(b, loc, vector::ExtractOp::create(b, loc, vector, lane),
                 type.getElementType());
}
} // namespace

LoopEmitter::LoopEmitter(RewriterBase &b, linalg::GenericOp op,
                         const LoopPlan &plan, const CPUTarget &target)
    : b(b), loc(op.getLoc()), op(op), plan(plan), target(target) {
  ranges = cast<linalg::LinalgOp>(op.getOperation()).createLoopRanges(b, loc);
  iv.assign(ranges.size(), index(0));
}

Value LoopEmitter::index(int64_t value) {
  return arith::ConstantIndexOp::create(b, loc, value);
}

SmallVector<Value> LoopEmitter::indices(OpOperand *operand) {
  SmallVector<Value> result;
  AffineMap map = op.getMatchingIndexingMap(operand);
  for (unsigned i = 0; i < map.getNumResults(); ++i) {
    if (auto dim = dyn_cast<AffineDimExpr>(map.getResult(i)))
      result.push_back(iv[dim.getPosition()]);
    else
      result.push_back(getValueOrCreateConstantIndexOp(
          b, loc,
          affine::makeComposedFoldedAffineApply(b, loc, map.getSubMap({i}),
                                                getAsOpFoldResult(iv))));
  }
  return result;
}

/// Outer dimensions to share among threads: enough iterations for all.
SmallVector<unsigned> LoopEmitter::chooseShared() {
  SmallVector<unsigned> shared;
  int64_t iterations = 1;
  for (unsigned dim : plan.parallel) {
    int64_t size = getConstantIntValue(ranges[dim].size).value_or(128);
    if (dim == plan.vectorDim || size == 1)
      continue;
    if (iterations >= 4 * target.cores)
      break;
    shared.push_back(dim);
    iterations *= size;
  }
  return shared;
}

void LoopEmitter::emit(bool shareAmongThreads) {
  SmallVector<unsigned> shared;
  if (shareAmongThreads && plan.clocks >= target.minParallelClocks)
    shared = chooseShared();
  SmallVector<unsigned> rest;
  for (unsigned dim : plan.parallel)
    if (!llvm::is_contained(shared, dim) && dim != plan.vectorDim)
      rest.push_back(dim);
  if (shared.empty())
    return emitParallel(rest);
  SmallVector<OpFoldResult> upper;
  for (unsigned dim : shared)
    upper.push_back(ranges[dim].size);
  SmallVector<Value> lower(shared.size(), index(0));
  SmallVector<Value> step(shared.size(), index(1));
  auto loop = scf::ParallelOp::create(
      b, loc, lower, getValueOrCreateConstantIndexOp(b, loc, upper), step);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  for (auto [dim, i] : llvm::zip(shared, loop.getInductionVars()))
    iv[dim] = i;
  emitParallel(rest);
}

void LoopEmitter::emitParallel(ArrayRef<unsigned> dims) {
  if (!dims.empty()) {
    emitFor(b, loc, b.getIndexAttr(0), ranges[dims.front()].size, 1,
            [&](Value i) {
              iv[dims.front()] = i;
              emitParallel(dims.drop_front());
            });
    return;
  }
  auto emitWidth = [&](int64_t width) {
    plan.reduction.empty() ? emitElements(width) : emitReduction(width);
  };
  if (!plan.vectorDim || plan.reducesVector)
    return emitWidth(1);
  emitVectorLoops(*plan.vectorDim, [&](int64_t width, Value lo, Value hi) {
    emitFor(b, loc, lo, hi, width, [&](Value i) {
      iv[*plan.vectorDim] = i;
      emitWidth(width);
    });
  });
}

/// Splits dimension `dim` into an interval for each vector length.
void LoopEmitter::emitVectorLoops(
    unsigned dim, function_ref<void(int64_t, Value, Value)> body) {
  OpFoldResult begin = b.getIndexAttr(0), size = ranges[dim].size;
  AffineExpr x, y;
  bindSymbols(b.getContext(), x, y);
  for (int64_t width : plan.widths) {
    OpFoldResult end = affine::makeComposedFoldedAffineApply(
        b, loc, AffineMap::get(0, 2, x + (y - x).floorDiv(width) * width),
        {begin, size});
    body(width, getValueOrCreateConstantIndexOp(b, loc, begin),
         getValueOrCreateConstantIndexOp(b, loc, end));
    begin = end;
  }
}

void LoopEmitter::emitElements(int64_t width) {
  SmallVector<Value> results = emitBody(width, {});
  for (auto [init, value] : llvm::zip(op.getDpsInitsMutable(), results))
    store(&init, width, value);
}

/// Sums start at what the results hold and are stored once, after all loops.
void LoopEmitter::emitReduction(int64_t width) {
  Sums sums;
  SmallVector<Value> first;
  for (auto [i, init] : llvm::enumerate(op.getDpsInitsMutable()))
    first.push_back(
        widen(b, loc, widened(load(&init, width), width), sumTypeOf(i)));
  if (plan.reducesVector)
    for (int64_t w : plan.widths)
      if (w != 1) {
        SmallVector<Value> neutrals;
        for (unsigned i = 0; i < first.size(); ++i)
          neutrals.push_back(neutral(i, w));
        sums.push_back(neutrals);
      }
  sums.push_back(first);
  sums = reduceOver(plan.reduction, width, sums);
  for (auto [i, init] : llvm::enumerate(op.getDpsInitsMutable())) {
    Value total = sums.back()[i];
    for (const SmallVector<Value> &part : ArrayRef(sums).drop_back())
      total =
          combine(i, total,
                  vector::ReductionOp::create(b, loc, plan.kinds[i], part[i]));
    Type element = getElementTypeOrSelf(init.get().getType());
    if (element != sumTypeOf(i))
      total = arith::TruncFOp::create(b, loc, vectorOf(element, width), total);
    store(&init, width, total);
  }
}

/// The type that `result` is reduced in: sums of short floats would lose what
/// their parts have.
Type LoopEmitter::sumTypeOf(unsigned result) {
  Type element =
      getElementTypeOrSelf(op.getDpsInitOperand(result)->get().getType());
  bool adds =
      !plan.kinds.empty() && plan.kinds[result] == vector::CombiningKind::ADD;
  return adds && isa<Float16Type, BFloat16Type>(element) ? b.getF32Type()
                                                         : element;
}

Type LoopEmitter::vectorOf(Type element, int64_t width) {
  return width == 1 ? element : VectorType::get({width}, element);
}

LoopEmitter::Sums LoopEmitter::reduceOver(ArrayRef<unsigned> dims,
                                          int64_t width, const Sums &sums) {
  if (!dims.empty() && plan.reducesVector && dims.front() == plan.vectorDim)
    dims = dims.drop_front();
  if (dims.empty())
    return plan.reducesVector ? reduceVectors(sums)
                              : Sums{emitBody(width, sums.front())};
  SmallVector<Value> flat;
  for (const SmallVector<Value> &part : sums)
    llvm::append_range(flat, part);
  auto loop = scf::ForOp::create(
      b, loc, index(0),
      getValueOrCreateConstantIndexOp(b, loc, ranges[dims.front()].size),
      index(1), flat);
  auto unflatten = [&](ValueRange values) {
    Sums result;
    for (unsigned i = 0; i < values.size(); i += op.getNumDpsInits())
      result.push_back(
          SmallVector<Value>(values.slice(i, op.getNumDpsInits())));
    return result;
  };
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  iv[dims.front()] = loop.getInductionVar();
  Sums inner =
      reduceOver(dims.drop_front(), width, unflatten(loop.getRegionIterArgs()));
  flat.clear();
  for (const SmallVector<Value> &part : inner)
    llvm::append_range(flat, part);
  scf::YieldOp::create(b, loc, flat);
  return unflatten(loop.getResults());
}

/// Each vector length has sums of its own, added up in the end.
LoopEmitter::Sums LoopEmitter::reduceVectors(const Sums &sums) {
  Sums result = sums;
  unsigned part = 0;
  emitVectorLoops(*plan.vectorDim, [&](int64_t width, Value lo, Value hi) {
    SmallVector<Value> &mine = width == 1 ? result.back() : result[part++];
    auto loop = scf::ForOp::create(b, loc, lo, hi, index(width), mine);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    iv[*plan.vectorDim] = loop.getInductionVar();
    SmallVector<Value> next = emitBody(
        width, SmallVector<Value>(ValueRange(loop.getRegionIterArgs())));
    scf::YieldOp::create(b, loc, next);
    mine = SmallVector<Value>(loop.getResults());
  });
  return result;
}

/// The values that the body yields for the current indices, in vectors of
/// `width`. `sums`, if any, stand for what the results hold.
SmallVector<Value> LoopEmitter::emitBody(int64_t width, ArrayRef<Value> sums) {
  IRMapping mapping;
  for (OpOperand *input : op.getDpsInputOperands())
    if (!op.getMatchingBlockArgument(input).use_empty())
      mapping.map(op.getMatchingBlockArgument(input), load(input, width));
  for (auto [i, init] : llvm::enumerate(op.getDpsInitsMutable())) {
    BlockArgument arg = op.getMatchingBlockArgument(&init);
    if (!sums.empty())
      mapping.map(arg, sums[i]);
    else if (!arg.use_empty())
      mapping.map(arg, load(&init, width));
  }
  SmallPtrSet<Operation *, 4> wideSums;
  Operation *yield = op.getBody()->getTerminator();
  for (auto [i, value] : llvm::enumerate(yield->getOperands()))
    if (!sums.empty() && sumTypeOf(i) != value.getType())
      wideSums.insert(value.getDefiningOp());
  for (Operation &inner : op.getBody()->without_terminator())
    if (!wideSums.contains(&inner))
      mapping.map(inner.getResult(0), emitOp(inner, width, mapping));
  SmallVector<Value> results;
  for (auto [i, value] : llvm::enumerate(yield->getOperands()))
    results.push_back(wideSums.contains(value.getDefiningOp())
                          ? emitWideSum(i, width, mapping)
                          : widened(mapping.lookupOrDefault(value), width));
  return results;
}

/// The sum of `result` and an element in a wider type. The factors of a product
/// are widened before they are multiplied.
Value LoopEmitter::emitWideSum(unsigned result, int64_t width,
                               IRMapping &mapping) {
  Type type = sumTypeOf(result);
  BlockArgument arg = op.getRegionOutputArgs()[result];
  Operation *add = *arg.getUsers().begin();
  Value element = add->getOperand(add->getOperand(0) == arg ? 1 : 0);
  auto wide = [&](Value value) {
    return widened(widen(b, loc, mapping.lookupOrDefault(value), type), width);
  };
  Value addend;
  if (auto product = element.getDefiningOp<arith::MulFOp>())
    addend = arith::MulFOp::create(b, loc, wide(product.getLhs()),
                                   wide(product.getRhs()));
  else
    addend = wide(element);
  auto sum = arith::AddFOp::create(b, loc, mapping.lookup(arg), addend);
  for (Value value : {addend, sum.getResult()})
    if (Operation *made = value.getDefiningOp())
      allowContraction(made);
  return sum;
}

Value LoopEmitter::emitOp(Operation &inner, int64_t width, IRMapping &mapping) {
  if (auto position = dyn_cast<linalg::IndexOp>(inner)) {
    Value i = iv[position.getDim()];
    if (width == 1 || position.getDim() != plan.vectorDim)
      return i;
    auto type = VectorType::get({width}, b.getIndexType());
    Value steps = vector::StepOp::create(b, loc, type);
    return arith::AddIOp::create(b, loc, steps, widened(i, width));
  }
  if (isa<memref::LoadOp>(inner))
    return emitLoadInBody(inner, width, mapping);
  SmallVector<Value> operands;
  bool uniform = true;
  for (Value operand : inner.getOperands()) {
    operands.push_back(mapping.lookupOrDefault(operand));
    uniform &= !isa<VectorType>(operands.back().getType());
  }
  Type type = inner.getResult(0).getType();
  if (!uniform) {
    for (Value &operand : operands)
      operand = widened(operand, width);
    type = VectorType::get({width}, type);
  }
  if (width == 1 || uniform) {
    // Bodies may hold regions here: they are copied whole.
    Operation *copy = b.clone(inner, mapping);
    allowContraction(copy);
    return copy->getResult(0);
  }
  OperationState state(loc, inner.getName(), operands, type, inner.getAttrs());
  Operation *copy = b.create(state);
  allowContraction(copy);
  return copy->getResult(0);
}

/// A load at computed indices: one vector if only the last index moves, and by
/// one; else element by element.
Value LoopEmitter::emitLoadInBody(Operation &inner, int64_t width,
                                  IRMapping &mapping) {
  auto source = cast<memref::LoadOp>(inner);
  SmallVector<Value> at;
  unsigned vectors = 0;
  for (Value i : source.getIndices()) {
    at.push_back(mapping.lookupOrDefault(i));
    vectors += isa<VectorType>(at.back().getType());
  }
  if (vectors == 0)
    return memref::LoadOp::create(b, loc, source.getMemRef(), at);
  auto type = VectorType::get({width}, source.getType());
  auto last = source.getIndices().back().getDefiningOp<linalg::IndexOp>();
  auto [strides, offset] = source.getMemRefType().getStridesAndOffset();
  if (vectors == 1 && last && last.getDim() == plan.vectorDim &&
      strides.back() == 1) {
    at.back() = iv[*plan.vectorDim];
    return vector::LoadOp::create(b, loc, type, source.getMemRef(), at);
  }
  SmallVector<Value> elements;
  for (int64_t lane = 0; lane < width; ++lane) {
    SmallVector<Value> one;
    for (Value i : at)
      one.push_back(isa<VectorType>(i.getType())
                        ? vector::ExtractOp::create(b, loc, i, lane).getResult()
                        : i);
    elements.push_back(memref::LoadOp::create(b, loc, source.getMemRef(), one));
  }
  return fromElements(b, loc, elements);
}

Value LoopEmitter::load(OpOperand *operand, int64_t width) {
  Value buffer = operand->get();
  if (!isa<MemRefType>(buffer.getType()))
    return buffer;
  AffineMap map = op.getMatchingIndexingMap(operand);
  if (width == 1 || !map.isFunctionOfDim(*plan.vectorDim))
    return memref::LoadOp::create(b, loc, buffer, indices(operand));
  auto type = VectorType::get({width}, getElementTypeOrSelf(buffer.getType()));
  if (isContiguousAlong(op, operand, *plan.vectorDim))
    return vector::LoadOp::create(b, loc, type, buffer, indices(operand));
  SmallVector<Value> elements;
  Value first = iv[*plan.vectorDim];
  for (int64_t lane = 0; lane < width; ++lane) {
    iv[*plan.vectorDim] = arith::AddIOp::create(b, loc, first, index(lane));
    elements.push_back(
        memref::LoadOp::create(b, loc, buffer, indices(operand)));
  }
  iv[*plan.vectorDim] = first;
  return fromElements(b, loc, elements);
}

void LoopEmitter::store(OpOperand *operand, int64_t width, Value value) {
  Value buffer = operand->get();
  if (width == 1) {
    memref::StoreOp::create(b, loc, value, buffer, indices(operand));
    return;
  }
  if (isContiguousAlong(op, operand, *plan.vectorDim)) {
    vector::StoreOp::create(b, loc, value, buffer, indices(operand));
    return;
  }
  Value first = iv[*plan.vectorDim];
  for (int64_t lane = 0; lane < width; ++lane) {
    iv[*plan.vectorDim] = arith::AddIOp::create(b, loc, first, index(lane));
    memref::StoreOp::create(b, loc, extract(b, loc, value, lane), buffer,
                            indices(operand));
  }
  iv[*plan.vectorDim] = first;
}

Value LoopEmitter::widened(Value value, int64_t width) {
  if (width == 1 || isa<VectorType>(value.getType()))
    return value;
  return vector::BroadcastOp::create(
      b, loc, VectorType::get({width}, value.getType()), value);
}

Value LoopEmitter::neutral(unsigned result, int64_t width) {
  Operation *last =
      op.getBody()->getTerminator()->getOperand(result).getDefiningOp();
  TypedAttr value = *arith::getNeutralElement(last);
  Value one = arith::ConstantOp::create(b, loc, value);
  return widened(widen(b, loc, one, sumTypeOf(result)), width);
}

Value LoopEmitter::combine(unsigned result, Value x, Value y) {
  return vector::makeArithReduction(b, loc, plan.kinds[result], x, y);
}
} // namespace rarefy
