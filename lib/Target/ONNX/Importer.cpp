// The importer's core: the model, the graph's scope, and the walk over nodes.

#include "Importer.h"
#include "Emit.h"
#include "Fold.h"
#include "Protobuf.h"
#include "Storage.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Dominance.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/CSE.h"
#include "rarefy/Dialect/Rarefy/IR/Rarefy.h"
#include "rarefy/Support/Files.h"
#include "rarefy/Target/ONNX/ImportONNX.h"

using namespace rarefy;
using namespace rarefy::frontend;

/// Operators whose definition of opset 13 is that of earlier ones, but for
/// element types, and but for attributes that became inputs: handlers read
/// both.
static constexpr std::pair<StringLiteral, int64_t> sinceBefore13[] = {
    {"Abs", 6},
    {"Add", 6},
    {"And", 7},
    {"ArgMax", 1},
    {"ArgMin", 1},
    {"AveragePool", 1},
    {"BatchNormalization", 1},
    {"Cast", 6},
    {"Ceil", 6},
    {"Clip", 6},
    {"Constant", 1},
    {"ConstantOfShape", 9},
    {"Conv", 1},
    {"Cos", 7},
    {"Div", 6},
    {"Dropout", 7},
    {"Equal", 7},
    {"Erf", 9},
    {"Exp", 6},
    {"Expand", 8},
    {"Flatten", 1},
    {"Floor", 6},
    {"Gather", 1},
    {"Gemm", 6},
    {"GlobalAveragePool", 1},
    {"Greater", 7},
    {"Identity", 1},
    {"IsNaN", 9},
    {"LeakyRelu", 6},
    {"Less", 7},
    {"Log", 6},
    {"LogSoftmax", 1},
    {"MatMul", 1},
    {"MatMulInteger", 10},
    {"Max", 6},
    {"MaxPool", 1},
    {"Min", 6},
    {"Mul", 6},
    {"Neg", 6},
    {"Not", 1},
    {"Or", 7},
    {"Pow", 1},
    {"Range", 11},
    {"Reciprocal", 6},
    {"ReduceL1", 1},
    {"ReduceL2", 1},
    {"ReduceMax", 1},
    {"ReduceMean", 1},
    {"ReduceMin", 1},
    {"ReduceProd", 1},
    {"ReduceSum", 1},
    {"ReduceSumSquare", 1},
    {"Relu", 6},
    {"Reshape", 5},
    {"Round", 11},
    {"Shape", 1},
    {"Sigmoid", 6},
    {"Sin", 7},
    {"Slice", 1},
    {"Softmax", 1},
    {"Softplus", 1},
    {"Sqrt", 6},
    {"Squeeze", 1},
    {"Sub", 6},
    {"Tanh", 6},
    {"Transpose", 1},
    {"Unsqueeze", 1},
    {"Where", 9},
    {"Xor", 7},
};

Importer::Importer(MLIRContext *context, StringRef displayName, StringRef path)
    : b(UnknownLoc::get(context), context),
      storage(std::make_shared<Storage>()), displayName(displayName),
      path(path) {
  addAttentionOperators(operators);
  addEinsumOperators(operators);
  addElementwiseOperators(operators);
  addGatheringOperators(operators);
  addMatMulOperators(operators);
  addNormalizationOperators(operators);
  addPoolOperators(operators);
  addQuantizationOperators(operators);
  addReductionOperators(operators);
  addShapeOperators(operators);
  addSlicingOperators(operators);
  addWindowOperators(operators);
  for (auto [name, opset] : sinceBefore13)
    operators.find(name)->second.since = opset;
}

LogicalResult Importer::error(const Twine &message) {
  return emitError(UnknownLoc::get(b.getContext()))
         << displayName << ": " << message;
}

//===----------------------------------------------------------------------===//
// The scope
//===----------------------------------------------------------------------===//

Tensor *Importer::lookup(StringRef name) {
  auto it = tensors.find(name);
  return it == tensors.end() ? nullptr : &it->second;
}

LogicalResult Importer::define(StringRef name, Tensor tensor) {
  if (!tensors.try_emplace(name, std::move(tensor)).second)
    return error("value '" + name + "' is defined twice");
  return success();
}

Value Importer::materialize(Tensor &tensor) {
  if (tensor.value)
    return tensor.value;
  if (tensor.constant)
    tensor.value = arith::ConstantOp::create(b, tensor.constant);
  else
    tensor.value =
        tensor::FromElementsOp::create(b, tensor.type, *tensor.scalars);
  return tensor.value;
}

void Importer::recordSizes(Value value, ArrayRef<OpFoldResult> known) {
  sizes[value] = Sizes(known);
}

/// Sizes that the op which makes `value` says; nothing if it does not.
static std::optional<Sizes> sizesOfProducer(Importer &importer, Value value) {
  auto result = dyn_cast<OpResult>(value);
  if (!result)
    return std::nullopt;
  Operation *op = result.getOwner();
  if (auto dps = dyn_cast<DestinationStyleOpInterface>(op))
    return importer.getSizes(dps.getTiedOpOperand(result)->get());
  if (auto empty = dyn_cast<tensor::EmptyOp>(op))
    return empty.getMixedSizes();
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
    return expand.getMixedOutputShape();
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op);
      slice && slice.getSourceType().getRank() == slice.getType().getRank())
    return slice.getMixedSizes();
  return std::nullopt;
}

Sizes Importer::getSizes(Value value) {
  if (auto it = sizes.find(value); it != sizes.end())
    return it->second;
  auto type = cast<RankedTensorType>(value.getType());
  Sizes result;
  if (type.hasStaticShape())
    result = getAsIndexOpFoldResult(b.getContext(), type.getShape());
  else if (std::optional<Sizes> known = sizesOfProducer(*this, value))
    result = *known;
  else
    result = tensor::getMixedSizes(b, b.getLoc(), value);
  recordSizes(value, result);
  return result;
}

//===----------------------------------------------------------------------===//
// The graph
//===----------------------------------------------------------------------===//

FailureOr<RankedTensorType> Importer::importType(const onnx::TypeProto &type,
                                                 StringRef what) {
  if (!type.has_tensor_type())
    return error(what + " is not a tensor");
  const onnx::TypeProto_Tensor &tensor = type.tensor_type();
  Type element = getElementType(tensor.elem_type());
  if (!element)
    return error(what + ": element type " + getTypeName(tensor.elem_type()) +
                 " is not supported");
  if (!tensor.has_shape())
    return error(what + " has no shape");
  SmallVector<int64_t> shape;
  for (const onnx::TensorShapeProto_Dimension &dim : tensor.shape().dim()) {
    shape.push_back(dim.has_dim_value() ? dim.dim_value()
                                        : ShapedType::kDynamic);
    constexpr int64_t limit = int64_t(1) << 31;
    if (dim.has_dim_value() && (dim.dim_value() < 0 || dim.dim_value() > limit))
      return error(what + ": size " + Twine(dim.dim_value()) +
                   " is out of range");
  }
  return RankedTensorType::get(shape, element);
}

Sizes Importer::getArgumentSizes(BlockArgument argument,
                                 const onnx::ValueInfoProto &info) {
  Sizes result;
  const auto &dims = info.type().tensor_type().shape().dim();
  for (auto [i, dim] : llvm::enumerate(dims)) {
    if (dim.has_dim_value()) {
      result.push_back(b.getIndexAttr(dim.dim_value()));
      continue;
    }
    // Dimensions of one name have one size.
    Value unnamed;
    Value &size =
        dim.dim_param().empty() ? unnamed : dimensions[dim.dim_param()];
    if (!size)
      size = tensor::DimOp::create(b, argument, i);
    result.push_back(size);
  }
  return result;
}

static void describeArgument(func::FuncOp function, unsigned index,
                             const onnx::ValueInfoProto &info) {
  Builder b(function.getContext());
  function.setArgAttr(index, "rarefy.name", b.getStringAttr(info.name()));
  const onnx::TypeProto_Tensor &tensor = info.type().tensor_type();
  if (Importer::isUnsignedType(tensor.elem_type()))
    function.setArgAttr(index, "rarefy.unsigned", b.getUnitAttr());
  SmallVector<StringRef> names;
  for (const auto &dim : tensor.shape().dim())
    names.push_back(dim.dim_param());
  if (llvm::any_of(names, [](StringRef name) { return !name.empty(); }))
    function.setArgAttr(index, "rarefy.dims", b.getStrArrayAttr(names));
}

LogicalResult Importer::importInputs(const onnx::GraphProto &graph) {
  SmallVector<const onnx::ValueInfoProto *> inputs;
  SmallVector<Type> types;
  for (const onnx::ValueInfoProto &info : graph.input()) {
    // Old models list their initialisers as inputs, too.
    if (lookup(info.name()))
      continue;
    FailureOr<RankedTensorType> type =
        importType(info.type(), "input '" + info.name() + "'");
    if (failed(type))
      return failure();
    inputs.push_back(&info);
    types.push_back(*type);
  }
  function = func::FuncOp::create(b, "main", b.getFunctionType(types, {}));
  b.setInsertionPointToStart(function.addEntryBlock());
  for (auto [i, info] : llvm::enumerate(inputs)) {
    describeArgument(function, i, *info);
    Tensor tensor;
    tensor.value = function.getArgument(i);
    tensor.type = cast<RankedTensorType>(types[i]);
    tensor.isUnsigned = isUnsignedType(info->type().tensor_type().elem_type());
    recordSizes(tensor.value, getArgumentSizes(function.getArgument(i), *info));
    if (failed(define(info->name(), std::move(tensor))))
      return failure();
  }
  return success();
}

LogicalResult Importer::importInitializers(const onnx::GraphProto &graph) {
  if (graph.sparse_initializer_size())
    return error("sparse initialisers are not supported");
  for (const onnx::TensorProto &proto : graph.initializer()) {
    FailureOr<Tensor> tensor =
        importTensor(proto, "initialiser '" + proto.name() + "'");
    if (failed(tensor) || failed(define(proto.name(), std::move(*tensor))))
      return failure();
  }
  return success();
}

/// The message of what is wrong with the number of a node's inputs or outputs;
/// empty if nothing is.
static std::string checkArity(const onnx::NodeProto &proto,
                              const Operator &op) {
  auto count = [](StringRef what, int64_t expected, int64_t found,
                  StringRef bound) {
    return ("expected " + bound + " " + Twine(expected) + " " + what +
            ", found " + Twine(found))
        .str();
  };
  auto numInputs = static_cast<unsigned>(proto.input_size());
  if (numInputs < op.minInputs)
    return count("inputs", op.minInputs, numInputs, "at least");
  if (numInputs > op.maxInputs)
    return count("inputs", op.maxInputs, numInputs, "at most");
  auto numOutputs = static_cast<unsigned>(proto.output_size());
  if (numOutputs > op.maxOutputs)
    return count("outputs", op.maxOutputs, numOutputs, "at most");
  unsigned required = op.maxInputs == variadic ? numInputs : op.minInputs;
  for (unsigned i = 0; i < required; ++i)
    if (proto.input(i).empty())
      return ("input " + Twine(i) + " is missing").str();
  return "";
}

static StringRef canonicalDomain(StringRef domain) {
  return domain == "ai.onnx" ? "" : domain;
}

LogicalResult Importer::importNode(const onnx::NodeProto &proto) {
  StringRef domain = canonicalDomain(proto.domain());
  Node node(*this, proto, opsets.lookup(domain));
  auto op =
      operators.find(domain.empty() ? proto.op_type()
                                    : (domain + "." + proto.op_type()).str());
  if (op == operators.end())
    return node.error("operator is not supported");
  if (node.getOpset() < op->second.since)
    return node.error("operator needs opset " + Twine(op->second.since) +
                      ", found " + Twine(node.getOpset()));
  if (std::string message = checkArity(proto, op->second); !message.empty())
    return node.error(message);
  for (const std::string &name : proto.input()) {
    node.inputs.push_back(name.empty() ? nullptr : lookup(name));
    if (!name.empty() && !node.inputs.back())
      return node.error("input '" + name + "' is not defined before the node");
  }
  StringRef name = proto.name();
  if (name.empty() && proto.output_size())
    name = proto.output(0);
  b.setLoc(NameLoc::get(b.getStringAttr(name.empty() ? "node" : name)));
  Block *block = b.getInsertionBlock();
  Operation *before = block->empty() ? nullptr : &block->back();
  if (failed(op->second.import(node)) || node.hasError())
    return node.error("cannot be imported");
  if (failed(node.checkAllUsed()))
    return failure();
  for (unsigned i = 0; i < node.getNumOutputs(); ++i)
    if (node.hasOutput(i) && !lookup(proto.output(i)))
      return node.error("output " + Twine(i) + " is not supported");
  Block::iterator first =
      before ? std::next(before->getIterator()) : block->begin();
  SmallVector<Operation *> ops;
  for (Operation &op : llvm::make_range(first, block->end()))
    ops.push_back(&op);
  if (failed(verifyOps(node, ops)))
    return failure();
  foldOutputs(node, ops);
  return success();
}

/// What a handler does not check, the ops that it made do; their message alone
/// would not say where in the model the error is.
LogicalResult Importer::verifyOps(Node &node, ArrayRef<Operation *> ops) {
  std::string message;
  {
    ScopedDiagnosticHandler handler(b.getContext(), [&](Diagnostic &error) {
      if (message.empty())
        message = error.str();
    });
    if (llvm::all_of(ops, [](Operation *op) { return succeeded(verify(op)); }))
      return success();
  }
  return node.error(message);
}

void Importer::foldOutputs(const Node &node, ArrayRef<Operation *> ops) {
  bool isConstant = llvm::all_of(
      node.inputs, [](Tensor *input) { return !input || input->constant; });
  if (!isConstant || node.inputs.empty() || ops.empty())
    return;
  Evaluator evaluator;
  if (failed(evaluator.run(ops)))
    return;
  for (const std::string &name : node.proto.output()) {
    Tensor *tensor = lookup(name);
    Operation *op =
        tensor && tensor->value ? tensor->value.getDefiningOp() : nullptr;
    if (!op || tensor->constant || !llvm::is_contained(ops, op))
      continue;
    const std::string &data =
        storage->decoded.emplace_back(evaluator.getData(tensor->value));
    tensor->constant = makeConstant(tensor->type, data, name);
    tensor->value = nullptr;
  }
}

/// Erases what handlers leave unused: sizes, and what was folded.
static void eraseUnused(func::FuncOp function) {
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(function.getBody().front())))
    if (isOpTriviallyDead(&op))
      op.erase();
}

LogicalResult Importer::importOutputs(const onnx::GraphProto &graph) {
  SmallVector<Value> values;
  SmallVector<DictionaryAttr> attributes;
  b.setLoc(b.getUnknownLoc());
  for (const onnx::ValueInfoProto &info : graph.output()) {
    std::string what = "output '" + info.name() + "'";
    Tensor *tensor = lookup(info.name());
    if (!tensor)
      return error(what + " is not defined");
    Value value = materialize(*tensor);
    // What the file says of the shape may add to what the importer knows.
    if (info.type().tensor_type().has_shape()) {
      FailureOr<RankedTensorType> type = importType(info.type(), what);
      if (failed(type))
        return failure();
      if (type->getElementType() != tensor->type.getElementType() ||
          failed(verifyCompatibleShape(*type, tensor->type)))
        return error(Twine(what) + " does not have its declared type");
      if (!tensor->type.hasStaticShape() && type->hasStaticShape())
        value = tensor::CastOp::create(b, *type, value);
    }
    values.push_back(value);
    NamedAttrList list;
    list.append("rarefy.name", b.getStringAttr(info.name()));
    if (tensor->isUnsigned)
      list.append("rarefy.unsigned", b.getUnitAttr());
    attributes.push_back(list.getDictionary(b.getContext()));
  }
  func::ReturnOp::create(b, values);
  function.setType(b.getFunctionType(function.getArgumentTypes(),
                                     ValueRange(values).getTypes()));
  function.setAllResultAttrs(attributes);
  return success();
}

LogicalResult Importer::importGraph(const onnx::GraphProto &graph) {
  b.setInsertionPointToStart(module->getBody());
  if (failed(importInitializers(graph)) || failed(importInputs(graph)))
    return failure();
  for (const onnx::NodeProto &node : graph.node())
    if (failed(importNode(node)))
      return failure();
  return importOutputs(graph);
}

LogicalResult Importer::checkModel() {
  // Operators of 24 to 28 are those of 23 with more types, attributes and
  // inputs, each an error of its own.
  constexpr int64_t minOpset = 1, maxOpset = 28;
  for (const onnx::OperatorSetIdProto &opset : model->opset_import()) {
    StringRef domain = canonicalDomain(opset.domain());
    opsets[domain] = opset.version();
  }
  if (model->training_info_size())
    return error("training is not supported");
  if (!model->has_graph() || !opsets.contains(""))
    return error("not an ONNX model: it has no graph or no opset");
  if (int64_t version = opsets[""]; version < minOpset || version > maxOpset)
    return error("opset " + Twine(version) + " is not supported, expected " +
                 Twine(minOpset) + " to " + Twine(maxOpset));
  return success();
}

OwningOpRef<ModuleOp>
Importer::import(std::shared_ptr<onnx::ModelProto> proto) {
  storage->model = std::move(proto);
  model = storage->model.get();
  module = ModuleOp::create(UnknownLoc::get(b.getContext()));
  if (failed(checkModel()) || failed(importGraph(model->graph())) ||
      failed(verify(*module)))
    return nullptr;
  eraseUnused(function);
  // Handlers leave several of each constant and size.
  IRRewriter rewriter(b.getContext());
  DominanceInfo dominance(*module);
  eliminateCommonSubExpressions(rewriter, dominance, *module);
  return std::move(module);
}

//===----------------------------------------------------------------------===//
// Entry points
//===----------------------------------------------------------------------===//

OwningOpRef<ModuleOp> rarefy::importONNX(llvm::MemoryBufferRef buffer,
                                         MLIRContext *context, bool hasPath) {
  context
      ->loadDialect<arith::ArithDialect, cf::ControlFlowDialect,
                    func::FuncDialect, linalg::LinalgDialect, math::MathDialect,
                    tensor::TensorDialect, RarefyDialect>();
  StringRef name = buffer.getBufferIdentifier();
  Importer importer(context, name, hasPath ? name : "");
  auto model = std::make_shared<onnx::ModelProto>();
  // Its own message about a damaged file would go straight to stderr.
  google::protobuf::LogSilencer silencer;
  if (buffer.getBufferSize() > INT_MAX ||
      !model->ParseFromArray(buffer.getBufferStart(), buffer.getBufferSize()))
    return (void)importer.error("not an ONNX model: it cannot be parsed"),
           nullptr;
  return importer.import(std::move(model));
}

OwningOpRef<ModuleOp> rarefy::importONNX(StringRef path, MLIRContext *context) {
  auto buffer = readInput(path);
  if (buffer)
    return importONNX(**buffer, context, /*hasPath=*/true);
  emitError(UnknownLoc::get(context)) << llvm::toString(buffer.takeError());
  return nullptr;
}
