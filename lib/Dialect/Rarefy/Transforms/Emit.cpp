// Structured ops from scalar bodies.

#include "rarefy/Dialect/Rarefy/Transforms/Emit.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace rarefy;

static Value makeGeneric(ImplicitLocOpBuilder &b, ValueRange inputs,
                         ArrayRef<AffineMap> maps, AffineMap result, Value init,
                         ScalarBody body) {
  SmallVector<AffineMap> allMaps(maps);
  allMaps.push_back(result);
  SmallVector<utils::IteratorType> iterators(result.getNumDims(),
                                             utils::IteratorType::reduction);
  for (AffineExpr expr : result.getResults())
    iterators[cast<AffineDimExpr>(expr).getPosition()] =
        utils::IteratorType::parallel;
  return linalg::GenericOp::create(
             b, TypeRange(init.getType()), inputs, ValueRange(init), allMaps,
             iterators,
             [&](OpBuilder &inner, Location loc, ValueRange args) {
               ImplicitLocOpBuilder scalars(loc, inner);
               linalg::YieldOp::create(scalars, body(scalars, args));
             })
      .getResult(0);
}

Value rarefy::makeElementwise(ImplicitLocOpBuilder &b, ValueRange inputs,
                              ArrayRef<AffineMap> maps,
                              ArrayRef<OpFoldResult> sizes, Type element,
                              ScalarBody body) {
  Value init = tensor::EmptyOp::create(b, sizes, element);
  return makeGeneric(b, inputs, maps, b.getMultiDimIdentityMap(sizes.size()),
                     init, body);
}

Value rarefy::makeElementwise(ImplicitLocOpBuilder &b, ValueRange inputs,
                              Type element, ScalarBody body) {
  SmallVector<OpFoldResult> sizes =
      tensor::getMixedSizes(b, b.getLoc(), inputs.front());
  SmallVector<AffineMap> maps(inputs.size(),
                              b.getMultiDimIdentityMap(sizes.size()));
  return makeElementwise(b, inputs, maps, sizes, element, body);
}

Value rarefy::makeFilled(ImplicitLocOpBuilder &b, ArrayRef<OpFoldResult> sizes,
                         TypedAttr constant) {
  Value scalar = arith::ConstantOp::create(b, constant);
  Value empty = tensor::EmptyOp::create(b, sizes, constant.getType());
  return linalg::FillOp::create(b, scalar, empty).getResult(0);
}

Value rarefy::makeReduction(ImplicitLocOpBuilder &b, ValueRange inputs,
                            ArrayRef<AffineMap> maps, AffineMap result,
                            Value init, ScalarBody body) {
  return makeGeneric(b, inputs, maps, result, init, body);
}
