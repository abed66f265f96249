// Masks that are computed from positions: are they causal?

#include "AttentionMatcher.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"
#include "llvm/ADT/TypeSwitch.h"
#include <cmath>

using namespace rarefy;

namespace {

/// Computes an expression of a row's and a key's position; nothing if it is of
/// anything else.
class PositionEvaluator {
public:
  PositionEvaluator(AtomTable &table, const Atoms &rows, const Atoms &keys,
                    int64_t row, int64_t key)
      : table(table), rows(rows), keys(keys), row(row), key(key) {}

  std::optional<double> evaluate(const Expr &expr) {
    if (std::optional<double> constant = getConstant(expr)) {
      if (expr.value.getType().isIntOrIndex())
        reach += std::fabs(*constant);
      return constant;
    }
    Operation *op = expr.value.getDefiningOp();
    if (!op || !expr.body)
      return std::nullopt;
    if (auto index = dyn_cast<linalg::IndexOp>(op)) {
      Atoms atoms = table.resolve(expr.layout[index.getDim()]);
      if (atoms == rows)
        return row;
      return atoms == keys ? std::optional<double>(key) : std::nullopt;
    }
    SmallVector<double> args;
    for (unsigned i = 0; i < op->getNumOperands(); ++i) {
      std::optional<double> arg = evaluate(getOperand(table, expr, i));
      if (!arg)
        return std::nullopt;
      args.push_back(*arg);
    }
    return apply(op, args);
  }

  /// The sum of the constants met: positions further apart than this compare
  /// alike.
  double getReach() const { return reach; }

private:
  static std::optional<double> apply(Operation *op, ArrayRef<double> x) {
    return llvm::TypeSwitch<Operation *, std::optional<double>>(op)
        .Case<arith::AddIOp, arith::AddFOp>([&](auto) { return x[0] + x[1]; })
        .Case<arith::SubIOp, arith::SubFOp>([&](auto) { return x[0] - x[1]; })
        .Case<arith::IndexCastOp, arith::SIToFPOp, arith::ExtSIOp>(
            [&](auto) { return x[0]; })
        .Case([&](arith::SelectOp) { return x[0] != 0 ? x[1] : x[2]; })
        .Case([&](arith::AndIOp) { return double(x[0] != 0 && x[1] != 0); })
        .Case([&](arith::OrIOp) { return double(x[0] != 0 || x[1] != 0); })
        .Case([&](arith::XOrIOp) { return double((x[0] != 0) != (x[1] != 0)); })
        .Case([&](arith::CmpIOp compare) {
          return compareIntegers(compare.getPredicate(), x[0], x[1]);
        })
        .Case([&](arith::CmpFOp compare) -> std::optional<double> {
          if (compare.getPredicate() == arith::CmpFPredicate::OEQ)
            return x[0] == x[1];
          if (compare.getPredicate() == arith::CmpFPredicate::UNE)
            return x[0] != x[1];
          return std::nullopt;
        })
        .Default([](Operation *) { return std::nullopt; });
  }

  static std::optional<double> compareIntegers(arith::CmpIPredicate predicate,
                                               double x, double y) {
    switch (predicate) {
    case arith::CmpIPredicate::eq:
      return x == y;
    case arith::CmpIPredicate::ne:
      return x != y;
    case arith::CmpIPredicate::slt:
      return x < y;
    case arith::CmpIPredicate::sle:
      return x <= y;
    case arith::CmpIPredicate::sgt:
      return x > y;
    case arith::CmpIPredicate::sge:
      return x >= y;
    default:
      return std::nullopt;
    }
  }

  AtomTable &table;
  const Atoms &rows, &keys;
  double row, key, reach = 0;
};

} // namespace

/// Are the rows and keys of a mask surely as many?
static bool isSquare(const AtomTable &table, const MaskPart &part,
                     const AttentionMatch &match) {
  int64_t rows = table.getSize(match.rows), keys = table.getSize(match.keys);
  if (!ShapedType::isDynamic(rows) && !ShapedType::isDynamic(keys))
    return true;
  const Layout &layout = part.place.layout;
  const Atoms *row = llvm::find(layout, match.rows);
  const Atoms *key = llvm::find(layout, match.keys);
  if (row == layout.end() || key == layout.end())
    return false;
  using Variable = ValueBoundsConstraintSet::Variable;
  FailureOr<bool> equal = ValueBoundsConstraintSet::areEqual(
      Variable(part.place.value, row - layout.begin()),
      Variable(part.place.value, key - layout.begin()));
  return succeeded(equal) && *equal;
}

bool rarefy::isComputedCausal(AttentionMatch &match, const MaskPart &part) {
  AtomTable &table = match.table;
  if (!isSquare(table, part, match))
    return false;
  Expr mask = normalize(table, {part.place.value, part.place.layout, {}});
  auto seesAt = [&](int64_t row, int64_t key,
                    double &reach) -> std::optional<bool> {
    PositionEvaluator evaluator(table, match.rows, match.keys, row, key);
    std::optional<double> value = evaluator.evaluate(mask);
    reach = evaluator.getReach();
    if (!value)
      return std::nullopt;
    if (part.isBoolean)
      return (*value != 0) != part.isInverted;
    if (*value != 0 && *value > -1e4)
      return std::nullopt;
    return *value == 0;
  };
  // Comparisons of positions that differ by constants: beyond the sum of these
  // nothing changes. Float constants of a mask (-1e9) are no distances.
  double reach;
  constexpr int64_t limit = 256;
  int64_t rows = table.getSize(match.rows), keys = table.getSize(match.keys);
  if (!seesAt(0, 0, reach))
    return false;
  bool isDynamic = ShapedType::isDynamic(rows) || ShapedType::isDynamic(keys);
  if (isDynamic && reach >= limit / 2)
    return false;
  int64_t offset = isDynamic ? 0 : keys - rows;
  int64_t rowLimit = isDynamic ? static_cast<int64_t>(reach) + 4 : rows;
  int64_t keyLimit = isDynamic ? rowLimit : keys;
  if (rowLimit * keyLimit > 4096 * 64)
    return false;
  for (int64_t row = 0; row < rowLimit; ++row)
    for (int64_t key = 0; key < keyLimit; ++key)
      if (seesAt(row, key, reach) != (key <= row + offset))
        return false;
  return true;
}
