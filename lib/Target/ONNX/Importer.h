// The importer's core: tensors of the graph, the scope that names them, and
// what an operator's handler sees of its node. Not installed.

#ifndef RAREFY_LIB_TARGET_ONNX_IMPORTER_H
#define RAREFY_LIB_TARGET_ONNX_IMPORTER_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "rarefy/Support/LLVM.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"
#include <memory>
#include <optional>

namespace onnx {
class AttributeProto;
class GraphProto;
class ModelProto;
class NodeProto;
class TensorProto;
class TypeProto;
class ValueInfoProto;
} // namespace onnx

// `onnx` is protobuf's namespace.
namespace rarefy::frontend {

class Importer;

using Sizes = SmallVector<OpFoldResult>;

/// A tensor of the graph: an SSA value, a constant, or (what shape computations
/// are made of) one scalar SSA value for each element.
struct Tensor {
  RankedTensorType type;
  /// Element types are signless in the IR; this is what ONNX says.
  bool isUnsigned = false;
  Value value;
  ElementsAttr constant;
  std::optional<SmallVector<Value>> scalars;
};

/// What a handler sees of its node. Accessors report the first error they meet;
/// the importer looks at it after the handler, so handlers need not.
class Node {
public:
  Node(Importer &importer, const onnx::NodeProto &proto, int64_t opset);

  Importer &importer;
  ImplicitLocOpBuilder &b;

  int64_t getOpset() const { return opset; }
  StringRef getOperator() const;
  /// Emits "node 'name' (Operator): message", unless an error came before.
  LogicalResult error(const Twine &message);
  bool hasError() const { return failedAlready; }
  /// Name and operator, for a person.
  std::string describe() const;
  /// Has the model say at run time that it `expected` something else of its
  /// data, unless `condition` holds.
  void require(Value condition, const Twine &expected);

  // Inputs. Those below the operator's `minInputs` are present.
  unsigned getNumInputs() const { return inputs.size(); }
  bool hasInput(unsigned i) const { return i < inputs.size() && inputs[i]; }
  Tensor &in(unsigned i) { return *inputs[i]; }
  /// The input as one SSA tensor.
  Value value(unsigned i);
  RankedTensorType type(unsigned i) { return in(i).type; }
  Type elementType(unsigned i) { return type(i).getElementType(); }
  int64_t rank(unsigned i) { return type(i).getRank(); }
  bool isUnsigned(unsigned i) { return in(i).isUnsigned; }
  /// Sizes of an input: attributes where static, index values elsewhere.
  Sizes sizes(unsigned i);
  /// Elements of a small input, in row-major order, one SSA value each.
  /// Nothing if the importer does not know them.
  std::optional<SmallVector<Value>> scalars(unsigned i);
  /// The same for any small input of static shape, read out of the tensor
  /// where they are not known.
  FailureOr<SmallVector<Value>> extractScalars(unsigned i);
  /// An integer input whose value is known at import; an error otherwise.
  FailureOr<SmallVector<int64_t>> constantInts(unsigned i);
  bool isConstant(unsigned i) { return bool(in(i).constant); }

  // Attributes. One that no accessor asked for is an error.
  bool hasAttr(StringRef name) const;
  int64_t intAttr(StringRef name, int64_t defaultValue);
  double floatAttr(StringRef name, double defaultValue);
  std::string stringAttr(StringRef name, StringRef defaultValue);
  std::optional<SmallVector<int64_t>> intsAttr(StringRef name);
  std::optional<SmallVector<double>> floatsAttr(StringRef name);
  /// A tensor attribute; null when absent or wrong.
  const onnx::TensorProto *tensorAttr(StringRef name);
  FailureOr<Tensor> importTensor(const onnx::TensorProto &proto);
  /// `axis` counted from the end if negative; -1 and an error if out of range.
  int64_t normalizeAxis(int64_t axis, int64_t rank);

  // Outputs.
  unsigned getNumOutputs() const { return numOutputs; }
  bool hasOutput(unsigned i) const;
  LogicalResult setOutput(unsigned i, Tensor tensor);
  LogicalResult setOutput(unsigned i, Value value, bool isUnsigned = false);
  /// An output given element by element.
  LogicalResult setScalars(unsigned i, RankedTensorType type,
                           ArrayRef<Value> scalars, bool isUnsigned = false);
  /// An output of unchanged elements: it has input `like`'s signedness.
  LogicalResult setOutputLike(unsigned i, Value value, unsigned like = 0) {
    return setOutput(i, value, isUnsigned(like));
  }

private:
  friend class Importer;
  const onnx::AttributeProto *findAttr(StringRef name, int type,
                                       StringRef typeName);
  LogicalResult checkAllUsed();

  const onnx::NodeProto &proto;
  int64_t opset;
  unsigned numOutputs;
  bool failedAlready = false;
  SmallVector<Tensor *> inputs;
  llvm::StringSet<> usedAttrs;
};

/// How an operator is imported, and which nodes are well formed.
struct Operator {
  LogicalResult (*import)(Node &);
  unsigned minInputs;
  unsigned maxInputs;
  unsigned maxOutputs = 1;
  /// First opset whose definition says what is imported.
  int64_t since = 13;
};

constexpr unsigned variadic = ~0u;

using OperatorTable = llvm::StringMap<Operator>;

// Each family of operators is a file of its own.
void addAttentionOperators(OperatorTable &table);
void addEinsumOperators(OperatorTable &table);
void addElementwiseOperators(OperatorTable &table);
void addGatheringOperators(OperatorTable &table);
void addMatMulOperators(OperatorTable &table);
void addNormalizationOperators(OperatorTable &table);
void addPoolOperators(OperatorTable &table);
void addQuantizationOperators(OperatorTable &table);
void addReductionOperators(OperatorTable &table);
void addShapeOperators(OperatorTable &table);
void addSlicingOperators(OperatorTable &table);
void addWindowOperators(OperatorTable &table);

/// Imports one model.
class Importer {
public:
  /// `path` is the model's, or empty if external data cannot be found.
  Importer(MLIRContext *context, StringRef displayName, StringRef path);

  OwningOpRef<ModuleOp> import(std::shared_ptr<onnx::ModelProto> model);

  LogicalResult error(const Twine &message);
  Tensor *lookup(StringRef name);
  LogicalResult define(StringRef name, Tensor tensor);
  /// The tensor as one SSA value, made where it does not exist yet.
  Value materialize(Tensor &tensor);
  /// Decodes a tensor's data; large ones alias `proto`, which must live as long
  /// as the model.
  FailureOr<Tensor> importTensor(const onnx::TensorProto &proto,
                                 StringRef what);
  /// The tensor's elements as scalar constants, if it is a small constant.
  std::optional<SmallVector<Value>> constantScalars(const Tensor &tensor);
  /// The IR's type of an ONNX element type; null if there is none.
  Type getElementType(int onnxType);
  static std::string getTypeName(int onnxType);
  static bool isUnsignedType(int onnxType);

  /// Sizes of `value`, which refer to the function's arguments where possible.
  Sizes getSizes(Value value);
  void recordSizes(Value value, ArrayRef<OpFoldResult> sizes);

  ImplicitLocOpBuilder b;

private:
  LogicalResult checkModel();
  LogicalResult importGraph(const onnx::GraphProto &graph);
  LogicalResult importInputs(const onnx::GraphProto &graph);
  LogicalResult importInitializers(const onnx::GraphProto &graph);
  LogicalResult importNode(const onnx::NodeProto &proto);
  LogicalResult verifyOps(Node &node, ArrayRef<Operation *> ops);
  /// Replaces the outputs of a node of constants, which emitted `ops`, by
  /// constants.
  void foldOutputs(const Node &node, ArrayRef<Operation *> ops);
  LogicalResult importOutputs(const onnx::GraphProto &graph);
  FailureOr<RankedTensorType> importType(const onnx::TypeProto &type,
                                         StringRef what);
  Sizes getArgumentSizes(BlockArgument argument,
                         const onnx::ValueInfoProto &info);
  FailureOr<ArrayRef<char>> getRawData(const onnx::TensorProto &proto,
                                       StringRef what);
  FailureOr<ArrayRef<char>> getExternalData(const onnx::TensorProto &proto,
                                            StringRef what);
  FailureOr<ArrayRef<char>> mapExternalFile(StringRef location, StringRef what);
  ElementsAttr makeConstant(RankedTensorType type, ArrayRef<char> data,
                            StringRef name);

  /// What constants alias: kept alive by the blobs that refer to it.
  struct Storage;
  std::shared_ptr<Storage> storage;

  std::string displayName;
  std::string path;
  const onnx::ModelProto *model = nullptr;
  OwningOpRef<ModuleOp> module;
  func::FuncOp function;
  OperatorTable operators;
  llvm::StringMap<int64_t> opsets;
  llvm::StringMap<Tensor> tensors;
  /// Sizes of the named dynamic dimensions.
  llvm::StringMap<Value> dimensions;
  DenseMap<Value, Sizes> sizes;
};

} // namespace rarefy::frontend

#endif // RAREFY_LIB_TARGET_ONNX_IMPORTER_H
