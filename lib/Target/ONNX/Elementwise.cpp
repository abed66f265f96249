// Elementwise operators: arithmetic, comparison, logic, selection, conversion.

#include "Emit.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace rarefy;
using namespace rarefy::frontend;

using B = ImplicitLocOpBuilder;

static bool isFloat(Value value) { return isa<FloatType>(value.getType()); }

static LogicalResult checkFloat(Node &node, unsigned i = 0) {
  if (isa<FloatType>(node.elementType(i)))
    return success();
  return node.error("input " + Twine(i) + " must have float elements");
}

static LogicalResult checkBool(Node &node, unsigned i) {
  if (node.elementType(i).isInteger(1))
    return success();
  return node.error("input " + Twine(i) + " must have boolean elements");
}

static SmallVector<unsigned> allInputs(Node &node) {
  return llvm::to_vector(llvm::seq<unsigned>(0, node.getNumInputs()));
}

//===----------------------------------------------------------------------===//
// Arithmetic of two or more operands
//===----------------------------------------------------------------------===//

using Binary = Value (*)(B &, Value, Value, bool isUnsigned);

template <typename FloatOp, typename SignedOp, typename UnsignedOp = SignedOp>
static Value arithmetic(B &b, Value x, Value y, bool isUnsigned) {
  if (isFloat(x))
    return b.createOrFold<FloatOp>(x, y);
  if (isUnsigned)
    return b.createOrFold<UnsignedOp>(x, y);
  return b.createOrFold<SignedOp>(x, y);
}

/// Divides integers without a trap: by 0 gives the dividend, and by -1 negates,
/// the smallest number to itself.
template <typename SignedOp, typename UnsignedOp>
static Value divideIntegers(B &b, Value x, Value y, bool isUnsigned,
                            Value byMinusOne) {
  auto eq = arith::CmpIPredicate::eq;
  Value zero = scalarConstant(b, y.getType(), 0);
  Value one = scalarConstant(b, y.getType(), 1);
  auto replace = [&](Value divisor, Value isBad) {
    return b.createOrFold<arith::SelectOp>(isBad, one, divisor);
  };
  Value divisor = replace(y, b.createOrFold<arith::CmpIOp>(eq, y, zero));
  if (isUnsigned)
    return b.createOrFold<UnsignedOp>(x, divisor);
  Value isMinusOne =
      b.createOrFold<arith::CmpIOp>(eq, y, scalarConstant(b, y.getType(), -1));
  Value result = b.createOrFold<SignedOp>(x, replace(divisor, isMinusOne));
  return b.createOrFold<arith::SelectOp>(isMinusOne, byMinusOne, result);
}

static Value divide(B &b, Value x, Value y, bool isUnsigned) {
  if (isFloat(x))
    return b.createOrFold<arith::DivFOp>(x, y);
  Value negative =
      b.createOrFold<arith::SubIOp>(scalarConstant(b, x.getType(), 0), x);
  return divideIntegers<arith::DivSIOp, arith::DivUIOp>(b, x, y, isUnsigned,
                                                        negative);
}

/// The remainder with the dividend's sign, as C's.
static Value truncatedMod(B &b, Value x, Value y, bool isUnsigned) {
  if (isFloat(x))
    return b.createOrFold<arith::RemFOp>(x, y);
  return divideIntegers<arith::RemSIOp, arith::RemUIOp>(
      b, x, y, isUnsigned, scalarConstant(b, x.getType(), 0));
}

/// Folds `binary` over all inputs, of which there is at least one.
template <Binary binary> static LogicalResult importArithmetic(Node &node) {
  SmallVector<unsigned> inputs = allInputs(node);
  if (failed(checkSameType(node, inputs)) ||
      (inputs.size() == 2 && failed(checkOldBroadcast(node))))
    return failure();
  bool isUnsigned = node.isUnsigned(0);
  return importElementwise(node, inputs, node.elementType(0), isUnsigned,
                           [&](B &b, ValueRange args) {
                             Value result = args[0];
                             for (Value arg : args.drop_front())
                               result = binary(b, result, arg, isUnsigned);
                             return result;
                           });
}

/// The remainder with the divisor's sign, as Python's.
static Value floorMod(B &b, Value x, Value y, bool isUnsigned) {
  Value rest = truncatedMod(b, x, y, isUnsigned);
  if (isUnsigned)
    return rest;
  Value zero = scalarConstant(b, x.getType(), 0);
  auto ne = arith::CmpIPredicate::ne, slt = arith::CmpIPredicate::slt;
  Value isRest = b.createOrFold<arith::CmpIOp>(ne, rest, zero);
  Value signsDiffer = b.createOrFold<arith::CmpIOp>(
      slt, b.createOrFold<arith::XOrIOp>(rest, y), zero);
  return b.createOrFold<arith::SelectOp>(
      b.createOrFold<arith::AndIOp>(isRest, signsDiffer),
      b.createOrFold<arith::AddIOp>(rest, y), rest);
}

static LogicalResult importMod(Node &node) {
  if (node.intAttr("fmod", 0))
    return importArithmetic<truncatedMod>(node);
  if (isa<FloatType>(node.elementType(0)))
    return node.error("attribute 'fmod' must be 1 for float elements");
  return importArithmetic<floorMod>(node);
}

/// `x` to a constant power that needs no call; null if there is none.
static Value constantPower(B &b, Value x, Value exponent) {
  auto value = [&]() -> std::optional<double> {
    APFloat number(0.0);
    APInt integer;
    if (matchPattern(exponent, m_ConstantFloat(&number)))
      return number.convertToDouble();
    if (matchPattern(exponent, m_ConstantInt(&integer)))
      return integer.getSExtValue();
    return std::nullopt;
  }();
  if (!value)
    return nullptr;
  if (*value == 0.5)
    return b.createOrFold<math::SqrtOp>(x);
  if (*value == 1)
    return x;
  if (*value != 2 && *value != 3)
    return nullptr;
  Value square = b.createOrFold<arith::MulFOp>(x, x);
  return *value == 2 ? square : b.createOrFold<arith::MulFOp>(square, x);
}

static LogicalResult importPow(Node &node) {
  if (failed(checkOldBroadcast(node)))
    return failure();
  Type type = node.elementType(0);
  bool isUnsigned = node.isUnsigned(0), expUnsigned = node.isUnsigned(1);
  return importElementwise(
      node, {0, 1}, type, isUnsigned, [&](B &b, ValueRange args) -> Value {
        Value x = args[0], y = args[1];
        if (isa<FloatType>(type))
          if (Value power = constantPower(b, x, y))
            return power;
        // Integers have powers in f64: exact up to 2^53.
        Type compute = b.getF32Type();
        if (!isa<FloatType>(type) || type.isF64())
          compute = b.getF64Type();
        x = convertScalar(b, x, compute, isUnsigned, false);
        y = convertScalar(b, y, compute, expUnsigned, false);
        return convertScalar(b, b.createOrFold<math::PowFOp>(x, y), type, false,
                             isUnsigned);
      });
}

//===----------------------------------------------------------------------===//
// Functions of one operand
//===----------------------------------------------------------------------===//

using Unary = Value (*)(B &, Value);

/// A function of floats. Those narrower than f32 go through f32.
static LogicalResult
importFloat(Node &node, llvm::function_ref<Value(B &, Value)> function) {
  if (failed(checkFloat(node)))
    return failure();
  Type type = node.elementType(0);
  return importElementwise(node, {0}, type, false, [&](B &b, ValueRange args) {
    Type compute = type.isF64() ? type : b.getF32Type();
    Value x = convertScalar(b, args[0], compute, false, false);
    return convertScalar(b, function(b, x), type, false, false);
  });
}

template <Unary function> static LogicalResult importFloatFunction(Node &node) {
  return importFloat(node, function);
}

template <typename Op> static Value apply(B &b, Value x) {
  return b.createOrFold<Op>(x);
}

static Value number(B &b, Value like, double value) {
  return scalarConstant(b, like.getType(), value);
}
static Value add(B &b, Value x, Value y) {
  return b.createOrFold<arith::AddFOp>(x, y);
}
static Value mul(B &b, Value x, Value y) {
  return b.createOrFold<arith::MulFOp>(x, y);
}

static Value reciprocal(B &b, Value x) {
  return b.createOrFold<arith::DivFOp>(number(b, x, 1), x);
}

static Value sigmoid(B &b, Value x) {
  Value exp = b.createOrFold<math::ExpOp>(b.createOrFold<arith::NegFOp>(x));
  return reciprocal(b, add(b, number(b, x, 1), exp));
}

static Value geluErf(B &b, Value x) {
  Value scaled = mul(b, x, number(b, x, 0.70710678118654752440));
  Value erf = b.createOrFold<math::ErfOp>(scaled);
  return mul(b, mul(b, x, number(b, x, 0.5)), add(b, erf, number(b, x, 1)));
}

static Value geluTanh(B &b, Value x) {
  Value cube = mul(b, mul(b, x, x), x);
  Value inner = add(b, x, mul(b, cube, number(b, x, 0.044715)));
  Value tanh = b.createOrFold<math::TanhOp>(
      mul(b, inner, number(b, x, 0.79788456080286535588)));
  return mul(b, mul(b, x, number(b, x, 0.5)), add(b, tanh, number(b, x, 1)));
}

static LogicalResult importGelu(Node &node) {
  std::string approximate = node.stringAttr("approximate", "none");
  if (approximate == "none")
    return importFloatFunction<geluErf>(node);
  if (approximate == "tanh")
    return importFloatFunction<geluTanh>(node);
  return node.error(
      "attribute 'approximate' must be 'none' or 'tanh', found '" +
      approximate + "'");
}

/// log(1 + exp(x)), without overflow.
static Value softplus(B &b, Value x) {
  Value negative =
      b.createOrFold<arith::NegFOp>(b.createOrFold<math::AbsFOp>(x));
  Value tail =
      b.createOrFold<math::Log1pOp>(b.createOrFold<math::ExpOp>(negative));
  return add(b, b.createOrFold<arith::MaximumFOp>(x, number(b, x, 0)), tail);
}

static LogicalResult importLeakyRelu(Node &node) {
  double alpha = node.floatAttr("alpha", 0.01f);
  return importFloat(node, [&](B &b, Value x) {
    Value negative = b.createOrFold<arith::CmpFOp>(arith::CmpFPredicate::OLT, x,
                                                   number(b, x, 0));
    return b.createOrFold<arith::SelectOp>(negative,
                                           mul(b, x, number(b, x, alpha)), x);
  });
}

using SignedUnary = Value (*)(B &, Value, bool isUnsigned);

/// A function of numbers of any type.
template <SignedUnary function> static LogicalResult importNumber(Node &node) {
  bool isUnsigned = node.isUnsigned(0);
  return importElementwise(
      node, {0}, node.elementType(0), isUnsigned,
      [&](B &b, ValueRange args) { return function(b, args[0], isUnsigned); });
}

static Value absolute(B &b, Value x, bool isUnsigned) {
  if (isFloat(x))
    return b.createOrFold<math::AbsFOp>(x);
  return isUnsigned ? x : b.createOrFold<math::AbsIOp>(x);
}

static Value negate(B &b, Value x, bool) {
  if (isFloat(x))
    return b.createOrFold<arith::NegFOp>(x);
  return b.createOrFold<arith::SubIOp>(scalarConstant(b, x.getType(), 0), x);
}

static Value relu(B &b, Value x, bool isUnsigned) {
  return arithmetic<arith::MaximumFOp, arith::MaxSIOp, arith::MaxUIOp>(
      b, x, scalarConstant(b, x.getType(), 0), isUnsigned);
}

//===----------------------------------------------------------------------===//
// Comparison, logic, selection
//===----------------------------------------------------------------------===//

template <arith::CmpFPredicate onFloat, arith::CmpIPredicate onSigned,
          arith::CmpIPredicate onUnsigned>
static LogicalResult importComparison(Node &node) {
  if (failed(checkSameType(node, {0, 1})))
    return failure();
  // True is larger than false.
  bool isUnsigned = node.isUnsigned(0) || node.elementType(0).isInteger(1);
  return importElementwise(
      node, {0, 1}, node.b.getI1Type(), false,
      [&](B &b, ValueRange args) -> Value {
        if (isFloat(args[0]))
          return b.createOrFold<arith::CmpFOp>(onFloat, args[0], args[1]);
        return b.createOrFold<arith::CmpIOp>(isUnsigned ? onUnsigned : onSigned,
                                             args[0], args[1]);
      });
}

template <typename Op> static LogicalResult importLogic(Node &node) {
  if (failed(checkBool(node, 0)) || failed(checkBool(node, 1)))
    return failure();
  return importElementwise(node, {0, 1}, node.elementType(0), false,
                           [](B &b, ValueRange args) {
                             return b.createOrFold<Op>(args[0], args[1]);
                           });
}

static LogicalResult importNot(Node &node) {
  if (failed(checkBool(node, 0)))
    return failure();
  return importElementwise(node, {0}, node.elementType(0), false,
                           [](B &b, ValueRange args) {
                             Value yes = scalarConstant(b, b.getI1Type(), 1);
                             return b.createOrFold<arith::XOrIOp>(args[0], yes);
                           });
}

static LogicalResult importWhere(Node &node) {
  if (failed(checkBool(node, 0)) || failed(checkSameType(node, {1, 2})))
    return failure();
  return importElementwise(node, {0, 1, 2}, node.elementType(1),
                           node.isUnsigned(1), [](B &b, ValueRange args) {
                             return b.createOrFold<arith::SelectOp>(
                                 args[0], args[1], args[2]);
                           });
}

static LogicalResult importIsNaN(Node &node) {
  if (failed(checkFloat(node)))
    return failure();
  return importElementwise(node, {0}, node.b.getI1Type(), false,
                           [](B &b, ValueRange args) {
                             return b.createOrFold<arith::CmpFOp>(
                                 arith::CmpFPredicate::UNO, args[0], args[0]);
                           });
}

/// Before opset 11 the bounds are attributes.
static LogicalResult importOldClip(Node &node) {
  Type type = node.elementType(0);
  if (!isa<FloatType>(type))
    return node.error("input 0 must have float elements");
  double infinity = std::numeric_limits<double>::infinity();
  Value low = scalarConstant(node.b, type, node.floatAttr("min", -infinity));
  Value high = scalarConstant(node.b, type, node.floatAttr("max", infinity));
  return importElementwise(
      node, {0}, type, false, [&](B &b, ValueRange args) -> Value {
        Value x = b.createOrFold<arith::MaximumFOp>(args[0], low);
        return b.createOrFold<arith::MinimumFOp>(x, high);
      });
}

static LogicalResult importClip(Node &node) {
  if (node.getOpset() < 11)
    return importOldClip(node);
  SmallVector<unsigned> inputs = {0};
  for (unsigned i : {1, 2}) {
    if (!node.hasInput(i))
      continue;
    inputs.push_back(i);
    if (node.type(i).getNumElements() != 1)
      return node.error("input " + Twine(i) + " must be a scalar");
  }
  if (failed(checkSameType(node, inputs)))
    return failure();
  bool isUnsigned = node.isUnsigned(0);
  return importElementwise(
      node, inputs, node.elementType(0), isUnsigned,
      [&](B &b, ValueRange args) {
        Value x = args[0];
        if (node.hasInput(1))
          x = arithmetic<arith::MaximumFOp, arith::MaxSIOp, arith::MaxUIOp>(
              b, x, args[1], isUnsigned);
        if (node.hasInput(2))
          x = arithmetic<arith::MinimumFOp, arith::MinSIOp, arith::MinUIOp>(
              b, x, args.back(), isUnsigned);
        return x;
      });
}

//===----------------------------------------------------------------------===//
// Conversion and passing through
//===----------------------------------------------------------------------===//

static LogicalResult importConversion(Node &node, Type to, bool toUnsigned) {
  // Says how numbers too large for 8-bit floats are rounded.
  (void)node.intAttr("saturate", 1);
  bool fromUnsigned = node.isUnsigned(0);
  if (to == node.elementType(0)) {
    Tensor same = node.in(0);
    same.isUnsigned = toUnsigned;
    return node.setOutput(0, std::move(same));
  }
  return importElementwise(
      node, {0}, to, toUnsigned, [&](B &b, ValueRange args) {
        return convertScalar(b, args[0], to, fromUnsigned, toUnsigned);
      });
}

static LogicalResult importCast(Node &node) {
  int64_t onnxType = node.intAttr("to", 0);
  Type to = node.importer.getElementType(onnxType);
  if (!to)
    return node.error("element type " + Importer::getTypeName(onnxType) +
                      " is not supported");
  return importConversion(node, to, Importer::isUnsignedType(onnxType));
}

static LogicalResult importCastLike(Node &node) {
  return importConversion(node, node.elementType(1), node.isUnsigned(1));
}

static LogicalResult importIdentity(Node &node) {
  return node.setOutput(0, node.in(0));
}

/// Inference only: the data pass, and the mask says that all of them do.
static LogicalResult importDropout(Node &node) {
  (void)node.intAttr("seed", 0);
  if (node.getOpset() < 12)
    (void)node.floatAttr("ratio", 0.5);
  if (node.hasInput(2)) {
    FailureOr<SmallVector<int64_t>> training = node.constantInts(2);
    if (failed(training))
      return failure();
    if (training->size() != 1 || training->front())
      return node.error("training mode is not supported");
  }
  if (failed(node.setOutput(0, node.in(0))) || !node.hasOutput(1))
    return success(!node.hasError());
  Value yes = scalarConstant(node.b, node.b.getI1Type(), 1);
  return node.setOutput(1, filledTensor(node, node.sizes(0), yes));
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

static void addArithmetic(OperatorTable &table) {
  using namespace arith;
  table["Add"] = {importArithmetic<arithmetic<AddFOp, AddIOp>>, 2, 2};
  table["Sub"] = {importArithmetic<arithmetic<SubFOp, SubIOp>>, 2, 2};
  table["Mul"] = {importArithmetic<arithmetic<MulFOp, MulIOp>>, 2, 2};
  table["Div"] = {importArithmetic<divide>, 2, 2};
  table["Min"] = {importArithmetic<arithmetic<MinimumFOp, MinSIOp, MinUIOp>>, 1,
                  variadic};
  table["Max"] = {importArithmetic<arithmetic<MaximumFOp, MaxSIOp, MaxUIOp>>, 1,
                  variadic};
  table["Sum"] = {importArithmetic<arithmetic<AddFOp, AddIOp>>, 1, variadic};
  table["Mod"] = {importMod, 2, 2};
  table["Pow"] = {importPow, 2, 2};
}

static void addFunctions(OperatorTable &table) {
  table["Abs"] = {importNumber<absolute>, 1, 1};
  table["Neg"] = {importNumber<negate>, 1, 1};
  table["Relu"] = {importNumber<relu>, 1, 1};
  table["Sqrt"] = {importFloatFunction<apply<math::SqrtOp>>, 1, 1};
  table["Exp"] = {importFloatFunction<apply<math::ExpOp>>, 1, 1};
  table["Log"] = {importFloatFunction<apply<math::LogOp>>, 1, 1};
  table["Erf"] = {importFloatFunction<apply<math::ErfOp>>, 1, 1};
  table["Sin"] = {importFloatFunction<apply<math::SinOp>>, 1, 1};
  table["Cos"] = {importFloatFunction<apply<math::CosOp>>, 1, 1};
  table["Tanh"] = {importFloatFunction<apply<math::TanhOp>>, 1, 1};
  table["Floor"] = {importFloatFunction<apply<math::FloorOp>>, 1, 1};
  table["Ceil"] = {importFloatFunction<apply<math::CeilOp>>, 1, 1};
  table["Round"] = {importFloatFunction<apply<math::RoundEvenOp>>, 1, 1};
  table["Reciprocal"] = {importFloatFunction<reciprocal>, 1, 1};
  table["Sigmoid"] = {importFloatFunction<sigmoid>, 1, 1};
  table["Softplus"] = {importFloatFunction<softplus>, 1, 1};
  table["LeakyRelu"] = {importLeakyRelu, 1, 1};
  table["Gelu"] = {importGelu, 1, 1, 1, 20};
}

static void addLogic(OperatorTable &table) {
  using F = arith::CmpFPredicate;
  using I = arith::CmpIPredicate;
  table["Equal"] = {importComparison<F::OEQ, I::eq, I::eq>, 2, 2};
  table["Greater"] = {importComparison<F::OGT, I::sgt, I::ugt>, 2, 2};
  table["Less"] = {importComparison<F::OLT, I::slt, I::ult>, 2, 2};
  table["GreaterOrEqual"] = {importComparison<F::OGE, I::sge, I::uge>, 2, 2};
  table["LessOrEqual"] = {importComparison<F::OLE, I::sle, I::ule>, 2, 2};
  table["And"] = {importLogic<arith::AndIOp>, 2, 2};
  table["Or"] = {importLogic<arith::OrIOp>, 2, 2};
  table["Xor"] = {importLogic<arith::XOrIOp>, 2, 2};
  table["Not"] = {importNot, 1, 1};
  table["Where"] = {importWhere, 3, 3};
  table["IsNaN"] = {importIsNaN, 1, 1};
  table["Clip"] = {importClip, 1, 3};
}

void frontend::addElementwiseOperators(OperatorTable &table) {
  addArithmetic(table);
  addFunctions(table);
  addLogic(table);
  table["Cast"] = {importCast, 1, 1};
  table["CastLike"] = {importCastLike, 2, 2, 1, 15};
  table["Identity"] = {importIdentity, 1, 1};
  table["Dropout"] = {importDropout, 1, 3, 2};
}
