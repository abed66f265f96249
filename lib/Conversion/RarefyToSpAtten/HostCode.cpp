// What the host does around a program: tensors into the device's formats, a
// launch, and results out of them.

#include "HostCode.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "rarefy/Dialect/Rarefy/Transforms/Emit.h"

using namespace rarefy;
using namespace rarefy::spatten;
using program::LaunchOp;

namespace {

/// Writes the host's code for one call.
class HostCode {
public:
  HostCode(func::CallOp call, ArrayRef<HostTensor> tensors)
      : b(call.getLoc(), call), call(call), tensors(tensors) {}

  void run(program::ProgramOp program);

private:
  bool isResult(const HostTensor &tensor) {
    return tensor.root >= call.getNumOperands();
  }
  Value pack(const HostTensor &tensor);
  Value splitHeads(Value rows);
  Value unpack(const HostTensor &tensor, Value value);

  ImplicitLocOpBuilder b;
  func::CallOp call;
  ArrayRef<HostTensor> tensors;
};

} // namespace

/// What the host has for the device's `type`: what does not fit the device's
/// elements is for its memory to refuse.
static RankedTensorType getHostType(RankedTensorType type) {
  return type.clone(IntegerType::get(type.getContext(), 16));
}

/// The number that the device stores of an element.
static Value encode(ImplicitLocOpBuilder &scalars, Value element,
                    const HostTensor &tensor) {
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantOp::create(scalars, scalars.getI16IntegerAttr(value));
  };
  if (tensor.isLow)
    element = arith::AndIOp::create(scalars, element,
                                    constant((1 << tensor.dropped) - 1));
  else if (tensor.dropped)
    element =
        arith::ShRSIOp::create(scalars, element, constant(tensor.dropped));
  // Where the device stores more bits, low planes and values fill them from
  // above.
  unsigned zeros = 0;
  if (tensor.isLow)
    zeros = tensor.format.bits - tensor.dropped;
  else if (tensor.role == Role::Value)
    zeros = tensor.dropped - tensor.format.shift;
  if (zeros)
    element = arith::ShLIOp::create(scalars, element, constant(zeros));
  if (!tensor.format.spare)
    return element;
  // The device's memory would take more bits: what has them becomes a number
  // that it refuses.
  Value above = constant(16 - (tensor.format.bits - tensor.format.spare));
  Value same = arith::ShLIOp::create(scalars, element, above);
  same = arith::ShRSIOp::create(scalars, same, above);
  Value fits =
      arith::CmpIOp::create(scalars, arith::CmpIPredicate::eq, same, element);
  return arith::SelectOp::create(scalars, fits, element, constant(kRefused));
}

/// [..., heads, tokens, depth] as [..., pairs, 2, tokens, depth].
Value HostCode::splitHeads(Value rows) {
  auto type = cast<RankedTensorType>(rows.getType());
  SmallVector<int64_t> shape(type.getShape());
  int64_t heads = type.getRank() - 3;
  shape[heads] /= kLanes;
  shape.insert(shape.begin() + heads + 1, kLanes);
  SmallVector<ReassociationIndices> groups;
  for (int64_t dim = 0; dim < type.getRank(); ++dim)
    groups.push_back({dim < heads + 1 ? dim : dim + 1});
  groups[heads].push_back(heads + 1);
  return tensor::ExpandShapeOp::create(b, type.clone(shape), rows, groups);
}

/// The device's tensor of an argument: [..., heads, tokens, depth] with encoded
/// elements, in pairs of heads if they are fused, zeros up to 64 elements.
Value HostCode::pack(const HostTensor &tensor) {
  Value rows = call.getOperand(tensor.root);
  auto type = cast<RankedTensorType>(rows.getType());
  RankedTensorType device = getHostType(getDeviceType(type, tensor.format));
  int64_t rank = device.getRank(), depth = type.getShape().back();
  SmallVector<unsigned> order = llvm::to_vector(llvm::seq<unsigned>(rank));
  if (tensor.format.fused) {
    // To be read as [..., pairs, tokens, 2, depth].
    rows = splitHeads(rows);
    std::swap(order[rank - 3], order[rank - 2]);
  }
  SmallVector<OpFoldResult> sizes =
      getAsIndexOpFoldResult(b.getContext(), device.getShape());
  sizes.back() = b.getIndexAttr(depth);
  Type stored = device.getElementType();
  Value encoded = makeElementwise(
      b, rows, AffineMap::getPermutationMap(order, b.getContext()), sizes,
      stored, [&](ImplicitLocOpBuilder &scalars, ValueRange args) {
        return encode(scalars, args[0], tensor);
      });
  if (depth == kHeadSize)
    return encoded;
  SmallVector<OpFoldResult> low(rank, b.getIndexAttr(0)), high = low;
  high.back() = b.getIndexAttr(kHeadSize - depth);
  Value zero = arith::ConstantOp::create(b, b.getZeroAttr(stored));
  return tensor::PadOp::create(b, device, encoded, low, high, zero);
}

/// The function's result of the device's tensor `value`.
Value HostCode::unpack(const HostTensor &tensor, Value value) {
  unsigned index = tensor.root - call.getNumOperands();
  auto type = cast<RankedTensorType>(call.getResult(index).getType());
  if (value.getType() == type)
    return value;
  SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0));
  SmallVector<OpFoldResult> strides(type.getRank(), b.getIndexAttr(1));
  SmallVector<OpFoldResult> sizes =
      getAsIndexOpFoldResult(b.getContext(), type.getShape());
  return tensor::ExtractSliceOp::create(b, type, value, offsets, sizes,
                                        strides);
}

void HostCode::run(program::ProgramOp program) {
  SmallVector<Value> inputs, inits;
  for (const HostTensor &tensor : tensors)
    if (!isResult(tensor))
      inputs.push_back(pack(tensor));
  for (program::TensorOp tensor :
       program::getHostTensors(program, program::Direction::Out)) {
    auto type = cast<RankedTensorType>(tensor.getType());
    inits.push_back(
        tensor::EmptyOp::create(b, type.getShape(), type.getElementType()));
  }
  auto launch =
      LaunchOp::create(b, ValueRange(inits).getTypes(),
                       program.getSymNameAttr().getValue(), inputs, inits);
  auto outputs = llvm::make_filter_range(
      tensors, [&](const HostTensor &tensor) { return isResult(tensor); });
  for (auto [tensor, value] : llvm::zip_equal(outputs, launch.getResults()))
    call.getResult(tensor.root - call.getNumOperands())
        .replaceAllUsesWith(unpack(tensor, value));
  call.erase();
}

LogicalResult spatten::replaceCalls(func::FuncOp function,
                                    program::ProgramOp program,
                                    ArrayRef<HostTensor> tensors) {
  auto uses = SymbolTable::getSymbolUses(function,
                                         function->getParentOfType<ModuleOp>());
  if (!uses)
    return function.emitOpError("has calls that cannot be found: an operation "
                                "of no known dialect may hide them");
  for (const SymbolTable::SymbolUse &use : *uses) {
    auto call = dyn_cast<func::CallOp>(use.getUser());
    if (!call)
      return use.getUser()->emitOpError("names a program, which can only be "
                                        "called");
    HostCode(call, tensors).run(program);
  }
  return success();
}
