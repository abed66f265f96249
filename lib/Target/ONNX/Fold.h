// Evaluation of the IR that handlers emit for constant nodes. Not installed.

#ifndef RAREFY_LIB_TARGET_ONNX_FOLD_H
#define RAREFY_LIB_TARGET_ONNX_FOLD_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"
#include "rarefy/Support/LLVM.h"
#include "llvm/ADT/DenseMap.h"
#include <memory>
#include <string>
#include <vector>

namespace rarefy::frontend {

/// The value of a scalar: a double for float types, otherwise an integer that
/// is sign-extended from its type.
union Number {
  double real;
  int64_t integer;
};

/// Computes one scalar op; `operands` are its operands' values.
using ScalarFunction = Number (*)(Operation *op, const Number *operands);
/// The function of an arith or math op; null if there is none.
ScalarFunction getScalarFunction(Operation *op);
/// `value` as `type` holds it: rounded, or cut to its bits.
Number fitNumber(Number value, Type type);

/// A number of `type` at or from `data`, as ONNX and MLIR lay it out.
Number decodeNumber(const char *data, Type type);
void encodeNumber(Number number, Type type, char *data);

/// Evaluates straight-line tensor IR. Gives up on an op that it does not know
/// and on more work than importing should take.
class Evaluator {
public:
  /// Runs `ops`, which see constants and each other's results only.
  LogicalResult run(ArrayRef<Operation *> ops);
  /// The data of a tensor that was computed.
  std::string getData(Value value) const;

private:
  using Array = std::vector<Number>;
  struct Kernel;

  LogicalResult evaluate(Operation *op);
  LogicalResult evaluateScalar(Operation *op);
  LogicalResult evaluateLinalg(Operation *op);
  LogicalResult evaluateSlice(Operation *op);
  LogicalResult evaluateConcat(Operation *op);
  const Array *getArray(Value value);
  void setArray(Value value, Array array);
  FailureOr<Number> getNumber(Value value);
  LogicalResult compile(Block &block, Kernel &kernel);
  LogicalResult execute(Kernel &kernel, ArrayRef<int64_t> loops);

  /// Behind pointers, which kernels hold while more arrays are added.
  DenseMap<Value, std::unique_ptr<Array>> arrays;
  DenseMap<Value, Number> numbers;
  int64_t steps = 0;
};

} // namespace rarefy::frontend

#endif // RAREFY_LIB_TARGET_ONNX_FOLD_H
