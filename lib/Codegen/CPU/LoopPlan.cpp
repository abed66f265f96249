// Chooses the loop dimension that becomes vectors.

#include "LoopEmitter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Utils/Utils.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "rarefy/Codegen/CPU/Contraction.h"
#include "llvm/ADT/TypeSwitch.h"
#include <algorithm>

namespace rarefy {
namespace {

std::optional<vector::CombiningKind> kindOf(Operation *op) {
  using Kind = vector::CombiningKind;
  return llvm::TypeSwitch<Operation *, std::optional<Kind>>(op)
      .Case<arith::AddFOp, arith::AddIOp>([](auto) { return Kind::ADD; })
      .Case<arith::MulFOp, arith::MulIOp>([](auto) { return Kind::MUL; })
      .Case<arith::MaximumFOp>([](auto) { return Kind::MAXIMUMF; })
      .Case<arith::MinimumFOp>([](auto) { return Kind::MINIMUMF; })
      .Case<arith::MaxNumFOp>([](auto) { return Kind::MAXNUMF; })
      .Case<arith::MinNumFOp>([](auto) { return Kind::MINNUMF; })
      .Case<arith::MaxSIOp>([](auto) { return Kind::MAXSI; })
      .Case<arith::MinSIOp>([](auto) { return Kind::MINSI; })
      .Case<arith::MaxUIOp>([](auto) { return Kind::MAXUI; })
      .Case<arith::MinUIOp>([](auto) { return Kind::MINUI; })
      .Case<arith::AndIOp>([](auto) { return Kind::AND; })
      .Case<arith::OrIOp>([](auto) { return Kind::OR; })
      .Default([](Operation *) { return std::nullopt; });
}

/// The combinations `sum = kind(sum, element)` of all results, if the body has
/// that form.
std::optional<SmallVector<vector::CombiningKind>>
matchReductions(linalg::GenericOp op) {
  SmallVector<vector::CombiningKind> kinds;
  Block *body = op.getBody();
  for (auto [i, sum] : llvm::enumerate(op.getRegionOutputArgs())) {
    Operation *last = body->getTerminator()->getOperand(i).getDefiningOp();
    if (!last || last->getBlock() != body || !sum.hasOneUse() ||
        *sum.getUsers().begin() != last || !last->getResult(0).hasOneUse())
      return std::nullopt;
    auto kind = kindOf(last);
    if (!kind)
      return std::nullopt;
    kinds.push_back(*kind);
  }
  return kinds;
}

/// Vectors of i1 are not packed either, but rarefy-cpu-finalize sees to them.
bool hasVectors(Type element) {
  return element.isInteger(1) || isPackedInBuffers(element);
}

/// Why the body has no vector form; empty if it has.
std::string findObstacle(linalg::GenericOp op) {
  for (Operation &inner : op.getBody()->without_terminator()) {
    if (isa<linalg::IndexOp>(inner))
      continue;
    if (isa<memref::LoadOp>(inner)) {
      if (!hasVectors(inner.getResult(0).getType()))
        return "it loads elements that have no vectors";
      continue;
    }
    if (!OpTrait::hasElementwiseMappableTraits(&inner) &&
        !isa<arith::ConstantOp>(inner))
      return "no vector form of " + inner.getName().getStringRef().str();
    for (Type type : inner.getResultTypes())
      if (!type.isIntOrIndexOrFloat())
        return "its body computes with a type that has no vectors";
  }
  for (OpOperand &operand : op->getOpOperands())
    if (!hasVectors(getElementTypeOrSelf(operand.get().getType())))
      return "its elements have no vectors";
  return "";
}

unsigned widestElement(linalg::GenericOp op) {
  unsigned bits = 8;
  for (OpOperand &operand : op->getOpOperands()) {
    Type type = getElementTypeOrSelf(operand.get().getType());
    bits = std::max(bits, type.isIndex() ? 64 : type.getIntOrFloatBitWidth());
  }
  return llvm::PowerOf2Ceil(bits);
}

/// Clocks of one element if `dim` becomes vectors of `lanes`.
double accessCost(linalg::GenericOp op, unsigned dim, int64_t lanes) {
  double cost = 0;
  for (OpOperand &operand : op->getOpOperands()) {
    bool written = op.isDpsInit(&operand);
    AffineMap map = op.getMatchingIndexingMap(&operand);
    if (!map.isFunctionOfDim(dim))
      continue;
    bool contiguous = isContiguousAlong(op, &operand, dim);
    cost += contiguous ? 1.0 / lanes : written ? 3 : 2;
  }
  return cost;
}

int64_t bodyClocks(linalg::GenericOp op) {
  int64_t clocks = 1;
  for (Operation &inner : op.getBody()->without_terminator())
    clocks += isa<math::MathDialect>(inner.getDialect()) ? 10
              : isa<arith::DivFOp, arith::RemFOp>(inner) ? 4
                                                         : 1;
  return clocks;
}

/// The successive vector lengths for a dimension of `size` elements.
SmallVector<int64_t> chooseWidths(int64_t size, int64_t lanes, bool unroll) {
  SmallVector<int64_t> widths;
  for (int64_t width : {4 * lanes, lanes, lanes / 4}) {
    if ((width > lanes && !unroll) || width < 4)
      continue;
    if (!ShapedType::isDynamic(size)) {
      if (size < width)
        continue;
      size %= width;
    }
    widths.push_back(width);
  }
  if (size != 0)
    widths.push_back(1);
  return widths;
}
} // namespace

FailureOr<LoopPlan> planLoops(linalg::GenericOp op, const CPUTarget &target) {
  LoopPlan plan;
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  for (auto [d, kind] : llvm::enumerate(op.getIteratorTypesArray()))
    (kind == utils::IteratorType::parallel ? plan.parallel : plan.reduction)
        .push_back(d);
  for (OpOperand &init : op.getDpsInitsMutable()) {
    AffineMap map = op.getMatchingIndexingMap(&init);
    for (unsigned d : plan.reduction)
      if (map.isFunctionOfDim(d))
        return failure();
  }
  auto kinds = matchReductions(op);
  if (kinds)
    plan.kinds = *kinds;
  plan.clocks = bodyClocks(op);
  for (int64_t size : sizes)
    plan.clocks *= ShapedType::isDynamic(size) ? 128 : size;
  plan.widths = {1};
  plan.reason = findObstacle(op);
  if (!plan.reason.empty())
    return plan;

  int64_t lanes = target.lanes(widestElement(op));
  double best = 1e9;
  for (unsigned d = 0; d < sizes.size(); ++d) {
    bool reduces = llvm::is_contained(plan.reduction, d);
    bool inAll = llvm::all_of(op.getDpsInitsMutable(), [&](OpOperand &init) {
      return op.getMatchingIndexingMap(&init).isFunctionOfDim(d);
    });
    if ((reduces && !kinds) || (!reduces && !inAll) ||
        (!ShapedType::isDynamic(sizes[d]) && sizes[d] < 4))
      continue;
    double cost = accessCost(op, d, lanes);
    if (cost <= best) {
      best = cost;
      plan.vectorDim = d;
      plan.reducesVector = reduces;
    }
  }
  if (!plan.vectorDim) {
    plan.reason = "no dimension has four elements and a known combination";
    return plan;
  }
  plan.widths =
      chooseWidths(sizes[*plan.vectorDim], lanes, !plan.reduction.empty());
  plan.clocks /= lanes;
  return plan;
}
} // namespace rarefy
