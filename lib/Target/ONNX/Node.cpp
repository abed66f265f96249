// A node's view for its handler: inputs, attributes, outputs.

#include "Emit.h"
#include "Importer.h"
#include "Protobuf.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlowOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace rarefy;
using namespace rarefy::frontend;

Node::Node(Importer &importer, const onnx::NodeProto &proto, int64_t opset)
    : importer(importer), b(importer.b), proto(proto), opset(opset),
      numOutputs(proto.output_size()) {}

StringRef Node::getOperator() const { return proto.op_type(); }

LogicalResult Node::error(const Twine &message) {
  if (failedAlready)
    return failure();
  failedAlready = true;
  return importer.error(describe() + ": " + message);
}

std::string Node::describe() const {
  StringRef name = proto.name();
  if (name.empty() && proto.output_size())
    name = proto.output(0);
  return ("node '" + name + "' (" + proto.op_type() + ")").str();
}

void Node::require(Value condition, const Twine &expected) {
  cf::AssertOp::create(b, condition, (describe() + ": " + expected).str());
}

//===----------------------------------------------------------------------===//
// Inputs
//===----------------------------------------------------------------------===//

Value Node::value(unsigned i) { return importer.materialize(in(i)); }

Sizes Node::sizes(unsigned i) {
  if (type(i).hasStaticShape())
    return staticSizes(*this, type(i).getShape());
  return importer.getSizes(value(i));
}

std::optional<SmallVector<Value>> Node::scalars(unsigned i) {
  Tensor &tensor = in(i);
  if (tensor.scalars)
    return tensor.scalars;
  return importer.constantScalars(tensor);
}

FailureOr<SmallVector<Value>> Node::extractScalars(unsigned i) {
  if (std::optional<SmallVector<Value>> known = scalars(i))
    return *known;
  constexpr int64_t limit = 1024;
  if (!type(i).hasStaticShape() || type(i).getNumElements() > limit)
    return error("input " + Twine(i) + " must have a small static shape");
  SmallVector<Value> result;
  ArrayRef<int64_t> shape = type(i).getShape();
  for (int64_t n = 0, e = type(i).getNumElements(); n < e; ++n) {
    SmallVector<Value> indices(shape.size());
    int64_t rest = n;
    for (int64_t d = shape.size() - 1; d >= 0; rest /= shape[d], --d)
      indices[d] = arith::ConstantIndexOp::create(b, rest % shape[d]);
    result.push_back(tensor::ExtractOp::create(b, value(i), indices));
  }
  return result;
}

FailureOr<SmallVector<int64_t>> Node::constantInts(unsigned i) {
  std::optional<SmallVector<Value>> known;
  if (elementType(i).isInteger())
    known = scalars(i);
  SmallVector<int64_t> result;
  if (type(i).hasStaticShape() && type(i).getNumElements() == 0)
    return result;
  for (Value scalar : known.value_or(SmallVector<Value>())) {
    APInt integer;
    if (!matchPattern(scalar, m_ConstantInt(&integer)))
      return error("input " + Twine(i) + " must be constant");
    result.push_back(isUnsigned(i) ? integer.getZExtValue()
                                   : integer.getSExtValue());
  }
  if (!known)
    return error("input " + Twine(i) + " must be constant integers");
  return result;
}

//===----------------------------------------------------------------------===//
// Attributes
//===----------------------------------------------------------------------===//

bool Node::hasAttr(StringRef name) const {
  return llvm::any_of(proto.attribute(), [&](const auto &attr) {
    return StringRef(attr.name()) == name;
  });
}

const onnx::AttributeProto *Node::findAttr(StringRef name, int type,
                                           StringRef typeName) {
  usedAttrs.insert(name);
  for (const onnx::AttributeProto &attr : proto.attribute()) {
    if (StringRef(attr.name()) != name)
      continue;
    if (attr.type() == type && attr.ref_attr_name().empty())
      return &attr;
    (void)error("attribute '" + name + "' must be " + typeName);
    return nullptr;
  }
  return nullptr;
}

int64_t Node::intAttr(StringRef name, int64_t defaultValue) {
  const auto *attr = findAttr(name, onnx::AttributeProto::INT, "an integer");
  return attr ? attr->i() : defaultValue;
}

double Node::floatAttr(StringRef name, double defaultValue) {
  const auto *attr = findAttr(name, onnx::AttributeProto::FLOAT, "a float");
  return attr ? attr->f() : defaultValue;
}

std::string Node::stringAttr(StringRef name, StringRef defaultValue) {
  const auto *attr = findAttr(name, onnx::AttributeProto::STRING, "a string");
  return attr ? attr->s() : defaultValue.str();
}

std::optional<SmallVector<int64_t>> Node::intsAttr(StringRef name) {
  const auto *attr =
      findAttr(name, onnx::AttributeProto::INTS, "a list of integers");
  if (!attr)
    return std::nullopt;
  return SmallVector<int64_t>(attr->ints().begin(), attr->ints().end());
}

std::optional<SmallVector<double>> Node::floatsAttr(StringRef name) {
  const auto *attr =
      findAttr(name, onnx::AttributeProto::FLOATS, "a list of floats");
  if (!attr)
    return std::nullopt;
  return SmallVector<double>(attr->floats().begin(), attr->floats().end());
}

const onnx::TensorProto *Node::tensorAttr(StringRef name) {
  const auto *attr = findAttr(name, onnx::AttributeProto::TENSOR, "a tensor");
  return attr ? &attr->t() : nullptr;
}

FailureOr<Tensor> Node::importTensor(const onnx::TensorProto &tensor) {
  FailureOr<Tensor> result =
      importer.importTensor(tensor, ("tensor of node '" + proto.name() + "' (" +
                                     proto.op_type() + ")"));
  failedAlready |= failed(result);
  return result;
}

int64_t Node::normalizeAxis(int64_t axis, int64_t rank) {
  if (axis >= -rank && axis < rank)
    return axis < 0 ? axis + rank : axis;
  (void)error("axis " + Twine(axis) + " is out of range for rank " +
              Twine(rank));
  return -1;
}

LogicalResult Node::checkAllUsed() {
  for (const onnx::AttributeProto &attr : proto.attribute())
    if (!usedAttrs.contains(attr.name()))
      return error("attribute '" + attr.name() + "' is not supported");
  return success();
}

//===----------------------------------------------------------------------===//
// Outputs
//===----------------------------------------------------------------------===//

bool Node::hasOutput(unsigned i) const {
  return i < numOutputs && !proto.output(i).empty();
}

LogicalResult Node::setOutput(unsigned i, Tensor tensor) {
  if (failedAlready)
    return failure();
  if (!hasOutput(i))
    return success();
  constexpr int64_t limit = int64_t(1) << 40;
  int64_t elements = 1;
  for (int64_t size : tensor.type.getShape())
    if (!ShapedType::isDynamic(size) && size > 0 &&
        (elements = size > limit ? limit + 1 : elements * size) > limit)
      return error("output " + Twine(i) + " is too large");
  if (failed(importer.define(proto.output(i), std::move(tensor)))) {
    failedAlready = true;
    return failure();
  }
  return success();
}

LogicalResult Node::setOutput(unsigned i, Value value, bool isUnsigned) {
  if (!value)
    return failure();
  Tensor tensor;
  tensor.type = cast<RankedTensorType>(value.getType());
  tensor.isUnsigned = isUnsigned;
  tensor.value = value;
  matchPattern(value, m_Constant(&tensor.constant));
  return setOutput(i, std::move(tensor));
}

LogicalResult Node::setScalars(unsigned i, RankedTensorType type,
                               ArrayRef<Value> scalars, bool isUnsigned) {
  Tensor tensor;
  tensor.type = type;
  tensor.isUnsigned = isUnsigned;
  tensor.scalars = SmallVector<Value>(scalars);
  SmallVector<Attribute> constants(scalars.size());
  for (auto [scalar, constant] : llvm::zip_equal(scalars, constants))
    if (!matchPattern(scalar, m_Constant(&constant)))
      return setOutput(i, std::move(tensor));
  tensor.constant = DenseElementsAttr::get(type, constants);
  return setOutput(i, std::move(tensor));
}
