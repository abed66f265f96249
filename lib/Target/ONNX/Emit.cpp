// Helpers that handlers build their IR from.

#include "Emit.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"

using namespace rarefy;
using namespace rarefy::frontend;

//===----------------------------------------------------------------------===//
// Scalars and sizes
//===----------------------------------------------------------------------===//

bool frontend::isSize(OpFoldResult size, int64_t n) {
  return getConstantIntValue(size) == n;
}

Sizes frontend::staticSizes(Node &node, ArrayRef<int64_t> sizes) {
  return getAsIndexOpFoldResult(node.b.getContext(), sizes);
}

RankedTensorType frontend::tensorType(ArrayRef<OpFoldResult> sizes,
                                      Type element) {
  SmallVector<int64_t> shape;
  for (OpFoldResult size : sizes)
    shape.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
  return RankedTensorType::get(shape, element);
}

Value frontend::scalarConstant(ImplicitLocOpBuilder &b, Type type,
                               double value) {
  if (auto floatType = dyn_cast<FloatType>(type))
    return arith::ConstantOp::create(b, b.getFloatAttr(floatType, value));
  return scalarConstant(b, type, static_cast<int64_t>(value));
}

Value frontend::scalarConstant(ImplicitLocOpBuilder &b, Type type,
                               int64_t value) {
  if (isa<FloatType>(type))
    return scalarConstant(b, type, static_cast<double>(value));
  if (isa<IndexType>(type))
    return arith::ConstantIndexOp::create(b, value);
  APInt bits(type.getIntOrFloatBitWidth(), value, /*isSigned=*/true,
             /*implicitTrunc=*/true);
  return arith::ConstantOp::create(b, b.getIntegerAttr(type, bits));
}

Value frontend::scalarConstant(ImplicitLocOpBuilder &b, Type type, int value) {
  return scalarConstant(b, type, static_cast<int64_t>(value));
}

OpFoldResult frontend::scalarToSize(ImplicitLocOpBuilder &b, Value scalar) {
  APInt constant;
  if (matchPattern(scalar, m_ConstantInt(&constant)))
    return b.getIndexAttr(constant.getSExtValue());
  if (auto cast = scalar.getDefiningOp<arith::IndexCastOp>())
    if (cast.getIn().getType().isIndex())
      return cast.getIn();
  return b.createOrFold<arith::IndexCastOp>(b.getIndexType(), scalar);
}

Value frontend::sizeToScalar(ImplicitLocOpBuilder &b, OpFoldResult size) {
  Type i64 = b.getI64Type();
  if (std::optional<int64_t> constant = getConstantIntValue(size))
    return scalarConstant(b, i64, *constant);
  return b.createOrFold<arith::IndexCastOp>(i64, cast<Value>(size));
}

Value frontend::emptyTensor(Node &node, ArrayRef<OpFoldResult> sizes,
                            Type element) {
  return tensor::EmptyOp::create(node.b, sizes, element);
}

Value frontend::filledTensor(Node &node, ArrayRef<OpFoldResult> sizes,
                             Value scalar) {
  Value empty = emptyTensor(node, sizes, scalar.getType());
  Value filled = linalg::FillOp::create(node.b, scalar, empty).getResult(0);
  node.importer.recordSizes(filled, sizes);
  return filled;
}

//===----------------------------------------------------------------------===//
// Elementwise
//===----------------------------------------------------------------------===//

/// Dynamic sizes are taken to be equal to each other and to a static size other
/// than 1: a size that is 1 only at run time does not broadcast.
FailureOr<Sizes> frontend::broadcastSizes(Node &node,
                                          ArrayRef<Sizes> operands) {
  size_t rank = 0;
  for (const Sizes &sizes : operands)
    rank = std::max(rank, sizes.size());
  Sizes result(rank, node.b.getIndexAttr(1));
  for (const Sizes &sizes : operands) {
    for (auto [size, into] : llvm::zip_equal(
             sizes, MutableArrayRef(result).take_back(sizes.size()))) {
      std::optional<int64_t> known = getConstantIntValue(size);
      std::optional<int64_t> sofar = getConstantIntValue(into);
      if (known == 1 || (!known && sofar != 1))
        continue;
      if (known && sofar && *sofar != 1 && *known != *sofar)
        return node.error("sizes " + Twine(*sofar) + " and " + Twine(*known) +
                          " do not broadcast");
      into = size;
    }
  }
  return result;
}

std::pair<Value, AffineMap>
frontend::broadcastOperand(Node &node, Value value,
                           ArrayRef<OpFoldResult> loops,
                           ArrayRef<int64_t> dims) {
  SmallVector<AffineExpr> exprs;
  Sizes kept;
  SmallVector<int64_t> shape;
  for (auto [dim, size] :
       llvm::zip_equal(dims, node.importer.getSizes(value))) {
    if (isSize(size, 1) && !isSize(loops[dim], 1))
      continue;
    exprs.push_back(node.b.getAffineDimExpr(dim));
    kept.push_back(size);
    shape.push_back(getConstantIntValue(loops[dim])
                        .value_or(getConstantIntValue(size).value_or(
                            ShapedType::kDynamic)));
  }
  value = reshapeTo(node, value, kept);
  // A dynamic size that meets a static one is taken to be it.
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getShape() != ArrayRef(shape))
    value = tensor::CastOp::create(node.b, type.clone(shape), value);
  return {value, AffineMap::get(loops.size(), 0, exprs, node.b.getContext())};
}

/// The one value of all elements of `value`, as a scalar; null if not known.
static Value uniformScalar(ImplicitLocOpBuilder &b, Value value) {
  DenseElementsAttr dense;
  if (matchPattern(value, m_Constant(&dense)) && dense.isSplat())
    return arith::ConstantOp::create(b, dense.getSplatValue<TypedAttr>());
  auto elements = value.getDefiningOp<tensor::FromElementsOp>();
  if (elements && elements.getElements().size() == 1)
    return elements.getElements().front();
  return nullptr;
}

Operand frontend::trailingOperand(Value value, ArrayRef<OpFoldResult> loops) {
  int64_t rank = cast<RankedTensorType>(value.getType()).getRank();
  int64_t count = loops.size();
  return {value, llvm::to_vector(llvm::seq<int64_t>(count - rank, count))};
}

Operand frontend::keptOperand(Value value, ArrayRef<OpFoldResult> loops,
                              ArrayRef<int64_t> without) {
  Operand operand = {value, {}};
  for (int64_t dim : llvm::seq<int64_t>(0, loops.size()))
    if (!llvm::is_contained(without, dim))
      operand.dims.push_back(dim);
  return operand;
}

/// One linalg.generic into `init`, whose dimensions run along the loops that
/// are not `reduced`. The body gets the init's element last.
static Value createGeneric(Node &node, ArrayRef<Operand> operands,
                           ArrayRef<OpFoldResult> loops,
                           ArrayRef<int64_t> reduced, Value init,
                           ScalarBody body) {
  ImplicitLocOpBuilder &b = node.b;
  SmallVector<Value> inputs, uniforms;
  SmallVector<AffineMap> maps;
  for (const Operand &operand : operands) {
    // Those that run along reduced loops say how long these are.
    bool bounds = llvm::any_of(operand.dims, [&](int64_t dim) {
      return llvm::is_contained(reduced, dim);
    });
    uniforms.push_back(bounds ? Value() : uniformScalar(b, operand.value));
    if (uniforms.back())
      continue;
    auto [value, map] =
        broadcastOperand(node, operand.value, loops, operand.dims);
    inputs.push_back(value);
    maps.push_back(map);
  }
  SmallVector<utils::IteratorType> iterators(loops.size(),
                                             utils::IteratorType::parallel);
  for (int64_t dim : reduced)
    iterators[dim] = utils::IteratorType::reduction;
  SmallVector<AffineExpr> exprs;
  Sizes sizes;
  for (int64_t dim : keptOperand(init, loops, reduced).dims) {
    exprs.push_back(b.getAffineDimExpr(dim));
    sizes.push_back(loops[dim]);
  }
  maps.push_back(AffineMap::get(loops.size(), 0, exprs, b.getContext()));
  auto generic = linalg::GenericOp::create(
      b, TypeRange(init.getType()), inputs, ValueRange(init), maps, iterators,
      [&](OpBuilder &builder, Location loc, ValueRange args) {
        OpBuilder::InsertionGuard guard(b);
        b.restoreInsertionPoint(builder.saveInsertionPoint());
        SmallVector<Value> scalars(uniforms);
        auto arg = args.begin();
        for (Value &scalar : scalars)
          if (!scalar)
            scalar = *arg++;
        scalars.push_back(args.back());
        linalg::YieldOp::create(b, body(b, scalars));
      });
  node.importer.recordSizes(generic.getResult(0), sizes);
  return generic.getResult(0);
}

Value frontend::elementwise(Node &node, ArrayRef<Operand> operands,
                            ArrayRef<OpFoldResult> sizes, Type element,
                            ScalarBody body) {
  Value init = emptyTensor(node, sizes, element);
  return createGeneric(node, operands, sizes, {}, init,
                       [&](ImplicitLocOpBuilder &b, ValueRange args) {
                         return body(b, args.drop_back());
                       });
}

Value frontend::elementwise(Node &node, ValueRange operands,
                            ArrayRef<OpFoldResult> sizes, Type element,
                            ScalarBody body) {
  SmallVector<Operand> trailing;
  for (Value operand : operands)
    trailing.push_back(trailingOperand(operand, sizes));
  return elementwise(node, trailing, sizes, element, body);
}

Value frontend::reduceDims(Node &node, ArrayRef<Operand> operands,
                           ArrayRef<OpFoldResult> loops, ArrayRef<int64_t> dims,
                           Value init, ScalarBody body) {
  Sizes sizes;
  for (int64_t dim : keptOperand(init, loops, dims).dims)
    sizes.push_back(loops[dim]);
  return createGeneric(node, operands, loops, dims,
                       filledTensor(node, sizes, init), body);
}

Value frontend::mapElements(Node &node, Value operand, Type element,
                            ScalarBody body) {
  return elementwise(node, operand, node.importer.getSizes(operand), element,
                     body);
}

LogicalResult frontend::checkOldBroadcast(Node &node) {
  if (node.getOpset() >= 7)
    return success();
  bool broadcasts = node.intAttr("broadcast", 0) != 0;
  if (!broadcasts || !node.hasAttr("axis"))
    return success();
  int64_t axis = node.intAttr("axis", 0);
  if (axis + node.rank(1) != node.rank(0))
    return node.error("expected input 1 along the last dimensions of input 0, "
                      "found axis " +
                      Twine(axis));
  return success();
}

LogicalResult frontend::checkSameType(Node &node, ArrayRef<unsigned> inputs) {
  for (unsigned i : inputs)
    if (node.elementType(i) != node.elementType(inputs[0]) ||
        node.isUnsigned(i) != node.isUnsigned(inputs[0]))
      return node.error("inputs " + Twine(inputs[0]) + " and " + Twine(i) +
                        " have different element types");
  return success();
}

/// Position in a tensor of `shape` of element `n` of a tensor of `resultShape`
/// that it broadcasts to.
static int64_t broadcastPosition(int64_t n, ArrayRef<int64_t> shape,
                                 ArrayRef<int64_t> resultShape) {
  int64_t position = 0, stride = 1;
  for (int64_t d = 0, rank = shape.size(); d < rank; ++d) {
    int64_t size = shape[rank - 1 - d];
    int64_t resultSize = resultShape[resultShape.size() - 1 - d];
    position += size == 1 ? 0 : n % resultSize * stride;
    n /= resultSize;
    stride *= size;
  }
  return position;
}

/// Computes output 0 scalar by scalar if all inputs are known so; nothing if
/// they are not.
static std::optional<LogicalResult>
importScalars(Node &node, ArrayRef<unsigned> inputs, RankedTensorType type,
              bool isUnsigned, ScalarBody body) {
  constexpr int64_t limit = 64;
  SmallVector<SmallVector<Value>> operands;
  if (!type.hasStaticShape() || type.getNumElements() > limit)
    return std::nullopt;
  for (unsigned i : inputs) {
    std::optional<SmallVector<Value>> scalars = node.scalars(i);
    if (!scalars)
      return std::nullopt;
    operands.push_back(std::move(*scalars));
  }
  SmallVector<Value> results;
  for (int64_t n = 0, e = type.getNumElements(); n < e; ++n) {
    SmallVector<Value> args;
    for (auto [i, scalars] : llvm::zip_equal(inputs, operands))
      args.push_back(scalars[broadcastPosition(n, node.type(i).getShape(),
                                               type.getShape())]);
    results.push_back(body(node.b, args));
  }
  return node.setScalars(0, type, results, isUnsigned);
}

LogicalResult frontend::importElementwise(Node &node, ArrayRef<unsigned> inputs,
                                          Type element, bool isUnsigned,
                                          ScalarBody body) {
  SmallVector<Sizes> operandSizes;
  for (unsigned i : inputs)
    operandSizes.push_back(node.sizes(i));
  FailureOr<Sizes> sizes = broadcastSizes(node, operandSizes);
  if (failed(sizes))
    return failure();
  if (std::optional<LogicalResult> done = importScalars(
          node, inputs, tensorType(*sizes, element), isUnsigned, body))
    return *done;
  SmallVector<Value> operands;
  for (unsigned i : inputs)
    operands.push_back(node.value(i));
  return node.setOutput(0, elementwise(node, operands, *sizes, element, body),
                        isUnsigned);
}

//===----------------------------------------------------------------------===//
// Conversions
//===----------------------------------------------------------------------===//

static Value floatToInt(ImplicitLocOpBuilder &b, Value value, Type to,
                        bool toUnsigned) {
  if (toUnsigned)
    return b.createOrFold<arith::FPToUIOp>(to, value);
  return b.createOrFold<arith::FPToSIOp>(to, value);
}

Value frontend::convertScalar(ImplicitLocOpBuilder &b, Value value, Type to,
                              bool fromUnsigned, bool toUnsigned) {
  Type from = value.getType();
  if (from == to)
    return value;
  bool fromFloat = isa<FloatType>(from);
  unsigned fromBits = from.getIntOrFloatBitWidth();
  unsigned toBits = to.getIntOrFloatBitWidth();
  if (to.isInteger(1)) {
    Value zero = scalarConstant(b, from, 0);
    if (fromFloat)
      return b.createOrFold<arith::CmpFOp>(arith::CmpFPredicate::UNE, value,
                                           zero);
    return b.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::ne, value, zero);
  }
  fromUnsigned |= from.isInteger(1);
  if (isa<FloatType>(to)) {
    if (!fromFloat)
      return fromUnsigned ? b.createOrFold<arith::UIToFPOp>(to, value)
                          : b.createOrFold<arith::SIToFPOp>(to, value);
    // f16 and bf16 have no direct conversion.
    if (fromBits == toBits)
      return b.createOrFold<arith::TruncFOp>(
          to, b.createOrFold<arith::ExtFOp>(b.getF32Type(), value));
    return fromBits < toBits ? b.createOrFold<arith::ExtFOp>(to, value)
                             : b.createOrFold<arith::TruncFOp>(to, value);
  }
  if (fromFloat)
    return floatToInt(b, value, to, toUnsigned);
  if (fromBits > toBits)
    return b.createOrFold<arith::TruncIOp>(to, value);
  return fromUnsigned ? b.createOrFold<arith::ExtUIOp>(to, value)
                      : b.createOrFold<arith::ExtSIOp>(to, value);
}

Value frontend::convertElements(Node &node, Value value, Type to,
                                bool fromUnsigned, bool toUnsigned) {
  if (cast<RankedTensorType>(value.getType()).getElementType() == to)
    return value;
  return mapElements(node, value, to, [&](auto &b, ValueRange args) {
    return convertScalar(b, args[0], to, fromUnsigned, toUnsigned);
  });
}

//===----------------------------------------------------------------------===//
// Transposition
//===----------------------------------------------------------------------===//

Value frontend::transposeTo(Node &node, Value value,
                            ArrayRef<int64_t> permutation) {
  if (llvm::is_sorted(permutation))
    return value;
  Sizes from = node.importer.getSizes(value);
  Sizes to;
  for (int64_t dim : permutation)
    to.push_back(from[dim]);
  Value init = emptyTensor(
      node, to, cast<RankedTensorType>(value.getType()).getElementType());
  Value result = linalg::TransposeOp::create(node.b, value, init, permutation)
                     ->getResult(0);
  node.importer.recordSizes(result, to);
  return result;
}

Value frontend::reduceDims(Node &node, Value value, ArrayRef<int64_t> dims,
                           Value init, ScalarBody body) {
  Sizes loops = node.importer.getSizes(value);
  return reduceDims(node, trailingOperand(value, loops), loops, dims, init,
                    body);
}
