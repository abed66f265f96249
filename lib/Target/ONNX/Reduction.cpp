// Reductions, ArgMax, Softmax.

#include "RuntimeAxes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace rarefy;
using namespace rarefy::frontend;

using B = ImplicitLocOpBuilder;

//===----------------------------------------------------------------------===//
// Reductions
//===----------------------------------------------------------------------===//

namespace {

enum class Reduction { Sum, Mean, Max, Min, Prod, SumSquare, L1, L2 };

/// What a reduction sums up, in which type, and how.
struct Reducer {
  Reduction kind;
  Type element;
  Type accumulator;
  bool isUnsigned;

  bool isFloat() const { return isa<FloatType>(element); }
  Value init(B &b) const;
  Value prepare(B &b, Value value) const;
  Value combine(B &b, Value value, Value sum) const;
  Value finish(B &b, Value sum, Value count) const;
};

} // namespace

/// The smallest (or largest) value of a type.
static Value extremum(B &b, Type type, bool isUnsigned, bool smallest) {
  if (auto floatType = dyn_cast<FloatType>(type)) {
    APFloat value = APFloat::getInf(floatType.getFloatSemantics(), smallest);
    return arith::ConstantOp::create(b, b.getFloatAttr(floatType, value));
  }
  unsigned bits = type.getIntOrFloatBitWidth();
  APInt value = smallest ? (isUnsigned ? APInt::getMinValue(bits)
                                       : APInt::getSignedMinValue(bits))
                         : (isUnsigned ? APInt::getMaxValue(bits)
                                       : APInt::getSignedMaxValue(bits));
  return arith::ConstantOp::create(b, b.getIntegerAttr(type, value));
}

Value Reducer::init(B &b) const {
  if (kind == Reduction::Max || kind == Reduction::Min)
    return extremum(b, accumulator, isUnsigned, kind == Reduction::Max);
  return scalarConstant(b, accumulator, kind == Reduction::Prod ? 1 : 0);
}

Value Reducer::prepare(B &b, Value value) const {
  value = convertScalar(b, value, accumulator, isUnsigned, isUnsigned);
  if (kind == Reduction::SumSquare || kind == Reduction::L2)
    return isFloat() ? b.createOrFold<arith::MulFOp>(value, value)
                     : b.createOrFold<arith::MulIOp>(value, value);
  if (kind != Reduction::L1 || isUnsigned)
    return value;
  return isFloat() ? b.createOrFold<math::AbsFOp>(value)
                   : b.createOrFold<math::AbsIOp>(value);
}

Value Reducer::combine(B &b, Value value, Value sum) const {
  switch (kind) {
  case Reduction::Max:
    return isFloat()    ? b.createOrFold<arith::MaximumFOp>(value, sum)
           : isUnsigned ? b.createOrFold<arith::MaxUIOp>(value, sum)
                        : b.createOrFold<arith::MaxSIOp>(value, sum);
  case Reduction::Min:
    return isFloat()    ? b.createOrFold<arith::MinimumFOp>(value, sum)
           : isUnsigned ? b.createOrFold<arith::MinUIOp>(value, sum)
                        : b.createOrFold<arith::MinSIOp>(value, sum);
  case Reduction::Prod:
    return isFloat() ? b.createOrFold<arith::MulFOp>(value, sum)
                     : b.createOrFold<arith::MulIOp>(value, sum);
  default:
    return isFloat() ? b.createOrFold<arith::AddFOp>(value, sum)
                     : b.createOrFold<arith::AddIOp>(value, sum);
  }
}

Value Reducer::finish(B &b, Value sum, Value count) const {
  if (kind == Reduction::Mean && isFloat())
    sum = b.createOrFold<arith::DivFOp>(
        sum, convertScalar(b, count, accumulator, false, false));
  else if (kind == Reduction::Mean)
    sum = b.createOrFold<arith::DivSIOp>(
        sum, convertScalar(b, count, accumulator, false, false));
  else if (kind == Reduction::L2) {
    Type type = isFloat() ? accumulator : b.getF64Type();
    Value root = b.createOrFold<math::SqrtOp>(
        convertScalar(b, sum, type, isUnsigned, false));
    sum = convertScalar(b, root, accumulator, false, isUnsigned);
  }
  return convertScalar(b, sum, element, isUnsigned, isUnsigned);
}

/// Sorted dimensions to reduce, from the attribute or input 1. None given means
/// all of them, or none with `noop_with_empty_axes`.
static FailureOr<SmallVector<int64_t>> reducedDims(Node &node) {
  bool isNoOp = node.intAttr("noop_with_empty_axes", 0);
  SmallVector<int64_t> axes;
  if (node.hasInput(1)) {
    FailureOr<SmallVector<int64_t>> given = node.constantInts(1);
    if (failed(given))
      return failure();
    axes = *given;
  } else if (auto given = node.intsAttr("axes")) {
    axes = *given;
  }
  int64_t rank = node.rank(0);
  if (axes.empty() && !isNoOp)
    axes = llvm::to_vector(llvm::seq<int64_t>(0, rank));
  for (int64_t &axis : axes)
    if ((axis = node.normalizeAxis(axis, rank)) < 0)
      return failure();
  llvm::sort(axes);
  axes.erase(llvm::unique(axes), axes.end());
  return axes;
}

/// `reduced` with sizes of 1 where `dims` were, if they are to be kept.
static Value restoreDims(Node &node, Value reduced, Sizes sizes,
                         ArrayRef<int64_t> dims, bool keep) {
  if (!keep)
    return reduced;
  for (int64_t dim : dims)
    sizes[dim] = node.b.getIndexAttr(1);
  return reshapeTo(node, reduced, sizes);
}

/// Number of elements along `dims`, as an i64.
static Value countElements(B &b, ArrayRef<OpFoldResult> sizes,
                           ArrayRef<int64_t> dims) {
  Value count = scalarConstant(b, b.getI64Type(), 1);
  for (int64_t dim : dims)
    count = b.createOrFold<arith::MulIOp>(count, sizeToScalar(b, sizes[dim]));
  return count;
}

/// A list whose elements are known one by one, such as a shape.
static LogicalResult reduceScalars(Node &node, const Reducer &reducer,
                                   ArrayRef<Value> scalars, bool keep) {
  B &b = node.b;
  Value result = reducer.init(b);
  for (Value scalar : scalars)
    result = reducer.combine(b, reducer.prepare(b, scalar), result);
  Value count =
      scalarConstant(b, b.getI64Type(), static_cast<int64_t>(scalars.size()));
  SmallVector<int64_t> shape(keep ? node.rank(0) : 0, 1);
  return node.setScalars(0, RankedTensorType::get(shape, reducer.element),
                         reducer.finish(b, result, count), reducer.isUnsigned);
}

/// Along axes that are known only at run time.
static LogicalResult reduceRuntimeAxes(Node &node, const Reducer &reducer,
                                       bool keep) {
  B &b = node.b;
  FailureOr<Sizes> flags = readAxisFlags(node, 1, node.rank(0));
  if (failed(flags))
    return failure();
  Sizes sizes = node.sizes(0);
  Value sum = reduceFlagged(
      node, node.value(0), *flags, reducer.init(b), [&](B &b, ValueRange args) {
        return reducer.combine(b, reducer.prepare(b, args[0]), args[1]);
      });
  IndexMath math(b);
  OpFoldResult count = math.index(1);
  for (auto [size, flag] : llvm::zip_equal(sizes, *flags))
    count = math.mul(
        count, math.selectEqual(flag, math.index(1), size, math.index(1)));
  Value divisor = sizeToScalar(b, count);
  sum = mapElements(node, sum, reducer.element, [&](B &b, ValueRange args) {
    return reducer.finish(b, args[0], divisor);
  });
  if (!keep)
    sum = reshapeTo(node, sum,
                    dropFlagged(node, sizes, *flags, countAxes(node, 1)));
  return node.setOutputLike(0, sum);
}

static LogicalResult importReduction(Node &node, Reduction kind) {
  B &b = node.b;
  Type element = node.elementType(0);
  // Sums of narrow floats are held in f32. True is larger than false.
  Type accumulator =
      element.isF16() || element.isBF16() ? b.getF32Type() : element;
  Reducer reducer = {kind, element, accumulator,
                     node.isUnsigned(0) || element.isInteger(1)};
  bool keep = node.intAttr("keepdims", 1);
  if (node.hasInput(1) && countAxes(node, 1) > 0 && !node.scalars(1)) {
    (void)node.intAttr("noop_with_empty_axes", 0);
    return reduceRuntimeAxes(node, reducer, keep);
  }
  FailureOr<SmallVector<int64_t>> dims = reducedDims(node);
  if (failed(dims))
    return failure();
  auto scalars = node.scalars(0);
  if (scalars && static_cast<int64_t>(dims->size()) == node.rank(0))
    return reduceScalars(node, reducer, *scalars, keep);
  Sizes sizes = node.sizes(0);
  Operand operand = trailingOperand(node.value(0), sizes);
  Value sum = reduceDims(
      node, operand, sizes, *dims, reducer.init(b), [&](B &b, ValueRange args) {
        return reducer.combine(b, reducer.prepare(b, args[0]), args[1]);
      });
  if (accumulator != element || kind == Reduction::Mean ||
      kind == Reduction::L2) {
    Value count = countElements(b, sizes, *dims);
    sum = mapElements(node, sum, element, [&](B &b, ValueRange args) {
      return reducer.finish(b, args[0], count);
    });
  }
  return node.setOutputLike(0, restoreDims(node, sum, sizes, *dims, keep));
}

template <Reduction kind> static LogicalResult importReduction(Node &node) {
  return importReduction(node, kind);
}

//===----------------------------------------------------------------------===//
// ArgMax
//===----------------------------------------------------------------------===//

/// Position of the largest (or smallest) element along one dimension; the first
/// of several, or the last with `select_last_index`.
template <bool isMax> static LogicalResult importArg(Node &node) {
  B &b = node.b;
  int64_t axis = node.normalizeAxis(node.intAttr("axis", 0), node.rank(0));
  bool keep = node.intAttr("keepdims", 1);
  bool last = node.intAttr("select_last_index", 0);
  if (axis < 0)
    return failure();
  Type element = node.elementType(0), i64 = b.getI64Type();
  bool isUnsigned = node.isUnsigned(0);
  Sizes loops = node.sizes(0);
  AffineMap all = b.getMultiDimIdentityMap(loops.size());
  AffineMap kept = all.dropResult(axis);
  Sizes sizes = loops;
  sizes.erase(sizes.begin() + axis);
  SmallVector<utils::IteratorType> iterators(loops.size(),
                                             utils::IteratorType::parallel);
  iterators[axis] = utils::IteratorType::reduction;
  Value best =
      filledTensor(node, sizes, extremum(b, element, isUnsigned, isMax));
  Value position = filledTensor(node, sizes, scalarConstant(b, i64, 0));
  auto generic = linalg::GenericOp::create(
      b, TypeRange{best.getType(), position.getType()}, node.value(0),
      ValueRange{best, position}, {all, kept, kept}, iterators,
      [&](OpBuilder &builder, Location loc, ValueRange args) {
        Value wins;
        if (isa<FloatType>(element)) {
          auto predicate = isMax ? (last ? arith::CmpFPredicate::OGE
                                         : arith::CmpFPredicate::OGT)
                                 : (last ? arith::CmpFPredicate::OLE
                                         : arith::CmpFPredicate::OLT);
          wins =
              arith::CmpFOp::create(builder, loc, predicate, args[0], args[1]);
        } else {
          using P = arith::CmpIPredicate;
          auto predicate = isUnsigned ? (isMax ? (last ? P::uge : P::ugt)
                                               : (last ? P::ule : P::ult))
                                      : (isMax ? (last ? P::sge : P::sgt)
                                               : (last ? P::sle : P::slt));
          wins =
              arith::CmpIOp::create(builder, loc, predicate, args[0], args[1]);
        }
        Value index = linalg::IndexOp::create(builder, loc, axis);
        index = arith::IndexCastOp::create(builder, loc, i64, index);
        Value value =
            arith::SelectOp::create(builder, loc, wins, args[0], args[1]);
        index = arith::SelectOp::create(builder, loc, wins, index, args[2]);
        linalg::YieldOp::create(builder, loc, ValueRange{value, index});
      });
  node.importer.recordSizes(generic.getResult(1), sizes);
  return node.setOutput(
      0, restoreDims(node, generic.getResult(1), loops, axis, keep));
}

//===----------------------------------------------------------------------===//
// Softmax
//===----------------------------------------------------------------------===//

/// linalg.softmax. A row of -inf gives NaN, as ONNX says: exp(-inf - -inf).
static Value softmax(Node &node, Value value, int64_t axis) {
  Sizes sizes = node.importer.getSizes(value);
  Value init = emptyTensor(
      node, sizes, cast<RankedTensorType>(value.getType()).getElementType());
  Value result = linalg::SoftmaxOp::create(node.b, TypeRange(init.getType()),
                                           value, init, axis)
                     ->getResult(0);
  node.importer.recordSizes(result, sizes);
  return result;
}

/// x - max - log(sum(exp(x - max)))
static Value logSoftmax(Node &node, Value value, int64_t axis) {
  B &b = node.b;
  Type type = cast<RankedTensorType>(value.getType()).getElementType();
  Sizes sizes = node.importer.getSizes(value);
  Operand all = trailingOperand(value, sizes);
  Value max =
      reduceDims(node, all, sizes, axis, extremum(b, type, false, true),
                 [](B &b, ValueRange args) {
                   return b.createOrFold<arith::MaximumFOp>(args[0], args[1]);
                 });
  Operand maxima = keptOperand(max, sizes, axis);
  auto exponential = [](B &b, ValueRange args) -> Value {
    Value exp = b.createOrFold<math::ExpOp>(
        b.createOrFold<arith::SubFOp>(args[0], args[1]));
    return b.createOrFold<arith::AddFOp>(exp, args[2]);
  };
  Value sum = reduceDims(node, {all, maxima}, sizes, axis,
                         scalarConstant(b, type, 0), exponential);
  Value log = mapElements(node, sum, type, [](B &b, ValueRange args) {
    return b.createOrFold<math::LogOp>(args[0]);
  });
  Operand logs = keptOperand(log, sizes, axis);
  return elementwise(node, {all, maxima, logs}, sizes, type,
                     [](B &b, ValueRange args) -> Value {
                       Value shifted =
                           b.createOrFold<arith::SubFOp>(args[0], args[1]);
                       return b.createOrFold<arith::SubFOp>(shifted, args[2]);
                     });
}

/// f16 and bf16 are computed in f32.
template <Value (*function)(Node &, Value, int64_t)>
static LogicalResult importSoftmax(Node &node) {
  bool old = node.getOpset() < 13;
  int64_t axis =
      node.normalizeAxis(node.intAttr("axis", old ? 1 : -1), node.rank(0));
  if (axis < 0)
    return failure();
  Type element = node.elementType(0);
  if (!isa<FloatType>(element))
    return node.error("input 0 must have float elements");
  Type compute = element.isF64() ? element : node.b.getF32Type();
  Value value = convertElements(node, node.value(0), compute);
  // Before opset 13 the dimensions from `axis` on were one.
  Sizes sizes = node.sizes(0);
  if (old) {
    IndexMath math(node.b);
    Sizes merged(2, math.index(1));
    for (auto [d, size] : llvm::enumerate(sizes)) {
      OpFoldResult &product = merged[int64_t(d) >= axis];
      product = math.mul(product, size);
    }
    value = reshapeTo(node, value, merged);
    axis = 1;
  }
  value = reshapeTo(node, function(node, value, axis), sizes);
  return node.setOutput(0, convertElements(node, value, element));
}

void frontend::addReductionOperators(OperatorTable &table) {
  table["ReduceSum"] = {importReduction<Reduction::Sum>, 1, 2};
  table["ReduceMean"] = {importReduction<Reduction::Mean>, 1, 2};
  table["ReduceMax"] = {importReduction<Reduction::Max>, 1, 2};
  table["ReduceMin"] = {importReduction<Reduction::Min>, 1, 2};
  table["ReduceProd"] = {importReduction<Reduction::Prod>, 1, 2};
  table["ReduceSumSquare"] = {importReduction<Reduction::SumSquare>, 1, 2};
  table["ReduceL1"] = {importReduction<Reduction::L1>, 1, 2};
  table["ReduceL2"] = {importReduction<Reduction::L2>, 1, 2};
  table["ArgMax"] = {importArg<true>, 1, 1};
  table["ArgMin"] = {importArg<false>, 1, 1};
  table["Softmax"] = {importSoftmax<softmax>, 1, 1};
  table["LogSoftmax"] = {importSoftmax<logSoftmax>, 1, 1};
}
