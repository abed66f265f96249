// Where the tensors of a function lie in device memory.

#include "MemoryLayout.h"

using namespace rarefy;
using namespace rarefy::spatten;

BlockArgument spatten::findArgument(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
      value = slice.getSource();
    else if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
      value = insert.getDest();
    else if (auto gather = dyn_cast<GatherOp>(op))
      value = gather.getSource();
    else
      return {};
  }
  return cast<BlockArgument>(value);
}

View View::at(ArrayRef<int64_t> places) const {
  View view = *this;
  size_t skipped = offsets.size() - places.size();
  for (auto [dim, place] : llvm::enumerate(places))
    view.offsets[skipped + dim] += place;
  return view;
}

static StringRef getSuffix(Role role) {
  switch (role) {
  case Role::Key:
    return ".msb";
  case Role::Value:
    return ".value";
  default:
    return "";
  }
}

std::string MemoryLayout::getName(unsigned root) {
  bool isResult = root >= function.getNumArguments();
  unsigned index = isResult ? root - function.getNumArguments() : root;
  auto name =
      isResult ? function.getResultAttrOfType<StringAttr>(index, "rarefy.name")
               : function.getArgAttrOfType<StringAttr>(index, "rarefy.name");
  if (name && !name.empty())
    return name.str();
  return (isResult ? "result" : "argument") + std::to_string(index);
}

RankedTensorType MemoryLayout::getType(unsigned root) {
  unsigned numArguments = function.getNumArguments();
  return cast<RankedTensorType>(
      root < numArguments ? function.getArgumentTypes()[root]
                          : function.getResultTypes()[root - numArguments]);
}

/// Whether a slice of rows begins or ends within a pair of heads.
static bool splitsPair(OffsetSizeAndStrideOpInterface op) {
  size_t dim = op.getStaticOffsets().size() - 3;
  return op.getStaticOffsets()[dim] % kLanes != 0 ||
         op.getStaticSizes()[dim] % kLanes != 0;
}

LogicalResult MemoryLayout::assign(AttentionOp reader, Value value, Role role,
                                   RowFormat format, unsigned lowBits) {
  BlockArgument argument = findArgument(value);
  if (!argument)
    return reader.emitOpError("reads what is no part of an argument");
  unsigned root = argument.getArgNumber();
  RankedTensorType type = getType(root);
  if (int64_t heads = type.getDimSize(type.getRank() - 3);
      format.fused && heads % kLanes != 0)
    return reader.emitOpError("reads heads in pairs, argument ")
           << root << " has " << heads;
  unsigned dropped = getDroppedBits(reader, role);
  auto [entry, isNew] =
      tensors.try_emplace({root, role}, Tensor{type, format, dropped});
  RowFormat &known = entry->second.format;
  known.spare = std::max(known.spare, format.spare);
  if (known.bits != format.bits || known.shift != format.shift ||
      known.fused != format.fused)
    return reader.emitOpError("reads argument ")
           << root << " with " << format.bits << (format.fused ? " fused" : "")
           << " bits, elsewhere " << known.bits << (known.fused ? " fused" : "")
           << " are read";
  if (entry->second.dropped != dropped)
    return reader.emitOpError("reads argument ")
           << root << " without its " << dropped << " lowest bits, elsewhere "
           << entry->second.dropped << " are left out";
  if (lowBits)
    lowPlanes.try_emplace(root, Tensor{type, {lowBits, 0, false}, dropped});
  // What is inserted is copied, so it lies alike.
  for (Value part = value; Operation *op = part.getDefiningOp();) {
    if (auto slice = dyn_cast<OffsetSizeAndStrideOpInterface>(op);
        format.fused && slice && splitsPair(slice))
      return op->emitOpError("takes one head of a pair, ")
             << format.bits << " bits lie in pairs";
    if (auto insert = dyn_cast<tensor::InsertSliceOp>(op)) {
      if (failed(assign(reader, insert.getSource(), role, format, lowBits)))
        return failure();
      part = insert.getDest();
    } else {
      part = op->getOperand(0);
    }
  }
  return success();
}

LogicalResult MemoryLayout::allocate() {
  using program::Direction;
  for (auto &[key, tensor] : tensors)
    tensor.address = program.addTensor(
        getName(key.first) + getSuffix(key.second), Direction::In,
        getDeviceType(tensor.type, tensor.format));
  for (auto &[root, tensor] : lowPlanes)
    tensor.address =
        program.addTensor(getName(root) + ".lsb", Direction::In,
                          getDeviceType(tensor.type, tensor.format));
  for (unsigned i = 0, e = function.getNumResults(); i < e; ++i) {
    auto type = dyn_cast<RankedTensorType>(function.getResultTypes()[i]);
    if (!type || !type.hasStaticShape())
      return function.emitOpError("has a result of type ")
             << function.getResultTypes()[i]
             << ", a program has static tensors";
    // Positions take 16 bits, rows 64 elements, importance 32 bits.
    unsigned root = getResultRoot(i);
    bool isRows = type.getElementType().isInteger(16);
    if (type.getRank() < (isRows ? 3 : 1))
      return function.emitOpError("has a result of type ")
             << type << ", a program has outputs of [.., heads, rows, depth] "
             << "and importance";
    Tensor tensor{type, {16, 0, false}};
    RankedTensorType device =
        isRows ? getDeviceType(type, tensor.format) : type;
    tensor.address = program.addTensor(getName(root), Direction::Out, device);
    tensors[{root, isRows ? Role::Output : Role::Plain}] = tensor;
  }
  if (llvm::Error error =
          checkBytes(program.getNumBytes(), program.getConfig()))
    return function.emitOpError() << toString(std::move(error));
  return success();
}

SmallVector<HostTensor> MemoryLayout::getHostTensors() {
  SmallVector<HostTensor> inputs, outputs;
  for (const auto &[key, tensor] : tensors) {
    bool isOutput = key.first >= function.getNumArguments();
    (isOutput ? outputs : inputs)
        .push_back({key.first, key.second, tensor.format, tensor.dropped});
  }
  for (const auto &[root, tensor] : lowPlanes)
    inputs.push_back({root, Role::Key, tensor.format, tensor.dropped, true});
  llvm::append_range(inputs, outputs);
  return inputs;
}

/// The first row of `view`, and the distances between its heads and rows.
RowAddresses MemoryLayout::getRows(const View &view,
                                   const Tensor &tensor) const {
  unsigned fused = tensor.format.fused ? kLanes : 1;
  int64_t rank = tensor.type.getRank();
  RowAddresses rows;
  rows.rowStride = getRowBytes(tensor.format.bits, tensor.format.fused);
  rows.headStride = rows.rowStride * tensor.type.getDimSize(rank - 2);
  rows.address = tensor.address + view.offsets[rank - 2] * rows.rowStride +
                 view.offsets[rank - 3] / fused * rows.headStride;
  uint64_t stride =
      rows.headStride * (tensor.type.getDimSize(rank - 3) / fused);
  for (int64_t dim = rank - 4; dim >= 0; --dim) {
    rows.address += view.offsets[dim] * stride;
    stride *= tensor.type.getDimSize(dim);
  }
  return rows;
}

SmallVector<CopyPlan> MemoryLayout::planCopies(const View &source,
                                               const View &target,
                                               RankedTensorType type) {
  SmallVector<CopyPlan> copies;
  unsigned heads = type.getDimSize(type.getRank() - 3);
  uint64_t rows = type.getDimSize(type.getRank() - 2);
  for (Role role : {Role::Key, Role::Value}) {
    // Without a reader behind it an insertion has nothing to copy.
    auto found = tensors.find({target.root, role});
    if (found == tensors.end() || !tensors.contains({source.root, role}))
      continue;
    RowAddresses to = getHigh(target, role);
    unsigned fused = found->second.format.fused ? kLanes : 1;
    copies.push_back(
        {heads / fused, rows * to.rowStride, getHigh(source, role), to});
  }
  if (lowPlanes.contains(target.root) && lowPlanes.contains(source.root)) {
    RowAddresses to = getLow(target);
    copies.push_back({heads, rows * to.rowStride, getLow(source), to});
  }
  return copies;
}
