// Einsum: any sum of products that its equation says, as one linalg.generic.

#include "Einsum.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/StringExtras.h"

using namespace rarefy;
using namespace rarefy::frontend;

using utils::IteratorType;

namespace {

/// Dimensions are letters; those of an ellipsis are -1, -2, ... from the end.
using Labels = SmallVector<int>;

struct Equation {
  SmallVector<Labels> operands;
  Labels result;
  /// The loops, those of the result first, with their sizes.
  llvm::MapVector<int, OpFoldResult> loops;
};

} // namespace

/// The labels of one term, whose ellipsis stands for `ellipsisRank` dimensions.
static FailureOr<Labels> parseTerm(Node &node, StringRef term,
                                   int64_t ellipsisRank) {
  Labels labels;
  while (!term.empty()) {
    if (term.consume_front("...")) {
      for (int64_t d = ellipsisRank; d > 0; --d)
        labels.push_back(-d);
      continue;
    }
    if (!llvm::isAlpha(term.front()))
      return node.error("expected letters and '...' in the equation, found '" +
                        term + "'");
    labels.push_back(term.front());
    term = term.drop_front();
  }
  return labels;
}

/// The result's labels where the equation does not say them: the ellipsis, then
/// the letters that occur once.
static Labels inferResult(ArrayRef<Labels> operands, int64_t ellipsisRank) {
  Labels result;
  for (int64_t d = ellipsisRank; d > 0; --d)
    result.push_back(-d);
  for (int letter = 'A'; letter <= 'z'; ++letter) {
    int64_t count = 0;
    for (const Labels &operand : operands)
      count += llvm::count(operand, letter);
    if (count == 1)
      result.push_back(letter);
  }
  return result;
}

static LogicalResult parseTerms(Node &node, StringRef text,
                                ArrayRef<Sizes> operands, Equation &equation) {
  auto [left, right] = text.split("->");
  SmallVector<StringRef> terms;
  left.split(terms, ',');
  if (terms.size() != operands.size())
    return node.error("expected a term of the equation for each of " +
                      Twine(operands.size()) + " inputs, found " +
                      Twine(terms.size()));
  int64_t ellipsisRank = 0;
  for (auto [i, term] : llvm::enumerate(terms)) {
    int64_t rank = operands[i].size();
    int64_t letters = llvm::count_if(term, llvm::isAlpha);
    int64_t rest = term.contains("...") ? rank - letters : 0;
    FailureOr<Labels> labels = parseTerm(node, term, rest);
    if (failed(labels))
      return failure();
    if (int64_t(labels->size()) != rank)
      return node.error("expected " + Twine(labels->size()) +
                        " dimensions of input " + Twine(i) + ", found " +
                        Twine(rank));
    equation.operands.push_back(*labels);
    ellipsisRank = std::max(ellipsisRank, rest);
  }
  if (!text.contains("->")) {
    equation.result = inferResult(equation.operands, ellipsisRank);
    return success();
  }
  FailureOr<Labels> labels = parseTerm(node, right, ellipsisRank);
  if (succeeded(labels))
    equation.result = *labels;
  return labels;
}

/// Orders the loops and finds their sizes: a size of 1 broadcasts.
static LogicalResult findLoops(Node &node, ArrayRef<Sizes> operands,
                               Equation &equation) {
  llvm::MapVector<int, OpFoldResult> sizes;
  for (auto [labels, operand] : llvm::zip_equal(equation.operands, operands))
    for (auto [label, size] : llvm::zip_equal(labels, operand)) {
      auto [known, isNew] = sizes.insert({label, size});
      if (isNew || isSize(size, 1))
        continue;
      std::optional<int64_t> before = getConstantIntValue(known->second);
      std::optional<int64_t> now = getConstantIntValue(size);
      if (before && now && *before != 1 && *before != *now)
        return node.error("sizes " + Twine(*before) + " and " + Twine(*now) +
                          " of one label differ");
      if (!before || *before == 1)
        known->second = size;
    }
  for (int label : equation.result)
    if (!sizes.count(label) ||
        !equation.loops.insert({label, sizes[label]}).second)
      return node.error("expected the result's labels to be different and to "
                        "occur in the inputs");
  for (auto &loop : sizes)
    equation.loops.insert(loop);
  return success();
}

/// An operand without the dimensions that broadcast, and its indexing map.
static std::pair<Value, AffineMap> mapOperand(Node &node, Value operand,
                                              const Labels &labels,
                                              const Equation &equation) {
  Sizes kept;
  SmallVector<AffineExpr> exprs;
  for (auto [label, size] :
       llvm::zip_equal(labels, node.importer.getSizes(operand))) {
    auto loop = equation.loops.find(label);
    if (isSize(size, 1) && !isSize(loop->second, 1))
      continue;
    kept.push_back(size);
    exprs.push_back(node.b.getAffineDimExpr(loop - equation.loops.begin()));
  }
  return {reshapeTo(node, operand, kept),
          AffineMap::get(equation.loops.size(), 0, exprs, node.b.getContext())};
}

/// Adds the product of all arguments but the last to the last.
static void buildMultiplyAdd(OpBuilder &builder, Location loc,
                             ValueRange args) {
  ImplicitLocOpBuilder b(loc, builder);
  Type type = args.back().getType();
  bool isFloat = isa<FloatType>(type);
  Value product;
  for (Value factor : args.drop_back()) {
    factor = convertScalar(b, factor, type, false, false);
    if (!product)
      product = factor;
    else
      product = isFloat ? Value(arith::MulFOp::create(b, product, factor))
                        : Value(arith::MulIOp::create(b, product, factor));
  }
  Value sum = isFloat ? Value(arith::AddFOp::create(b, args.back(), product))
                      : Value(arith::AddIOp::create(b, args.back(), product));
  linalg::YieldOp::create(b, sum);
}

FailureOr<Value> frontend::emitEinsum(Node &node, StringRef text,
                                      ValueRange operands, Type compute) {
  Equation equation;
  SmallVector<Sizes> operandSizes;
  for (Value operand : operands)
    operandSizes.push_back(node.importer.getSizes(operand));
  if (failed(parseTerms(node, text, operandSizes, equation)) ||
      failed(findLoops(node, operandSizes, equation)))
    return failure();
  ImplicitLocOpBuilder &b = node.b;
  SmallVector<Value> values;
  SmallVector<AffineMap> maps;
  for (auto [operand, labels] : llvm::zip_equal(operands, equation.operands)) {
    auto [value, map] = mapOperand(node, operand, labels, equation);
    values.push_back(value);
    maps.push_back(map);
  }
  size_t loops = equation.loops.size(), parallel = equation.result.size();
  Sizes sizes;
  for (int label : equation.result)
    sizes.push_back(equation.loops[label]);
  SmallVector<unsigned> resultLoops =
      llvm::to_vector(llvm::seq<unsigned>(0, parallel));
  maps.push_back(
      AffineMap::getMultiDimMapWithTargets(loops, resultLoops, b.getContext()));
  SmallVector<IteratorType> iterators(parallel, IteratorType::parallel);
  iterators.append(loops - parallel, IteratorType::reduction);
  Value init = filledTensor(node, sizes, scalarConstant(b, compute, 0));
  auto generic = linalg::GenericOp::create(b, init.getType(), values, init,
                                           maps, iterators, buildMultiplyAdd);
  node.importer.recordSizes(generic.getResult(0), sizes);
  return generic.getResult(0);
}

static LogicalResult importEinsum(Node &node) {
  SmallVector<unsigned> inputs =
      llvm::to_vector(llvm::seq<unsigned>(0, node.getNumInputs()));
  if (failed(checkSameType(node, inputs)))
    return failure();
  Type element = node.elementType(0);
  // Sums of narrow floats are held in f32.
  Type compute =
      element.isF16() || element.isBF16() ? node.b.getF32Type() : element;
  std::string text = node.stringAttr("equation", "");
  llvm::erase(text, ' ');
  SmallVector<Value> values;
  for (unsigned i : inputs)
    values.push_back(node.value(i));
  FailureOr<Value> result = emitEinsum(node, text, values, compute);
  if (failed(result))
    return failure();
  return node.setOutputLike(0, convertElements(node, *result, element));
}

void frontend::addEinsumOperators(OperatorTable &table) {
  table["Einsum"] = {importEinsum, 1, variadic, 1, 12};
}
