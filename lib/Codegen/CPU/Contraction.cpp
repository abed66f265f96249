// Recognises sums of products by their structure.

#include "rarefy/Codegen/CPU/Contraction.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Utils/StructuredOpsUtils.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>

namespace rarefy {
namespace {

/// Looks through one widening of a block argument.
std::pair<BlockArgument, Operation *> getSource(Value value) {
  if (auto arg = dyn_cast<BlockArgument>(value))
    return {arg, nullptr};
  Operation *cast = value.getDefiningOp();
  if (isa<arith::ExtFOp, arith::ExtSIOp, arith::ExtUIOp, arith::SIToFPOp,
          arith::UIToFPOp>(cast))
    if (auto arg = dyn_cast<BlockArgument>(cast->getOperand(0)))
      return {arg, cast};
  return {nullptr, nullptr};
}

/// Matches `yield acc + lhs * rhs`.
LogicalResult matchBody(Contraction &c) {
  Block *body = c.op.getBody();
  Operation *add = body->getTerminator()->getOperand(0).getDefiningOp();
  if (!isa_and_nonnull<arith::AddFOp, arith::AddIOp>(add))
    return failure();
  BlockArgument sum = body->getArguments().back();
  unsigned sumIndex = add->getOperand(0) == sum ? 0 : 1;
  if (add->getOperand(sumIndex) != sum)
    return failure();
  Operation *mul = add->getOperand(1 - sumIndex).getDefiningOp();
  if (!isa_and_nonnull<arith::MulFOp, arith::MulIOp>(mul))
    return failure();
  auto [lhs, lhsCast] = getSource(mul->getOperand(0));
  auto [rhs, rhsCast] = getSource(mul->getOperand(1));
  if (!lhs || !rhs || lhs == sum || rhs == sum || lhs == rhs)
    return failure();
  size_t expected = 3 + (lhsCast != nullptr) + (rhsCast != nullptr);
  if (body->getOperations().size() != expected)
    return failure();
  c.lhs = c.op.getMatchingOpOperand(lhs);
  c.rhs = c.op.getMatchingOpOperand(rhs);
  c.lhsCast = lhsCast;
  c.rhsCast = rhsCast;
  c.acc = c.op.getDpsInitOperand(0);
  return success();
}

LogicalResult classifyDimensions(Contraction &c) {
  AffineMap lhs = c.getMap(c.lhs), rhs = c.getMap(c.rhs), acc = c.getMap(c.acc);
  if (!acc.isProjectedPermutation())
    return failure();
  for (auto [d, kind] : llvm::enumerate(c.op.getIteratorTypesArray())) {
    bool inLhs = lhs.isFunctionOfDim(d), inRhs = rhs.isFunctionOfDim(d);
    if (kind == utils::IteratorType::reduction) {
      if (!inLhs || !inRhs)
        return failure();
      c.reduction.push_back(d);
    } else if (!acc.isFunctionOfDim(d)) {
      return failure();
    } else {
      (inLhs && inRhs ? c.batch : inLhs ? c.rows : c.columns).push_back(d);
      if (!inLhs && !inRhs)
        return failure();
    }
  }
  return success(!c.reduction.empty());
}

int64_t sizeOf(const Contraction &c, unsigned dim) {
  return c.op.getStaticLoopRanges()[dim];
}

/// The innermost dimension of the result that is not of size one.
std::optional<unsigned> innermost(const Contraction &c) {
  for (AffineExpr expr : llvm::reverse(c.getMap(c.acc).getResults())) {
    unsigned dim = cast<AffineDimExpr>(expr).getPosition();
    if (sizeOf(c, dim) != 1)
      return dim;
  }
  return std::nullopt;
}

/// Of `dims`, the largest; the last of equals. Unknown sizes count as large.
unsigned largest(const Contraction &c, ArrayRef<unsigned> dims) {
  auto rank = [&](unsigned dim) {
    int64_t size = sizeOf(c, dim);
    return ShapedType::isDynamic(size) ? int64_t(256) : size;
  };
  unsigned best = dims.front();
  for (unsigned dim : dims)
    if (rank(dim) >= rank(best))
      best = dim;
  return best;
}
} // namespace

bool isContiguousAlong(linalg::GenericOp op, OpOperand *operand, unsigned dim) {
  AffineMap map = op.getMatchingIndexingMap(operand);
  if (map.getNumResults() == 0)
    return false;
  AffineExpr last = map.getResults().back();
  for (AffineExpr expr : map.getResults().drop_back())
    if (expr.isFunctionOfDim(dim))
      return false;
  // The loop index itself, perhaps with terms that it is not part of.
  AffineExpr self = getAffineDimExpr(dim, op.getContext());
  AffineExpr rest = simplifyAffineExpr(last - self, map.getNumDims(), 0);
  if (rest.isFunctionOfDim(dim))
    return false;
  auto type = dyn_cast<MemRefType>(operand->get().getType());
  if (!type)
    return true;
  SmallVector<int64_t> strides;
  int64_t offset;
  return succeeded(type.getStridesAndOffset(strides, offset)) &&
         strides.back() == 1;
}

bool isPackedInBuffers(Type element) {
  if (element.isIndex())
    return true;
  return element.isIntOrFloat() &&
         llvm::is_contained({8, 16, 32, 64}, element.getIntOrFloatBitWidth());
}

Type Contraction::getSumType() const {
  Type type = getElementTypeOrSelf(acc->get().getType());
  return isa<Float16Type, BFloat16Type>(type)
             ? Float32Type::get(op.getContext())
             : type;
}

std::optional<int64_t> Contraction::getPanelWidth(int64_t lanes) const {
  ArrayRef<AffineExpr> results = getMap(rhs).getResults();
  if (results.size() < 3)
    return std::nullopt;
  auto mod = dyn_cast<AffineBinaryOpExpr>(results.back());
  if (!mod || mod.getKind() != AffineExprKind::Mod)
    return std::nullopt;
  auto width = dyn_cast<AffineConstantExpr>(mod.getRHS());
  AffineExpr self = getAffineDimExpr(column, op.getContext());
  if (!width || width.getValue() % lanes != 0 || mod.getLHS() != self ||
      results[results.size() - 3] != self.floorDiv(width.getValue()))
    return std::nullopt;
  return width.getValue();
}

FailureOr<Contraction> Contraction::match(linalg::GenericOp op) {
  Contraction c;
  c.op = op;
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
      failed(matchBody(c)) || failed(classifyDimensions(c)))
    return failure();
  std::optional<unsigned> inner = innermost(c);
  if (!inner || llvm::is_contained(c.batch, *inner))
    return failure();
  if (llvm::is_contained(c.rows, *inner)) {
    std::swap(c.lhs, c.rhs);
    std::swap(c.lhsCast, c.rhsCast);
    std::swap(c.rows, c.columns);
  }
  c.column = *inner;
  c.k = largest(c, c.reduction);
  if (!c.rows.empty())
    c.row = largest(c, c.rows);
  return c;
}

KernelShape chooseKernel(const CPUTarget &target, unsigned bits,
                         int64_t columns) {
  KernelShape shape;
  shape.lanes = target.lanes(bits);
  int64_t registers = target.vectorRegisters;
  // Wide rows repay each broadcast with more products; 16 registers hold 6x2
  // sums, 32 hold 6x4.
  shape.vectors = registers >= 32 ? 4 : 2;
  if (!ShapedType::isDynamic(columns))
    shape.vectors = std::clamp<int64_t>(llvm::divideCeil(columns, shape.lanes),
                                        1, shape.vectors);
  shape.rows =
      std::min<int64_t>((registers - shape.vectors - 1) / shape.vectors, 12);
  return shape;
}
} // namespace rarefy
