// Scalar arithmetic on numbers known at import.

#include "Fold.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace rarefy;
using namespace rarefy::frontend;

static unsigned bitWidth(Type type) {
  return type.isIndex() ? 64 : type.getIntOrFloatBitWidth();
}

static APFloat toFloat(double value, Type type) {
  APFloat result(value);
  bool losesInfo;
  result.convert(cast<FloatType>(type).getFloatSemantics(),
                 APFloat::rmNearestTiesToEven, &losesInfo);
  return result;
}

Number frontend::fitNumber(Number value, Type type) {
  if (type.isF64())
    return value;
  if (type.isF32())
    return {.real = static_cast<float>(value.real)};
  if (isa<FloatType>(type))
    return {.real = toFloat(value.real, type).convertToDouble()};
  unsigned bits = bitWidth(type);
  return {.integer = bits == 64 ? value.integer
                                : llvm::SignExtend64(value.integer, bits)};
}

Number frontend::decodeNumber(const char *data, Type type) {
  unsigned bits = bitWidth(type);
  uint64_t raw = 0;
  memcpy(&raw, data, (bits + 7) / 8);
  if (type.isF64())
    return {.real = llvm::bit_cast<double>(raw)};
  if (type.isF32())
    return {.real = llvm::bit_cast<float>(static_cast<uint32_t>(raw))};
  if (auto floatType = dyn_cast<FloatType>(type))
    return {.real = APFloat(floatType.getFloatSemantics(), APInt(bits, raw))
                        .convertToDouble()};
  return fitNumber({.integer = static_cast<int64_t>(raw)}, type);
}

void frontend::encodeNumber(Number number, Type type, char *data) {
  unsigned bits = bitWidth(type);
  uint64_t raw = number.integer;
  if (type.isF64())
    raw = llvm::bit_cast<uint64_t>(number.real);
  else if (isa<FloatType>(type))
    raw = toFloat(number.real, type).bitcastToAPInt().getZExtValue();
  else if (bits == 1)
    raw = number.integer != 0;
  memcpy(data, &raw, (bits + 7) / 8);
}

static uint64_t zeroExtend(Operation *op, Number number) {
  unsigned bits = bitWidth(op->getOperand(0).getType());
  return bits == 64 ? number.integer
                    : number.integer & llvm::maskTrailingOnes<uint64_t>(bits);
}

//===----------------------------------------------------------------------===//
// Families of ops
//===----------------------------------------------------------------------===//

template <double (*function)(double)>
static Number unary(Operation *, const Number *x) {
  return {.real = function(x[0].real)};
}

template <double (*function)(double, double)>
static Number binary(Operation *, const Number *x) {
  return {.real = function(x[0].real, x[1].real)};
}

template <int64_t (*function)(int64_t, int64_t)>
static Number signedBinary(Operation *, const Number *x) {
  return {.integer = function(x[0].integer, x[1].integer)};
}

template <uint64_t (*function)(uint64_t, uint64_t)>
static Number unsignedBinary(Operation *op, const Number *x) {
  uint64_t result = function(zeroExtend(op, x[0]), zeroExtend(op, x[1]));
  return {.integer = static_cast<int64_t>(result)};
}

static Number fromUnsigned(Operation *op, const Number *x) {
  return {.integer = static_cast<int64_t>(zeroExtend(op, x[0]))};
}
static Number same(Operation *, const Number *x) { return x[0]; }

static Number select(Operation *, const Number *x) {
  return x[0].integer ? x[1] : x[2];
}

static Number compareIntegers(Operation *op, const Number *x) {
  unsigned bits = bitWidth(op->getOperand(0).getType());
  auto number = [&](Number n) {
    return APInt(bits, n.integer, /*isSigned=*/true, /*implicitTrunc=*/true);
  };
  bool result = arith::applyCmpPredicate(cast<arith::CmpIOp>(op).getPredicate(),
                                         number(x[0]), number(x[1]));
  return {.integer = -int64_t(result)};
}

static Number compareFloats(Operation *op, const Number *x) {
  bool result =
      arith::applyCmpPredicate(cast<arith::CmpFOp>(op).getPredicate(),
                               APFloat(x[0].real), APFloat(x[1].real));
  return {.integer = -int64_t(result)};
}

static Number signedToFloat(Operation *, const Number *x) {
  return {.real = static_cast<double>(x[0].integer)};
}
static Number unsignedToFloat(Operation *op, const Number *x) {
  return {.real = static_cast<double>(zeroExtend(op, x[0]))};
}

/// What does not fit has no value in the IR, and the end of the range here.
template <bool isSigned>
static Number floatToInteger(Operation *op, const Number *x) {
  llvm::APSInt result(bitWidth(op->getResult(0).getType()), !isSigned);
  bool isExact;
  APFloat(x[0].real).convertToInteger(result, APFloat::rmTowardZero, &isExact);
  return {.integer = result.sextOrTrunc(64).getSExtValue()};
}

static double add(double x, double y) { return x + y; }
static double subtract(double x, double y) { return x - y; }
static double multiply(double x, double y) { return x * y; }
static double divide(double x, double y) { return x / y; }
static double negate(double x) { return -x; }
static double inverseRoot(double x) { return 1 / std::sqrt(x); }
static double maximum(double x, double y) {
  return std::isnan(x) ? x : std::isnan(y) ? y : std::max(x, y);
}
static double minimum(double x, double y) {
  return std::isnan(x) ? x : std::isnan(y) ? y : std::min(x, y);
}

// Sums and products wrap around, and no division traps.
static uint64_t add(uint64_t x, uint64_t y) { return x + y; }
static uint64_t subtract(uint64_t x, uint64_t y) { return x - y; }
static uint64_t multiply(uint64_t x, uint64_t y) { return x * y; }
static uint64_t divide(uint64_t x, uint64_t y) { return y ? x / y : 0; }
static uint64_t rest(uint64_t x, uint64_t y) { return y ? x % y : 0; }
static int64_t divide(int64_t x, int64_t y) {
  return y == -1 ? static_cast<int64_t>(-static_cast<uint64_t>(x))
                 : (y ? x / y : 0);
}
static int64_t rest(int64_t x, int64_t y) { return y == -1 || !y ? 0 : x % y; }
static uint64_t both(uint64_t x, uint64_t y) { return x & y; }
static uint64_t either(uint64_t x, uint64_t y) { return x | y; }
static uint64_t differ(uint64_t x, uint64_t y) { return x ^ y; }
static int64_t maximum(int64_t x, int64_t y) { return std::max(x, y); }
static int64_t minimum(int64_t x, int64_t y) { return std::min(x, y); }
static uint64_t maximum(uint64_t x, uint64_t y) { return std::max(x, y); }
static uint64_t minimum(uint64_t x, uint64_t y) { return std::min(x, y); }

static Number absoluteInteger(Operation *, const Number *x) {
  uint64_t value = x[0].integer;
  return {.integer = static_cast<int64_t>(x[0].integer < 0 ? -value : value)};
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

static ScalarFunction getFloatFunction(StringRef name) {
  return llvm::StringSwitch<ScalarFunction>(name)
      .Case("arith.addf", binary<add>)
      .Case("arith.subf", binary<subtract>)
      .Case("arith.mulf", binary<multiply>)
      .Case("arith.divf", binary<divide>)
      .Case("arith.remf", binary<std::fmod>)
      .Case("arith.maximumf", binary<maximum>)
      .Case("arith.minimumf", binary<minimum>)
      .Case("arith.negf", unary<negate>)
      .Case("math.powf", binary<std::pow>)
      .Case("math.sqrt", unary<std::sqrt>)
      .Case("math.rsqrt", unary<inverseRoot>)
      .Case("math.exp", unary<std::exp>)
      .Case("math.log", unary<std::log>)
      .Case("math.log1p", unary<std::log1p>)
      .Case("math.erf", unary<std::erf>)
      .Case("math.tanh", unary<std::tanh>)
      .Case("math.sin", unary<std::sin>)
      .Case("math.cos", unary<std::cos>)
      .Case("math.absf", unary<std::fabs>)
      .Case("math.floor", unary<std::floor>)
      .Case("math.ceil", unary<std::ceil>)
      .Case("math.roundeven", unary<std::nearbyint>)
      .Default(nullptr);
}

static ScalarFunction getIntegerFunction(StringRef name) {
  return llvm::StringSwitch<ScalarFunction>(name)
      .Case("arith.addi", unsignedBinary<add>)
      .Case("arith.subi", unsignedBinary<subtract>)
      .Case("arith.muli", unsignedBinary<multiply>)
      .Case("arith.divsi", signedBinary<divide>)
      .Case("arith.divui", unsignedBinary<divide>)
      .Case("arith.remsi", signedBinary<rest>)
      .Case("arith.remui", unsignedBinary<rest>)
      .Case("arith.andi", unsignedBinary<both>)
      .Case("arith.ori", unsignedBinary<either>)
      .Case("arith.xori", unsignedBinary<differ>)
      .Case("arith.maxsi", signedBinary<maximum>)
      .Case("arith.minsi", signedBinary<minimum>)
      .Case("arith.maxui", unsignedBinary<maximum>)
      .Case("arith.minui", unsignedBinary<minimum>)
      .Case("math.absi", absoluteInteger)
      .Default(nullptr);
}

ScalarFunction frontend::getScalarFunction(Operation *op) {
  StringRef name = op->getName().getStringRef();
  if (ScalarFunction function = getFloatFunction(name))
    return function;
  if (ScalarFunction function = getIntegerFunction(name))
    return function;
  return llvm::StringSwitch<ScalarFunction>(name)
      .Case("arith.cmpi", compareIntegers)
      .Case("arith.cmpf", compareFloats)
      .Case("arith.select", select)
      .Cases({"arith.extf", "arith.truncf", "arith.extsi", "arith.trunci",
              "arith.index_cast"},
             same)
      .Cases({"arith.extui", "arith.index_castui"}, fromUnsigned)
      .Case("arith.sitofp", signedToFloat)
      .Case("arith.uitofp", unsignedToFloat)
      .Case("arith.fptosi", floatToInteger<true>)
      .Case("arith.fptoui", floatToInteger<false>)
      .Default(nullptr);
}
