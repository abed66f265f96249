// Evaluation of the IR that handlers emit for constant nodes.

#include "Fold.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"

using namespace rarefy;
using namespace rarefy::frontend;

static int64_t bytesOf(Type element) {
  return (element.getIntOrFloatBitWidth() + 7) / 8;
}

/// All elements of a constant; nothing if they cannot be read.
static std::optional<std::vector<Number>> readConstant(ElementsAttr attr) {
  Type element = attr.getElementType();
  if (!element.isIntOrFloat())
    return std::nullopt;
  std::vector<Number> result(attr.getNumElements());
  auto dense = dyn_cast<DenseElementsAttr>(attr);
  if (dense && element.isInteger(1)) {
    for (auto [number, bit] : llvm::zip_equal(result, dense.getValues<bool>()))
      number.integer = -int64_t(bit);
    return result;
  }
  ArrayRef<char> data;
  if (dense)
    data = dense.getRawData();
  else if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr))
    data = resource.getData();
  int64_t width = bytesOf(element), stride = width;
  if (dense && dense.isSplat())
    stride = 0;
  if (data.size() !=
      static_cast<size_t>(stride ? stride * result.size() : width))
    return std::nullopt;
  for (auto [i, number] : llvm::enumerate(result))
    number = decodeNumber(data.data() + i * stride, element);
  return result;
}

const Evaluator::Array *Evaluator::getArray(Value value) {
  if (auto it = arrays.find(value); it != arrays.end())
    return it->second.get();
  ElementsAttr attr;
  constexpr int64_t limit = 1 << 24;
  if (!matchPattern(value, m_Constant(&attr)) || attr.getNumElements() > limit)
    return nullptr;
  std::optional<Array> array = readConstant(attr);
  if (!array)
    return nullptr;
  setArray(value, std::move(*array));
  return arrays[value].get();
}

void Evaluator::setArray(Value value, Array array) {
  arrays[value] = std::make_unique<Array>(std::move(array));
}

FailureOr<Number> Evaluator::getNumber(Value value) {
  if (auto it = numbers.find(value); it != numbers.end())
    return it->second;
  Attribute attr;
  if (!matchPattern(value, m_Constant(&attr)))
    return failure();
  if (auto real = dyn_cast<FloatAttr>(attr))
    return Number{.real = real.getValueAsDouble()};
  if (auto integer = dyn_cast<IntegerAttr>(attr))
    return Number{.integer = integer.getValue().getSExtValue()};
  return failure();
}

std::string Evaluator::getData(Value value) const {
  const Array &array = *arrays.at(value);
  Type element = cast<RankedTensorType>(value.getType()).getElementType();
  int64_t width = bytesOf(element);
  std::string data(array.size() * width, 0);
  for (auto [i, number] : llvm::enumerate(array))
    encodeNumber(number, element, data.data() + i * width);
  return data;
}

//===----------------------------------------------------------------------===//
// Linalg
//===----------------------------------------------------------------------===//

/// The body of a linalg op, compiled to steps on numbered slots.
struct Evaluator::Kernel {
  struct Step {
    Operation *op;
    ScalarFunction function;
    SmallVector<unsigned, 3> operands;
    unsigned result;
    const Array *source = nullptr;
  };
  /// An operand's element moves to or from a slot; strides are per loop.
  struct Access {
    Array *array;
    SmallVector<int64_t> strides;
    unsigned slot;
    int64_t position = 0;
  };

  SmallVector<Number> slots;
  DenseMap<Value, unsigned> numbering;
  std::vector<Step> steps;
  SmallVector<Access> inputs, outputs;
  /// Slots that hold a loop's index.
  SmallVector<std::pair<unsigned, unsigned>> indices;

  unsigned slotOf(Value value, Number number = {.integer = 0}) {
    auto [it, isNew] = numbering.try_emplace(value, slots.size());
    if (isNew)
      slots.push_back(number);
    return it->second;
  }
};

/// Number that each loop adds to a row-major position; nothing if the map is
/// not of loops.
static std::optional<SmallVector<int64_t>>
accessStrides(AffineMap map, Type operandType, ArrayRef<int64_t> loops) {
  SmallVector<int64_t> strides(map.getNumDims(), 0);
  auto type = cast<RankedTensorType>(operandType);
  int64_t stride = 1;
  for (int64_t i = map.getNumResults() - 1; i >= 0; --i) {
    auto dim = dyn_cast<AffineDimExpr>(map.getResult(i));
    if (!dim || loops[dim.getPosition()] != type.getDimSize(i))
      return std::nullopt;
    strides[dim.getPosition()] += stride;
    stride *= type.getDimSize(i);
  }
  return strides;
}

LogicalResult Evaluator::compile(Block &block, Kernel &kernel) {
  auto useSlot = [&](Value value) -> FailureOr<unsigned> {
    if (kernel.numbering.contains(value))
      return kernel.slotOf(value);
    FailureOr<Number> number = getNumber(value);
    if (failed(number))
      return failure();
    return kernel.slotOf(value, *number);
  };
  for (Operation &op : block.without_terminator()) {
    if (op.getNumResults() != 1)
      return failure();
    if (auto index = dyn_cast<linalg::IndexOp>(op)) {
      kernel.indices.emplace_back(kernel.slotOf(index), index.getDim());
      continue;
    }
    if (isa<arith::ConstantOp>(op))
      continue;
    Kernel::Step step{&op, getScalarFunction(&op), {}, 0};
    auto extract = dyn_cast<tensor::ExtractOp>(op);
    if (extract && !(step.source = getArray(extract.getTensor())))
      return failure();
    if (!extract && !step.function)
      return failure();
    for (Value operand : op.getOperands().drop_front(extract ? 1 : 0)) {
      FailureOr<unsigned> slot = useSlot(operand);
      if (failed(slot))
        return failure();
      step.operands.push_back(*slot);
    }
    step.result = kernel.slotOf(op.getResult(0));
    kernel.steps.push_back(std::move(step));
  }
  for (auto [access, value] :
       llvm::zip_equal(kernel.outputs, block.getTerminator()->getOperands())) {
    FailureOr<unsigned> slot = useSlot(value);
    if (failed(slot))
      return failure();
    access.slot = *slot;
  }
  return success();
}

/// Position of `indices` in a tensor of `type`; nothing if they are outside.
static std::optional<int64_t> positionOf(ArrayRef<Number> indices,
                                         RankedTensorType type) {
  int64_t position = 0;
  for (auto [index, size] : llvm::zip_equal(indices, type.getShape())) {
    if (index.integer < 0 || index.integer >= size)
      return std::nullopt;
    position = position * size + index.integer;
  }
  return position;
}

/// Runs the kernel for every point of the loops, the last one fastest.
LogicalResult Evaluator::execute(Kernel &kernel, ArrayRef<int64_t> loops) {
  int64_t points = 1;
  for (int64_t size : loops)
    points *= size;
  SmallVector<int64_t> point(loops.size(), 0);
  for (int64_t n = 0; n < points; ++n) {
    for (auto &access : kernel.inputs)
      kernel.slots[access.slot] = (*access.array)[access.position];
    for (auto [slot, loop] : kernel.indices)
      kernel.slots[slot].integer = point[loop];
    for (Kernel::Step &step : kernel.steps) {
      SmallVector<Number, 4> operands;
      for (unsigned slot : step.operands)
        operands.push_back(kernel.slots[slot]);
      if (step.function) {
        kernel.slots[step.result] =
            fitNumber(step.function(step.op, operands.data()),
                      step.op->getResult(0).getType());
        continue;
      }
      std::optional<int64_t> position = positionOf(
          operands, cast<RankedTensorType>(step.op->getOperand(0).getType()));
      if (!position)
        return failure();
      kernel.slots[step.result] = (*step.source)[*position];
    }
    for (auto &access : kernel.outputs)
      (*access.array)[access.position] = kernel.slots[access.slot];
    for (int64_t d = loops.size() - 1; d >= 0; --d) {
      bool wraps = ++point[d] == loops[d];
      int64_t move = wraps ? 1 - loops[d] : 1;
      for (auto *accesses : {&kernel.inputs, &kernel.outputs})
        for (auto &access : *accesses)
          access.position += move * access.strides[d];
      if (!wraps)
        break;
      point[d] = 0;
    }
  }
  return success();
}

LogicalResult Evaluator::evaluateLinalg(Operation *op) {
  auto linalgOp = cast<linalg::LinalgOp>(op);
  SmallVector<int64_t> loops = linalgOp.getStaticLoopRanges();
  if (llvm::any_of(loops, ShapedType::isDynamic))
    return failure();
  Kernel kernel;
  int64_t work = linalgOp.getBlock()->getOperations().size() + 1;
  for (int64_t size : loops)
    if (llvm::MulOverflow(work, size, work))
      return failure();
  constexpr int64_t limit = 1 << 24;
  if ((steps += work) > limit)
    return failure();
  SmallVector<Array> results;
  for (OpOperand &init : linalgOp.getDpsInitsMutable()) {
    const Array *array = getArray(init.get());
    if (!array)
      return failure();
    results.push_back(*array);
  }
  for (OpOperand &operand : op->getOpOperands()) {
    BlockArgument argument = linalgOp.getMatchingBlockArgument(&operand);
    if (!isa<RankedTensorType>(operand.get().getType())) {
      FailureOr<Number> number = getNumber(operand.get());
      if (failed(number))
        return failure();
      kernel.slotOf(argument, *number);
      continue;
    }
    auto strides = accessStrides(linalgOp.getMatchingIndexingMap(&operand),
                                 operand.get().getType(), loops);
    bool isInit = linalgOp.isDpsInit(&operand);
    auto *array =
        isInit
            ? &results[operand.getOperandNumber() - linalgOp.getNumDpsInputs()]
            : const_cast<Array *>(getArray(operand.get()));
    if (!strides || !array)
      return failure();
    Kernel::Access access{array, *strides, kernel.slotOf(argument)};
    kernel.inputs.push_back(access);
    if (isInit)
      kernel.outputs.push_back(access);
  }
  if (failed(compile(*linalgOp.getBlock(), kernel)) ||
      failed(execute(kernel, loops)))
    return failure();
  for (auto [result, array] : llvm::zip_equal(op->getResults(), results))
    setArray(result, std::move(array));
  return success();
}

//===----------------------------------------------------------------------===//
// Other ops
//===----------------------------------------------------------------------===//

LogicalResult Evaluator::evaluateScalar(Operation *op) {
  ScalarFunction function = getScalarFunction(op);
  if (!function || op->getNumResults() != 1)
    return failure();
  SmallVector<Number> operands;
  for (Value operand : op->getOperands()) {
    FailureOr<Number> number = getNumber(operand);
    if (failed(number))
      return failure();
    operands.push_back(*number);
  }
  Value result = op->getResult(0);
  numbers[result] = fitNumber(function(op, operands.data()), result.getType());
  return success();
}

/// extract_slice and insert_slice of static offsets.
LogicalResult Evaluator::evaluateSlice(Operation *op) {
  auto slice = cast<OffsetSizeAndStrideOpInterface>(op);
  auto insert = dyn_cast<tensor::InsertSliceOp>(op);
  Value whole = insert ? insert.getDest() : op->getOperand(0);
  const Array *from = getArray(insert ? insert.getSource() : whole);
  if (!from || llvm::any_of(slice.getStaticOffsets(), ShapedType::isDynamic) ||
      llvm::any_of(slice.getStaticSizes(), ShapedType::isDynamic) ||
      llvm::any_of(slice.getStaticStrides(), ShapedType::isDynamic))
    return failure();
  Array source = *from, result;
  if (insert) {
    const Array *dest = getArray(whole);
    if (!dest)
      return failure();
    result = *dest;
  }
  auto type = cast<RankedTensorType>(whole.getType());
  SmallVector<Number> index(type.getRank(), {.integer = 0});
  int64_t count = 1;
  for (int64_t size : slice.getStaticSizes())
    count *= size;
  for (int64_t n = 0; n < count; ++n) {
    int64_t rest = n;
    for (int64_t d = type.getRank() - 1; d >= 0; --d) {
      int64_t size = slice.getStaticSizes()[d];
      index[d].integer = slice.getStaticOffsets()[d] +
                         rest % size * slice.getStaticStrides()[d];
      rest /= size;
    }
    std::optional<int64_t> position = positionOf(index, type);
    if (!position)
      return failure();
    if (insert)
      result[*position] = source[n];
    else
      result.push_back(source[*position]);
  }
  setArray(op->getResult(0), std::move(result));
  return success();
}

LogicalResult Evaluator::evaluateConcat(Operation *op) {
  auto concat = cast<tensor::ConcatOp>(op);
  RankedTensorType type = concat.getResultType();
  int64_t outer = 1;
  for (int64_t size : type.getShape().take_front(concat.getDim()))
    outer *= size;
  Array result;
  for (int64_t n = 0; n < outer; ++n) {
    for (Value input : concat.getInputs()) {
      const Array *array = getArray(input);
      if (!array)
        return failure();
      int64_t inner = array->size() / outer;
      result.insert(result.end(), array->begin() + n * inner,
                    array->begin() + (n + 1) * inner);
    }
  }
  setArray(concat, std::move(result));
  return success();
}

LogicalResult Evaluator::evaluate(Operation *op) {
  if (op->hasTrait<OpTrait::ConstantLike>())
    return success();
  for (Value result : op->getResults())
    if (auto type = dyn_cast<RankedTensorType>(result.getType());
        type &&
        (!type.hasStaticShape() || !type.getElementType().isIntOrFloat()))
      return failure();
  if (isa<linalg::LinalgOp>(op))
    return evaluateLinalg(op);
  if (isa<tensor::ExtractSliceOp, tensor::InsertSliceOp>(op))
    return evaluateSlice(op);
  if (isa<tensor::ConcatOp>(op))
    return evaluateConcat(op);
  if (auto empty = dyn_cast<tensor::EmptyOp>(op)) {
    constexpr int64_t limit = 1 << 24;
    int64_t count = empty.getType().getNumElements();
    if (count > limit)
      return failure();
    setArray(empty, Array(count, {.integer = 0}));
    return success();
  }
  if (isa<tensor::CastOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp,
          tensor::ReshapeOp>(op)) {
    const Array *array = getArray(op->getOperand(0));
    if (!array)
      return failure();
    setArray(op->getResult(0), *array);
    return success();
  }
  return evaluateScalar(op);
}

LogicalResult Evaluator::run(ArrayRef<Operation *> ops) {
  for (Operation *op : ops)
    if (failed(evaluate(op)))
      return failure();
  return success();
}
