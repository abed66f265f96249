// Reshapes between sizes of which some are dynamic.

#include "Emit.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/Matchers.h"

using namespace rarefy;
using namespace rarefy::frontend;

namespace {

/// A product of sizes: a number and dynamic sizes.
struct Product {
  int64_t number = 1;
  SmallVector<Value> factors;

  void multiply(OpFoldResult size) {
    if (std::optional<int64_t> constant = getConstantIntValue(size)) {
      number *= *constant;
      return;
    }
    // Sizes that the graph computes are products of other sizes.
    auto value = cast<Value>(size);
    if (auto product = value.getDefiningOp<arith::MulIOp>()) {
      multiply(product.getLhs());
      multiply(product.getRhs());
      return;
    }
    if (auto converted = value.getDefiningOp<arith::IndexCastOp>())
      return multiply(converted.getIn());
    factors.push_back(value);
    llvm::sort(factors, [](Value a, Value b) {
      return a.getAsOpaquePointer() < b.getAsOpaquePointer();
    });
  }
  bool operator==(const Product &other) const {
    return number == other.number && factors == other.factors;
  }
};

/// Consecutive dimensions of the two shapes that hold the same elements.
struct Group {
  ReassociationIndices from, to;
};

} // namespace

/// The finest groups of dimensions with equal products, or nothing if the
/// sizes do not show that there are any.
static std::optional<SmallVector<Group>> groupDims(ArrayRef<OpFoldResult> from,
                                                   ArrayRef<OpFoldResult> to) {
  SmallVector<Group> groups;
  size_t i = 0, j = 0;
  while (i < from.size() || j < to.size()) {
    Group group;
    Product left, right;
    auto takeFrom = [&] {
      left.multiply(from[i]);
      group.from.push_back(i++);
    };
    auto takeTo = [&] {
      right.multiply(to[j]);
      group.to.push_back(j++);
    };
    if (i < from.size())
      takeFrom();
    if (j < to.size())
      takeTo();
    while (!(left == right)) {
      bool growLeft = left.factors.size() != right.factors.size()
                          ? left.factors.size() < right.factors.size()
                          : left.number < right.number;
      if (growLeft ? i < from.size() : j >= to.size() && i < from.size())
        takeFrom();
      else if (j < to.size())
        takeTo();
      else
        return std::nullopt;
    }
    groups.push_back(std::move(group));
  }
  return groups;
}

/// Gives groups that lack dimensions on one side, because sizes of 1 are left
/// over, to a neighbour.
static bool mergeEmptyGroups(SmallVector<Group> &groups) {
  SmallVector<Group> merged;
  for (Group &group : groups) {
    bool join = !merged.empty() &&
                (group.from.empty() || group.to.empty() ||
                 merged.back().from.empty() || merged.back().to.empty());
    if (!join) {
      merged.push_back(group);
      continue;
    }
    llvm::append_range(merged.back().from, group.from);
    llvm::append_range(merged.back().to, group.to);
  }
  groups = std::move(merged);
  return llvm::none_of(groups, [](const Group &group) {
    return group.from.empty() || group.to.empty();
  });
}

static OpFoldResult multiplySizes(Node &node, ArrayRef<OpFoldResult> sizes,
                                  ArrayRef<int64_t> dims) {
  int64_t number = 1;
  Value product;
  ImplicitLocOpBuilder &b = node.b;
  for (int64_t dim : dims) {
    if (std::optional<int64_t> constant = getConstantIntValue(sizes[dim])) {
      number *= *constant;
      continue;
    }
    auto size = cast<Value>(sizes[dim]);
    product = product ? b.createOrFold<arith::MulIOp>(product, size) : size;
  }
  if (!product)
    return b.getIndexAttr(number);
  if (number != 1)
    product = b.createOrFold<arith::MulIOp>(
        product, scalarConstant(b, b.getIndexType(), number));
  return product;
}

/// A constant with another static shape: no op, and no copy of its data.
static Value reshapeConstant(Node &node, Value value, RankedTensorType type) {
  Attribute attr;
  if (!type.hasStaticShape() || !matchPattern(value, m_Constant(&attr)))
    return nullptr;
  if (auto dense = dyn_cast<DenseElementsAttr>(attr))
    return arith::ConstantOp::create(node.b, dense.reshape(type));
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr))
    return arith::ConstantOp::create(
        node.b, DenseResourceElementsAttr::get(type, resource.getRawHandle()));
  return nullptr;
}

static Value reshapeByGroups(Node &node, Value value, ArrayRef<Group> groups,
                             ArrayRef<OpFoldResult> from,
                             ArrayRef<OpFoldResult> to, Type element) {
  SmallVector<ReassociationIndices> collapse, expand;
  Sizes middle;
  bool collapses = false, expands = false;
  for (const Group &group : groups) {
    collapse.push_back(group.from);
    expand.push_back(group.to);
    collapses |= group.from.size() > 1;
    expands |= group.to.size() > 1;
    // The target's spelling of a size that is not split further.
    middle.push_back(group.to.size() == 1
                         ? to[group.to[0]]
                         : multiplySizes(node, from, group.from));
  }
  if (collapses)
    value = tensor::CollapseShapeOp::create(node.b, tensorType(middle, element),
                                            value, collapse);
  if (expands)
    value = tensor::ExpandShapeOp::create(node.b, tensorType(to, element),
                                          value, expand, to);
  return value;
}

/// To or from a scalar: all sizes are 1.
static Value reshapeScalar(Node &node, Value value, ArrayRef<OpFoldResult> to,
                           Type element) {
  RankedTensorType type = tensorType(to, element);
  if (to.empty())
    return tensor::CollapseShapeOp::create(node.b, type, value,
                                           ArrayRef<ReassociationIndices>());
  return tensor::ExpandShapeOp::create(node.b, type, value,
                                       ArrayRef<ReassociationIndices>(), to);
}

static Value reshapeByShape(Node &node, Value value,
                            ArrayRef<OpFoldResult> sizes, Type element) {
  ImplicitLocOpBuilder &b = node.b;
  SmallVector<Value> scalars;
  for (OpFoldResult size : sizes)
    scalars.push_back(getValueOrCreateConstantIndexOp(b, b.getLoc(), size));
  auto shapeType = RankedTensorType::get({static_cast<int64_t>(sizes.size())},
                                         b.getIndexType());
  Value shape = tensor::FromElementsOp::create(b, shapeType, scalars);
  return tensor::ReshapeOp::create(b, tensorType(sizes, element), value, shape);
}

static bool hasZero(ArrayRef<OpFoldResult> sizes) {
  return llvm::any_of(sizes, [](OpFoldResult size) { return isSize(size, 0); });
}

Value frontend::reshapeTo(Node &node, Value value,
                          ArrayRef<OpFoldResult> sizes) {
  auto type = cast<RankedTensorType>(value.getType());
  Type element = type.getElementType();
  Sizes from = node.importer.getSizes(value);
  if (ArrayRef<OpFoldResult>(from) == sizes)
    return value;
  if (Value constant = reshapeConstant(node, value, tensorType(sizes, element)))
    return constant;
  Value result;
  std::optional<SmallVector<Group>> groups;
  if (from.empty() || sizes.empty())
    result = reshapeScalar(node, value, sizes, element);
  else if (hasZero(from) || hasZero(sizes))
    result = emptyTensor(node, sizes, element);
  else if ((groups = groupDims(from, sizes)) && mergeEmptyGroups(*groups))
    result = reshapeByGroups(node, value, *groups, from, sizes, element);
  else
    result = reshapeByShape(node, value, sizes, element);
  node.importer.recordSizes(result, sizes);
  return result;
}
