// Attention: rarefy.attention where it says the same, which is unless scores
// are capped or asked for; linalg otherwise.

#include "Einsum.h"
#include "IndexMath.h"
#include "Protobuf.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "rarefy/Dialect/Rarefy/IR/Rarefy.h"
#include <cmath>

using namespace rarefy;
using namespace rarefy::frontend;

using arith::CmpIPredicate;

namespace {

enum Input { Query, Key, Value_, Mask, PastKey, PastValue, KeyCounts };

/// Which scores `Attention` returns as its last output.
enum class ScoresMode { Scaled, Capped, Masked, Softmax };

struct AttentionParts {
  // [batch, heads, rows or keys, depth], past keys and values in front.
  Value query, key, value;
  /// Null if every key is seen, apart from `causal`.
  Value mask;
  /// rarefy.attention's rule, which aligns the last row with the last key.
  bool causal = false;
  double scale = 0, softcap = 0;
  int64_t heads = 0, keyHeads = 0;
};

/// Which keys a row sees, apart from the mask that is given.
struct Visibility {
  bool causal;
  int64_t left, right;
  /// Number of keys in front of the rows' own.
  OpFoldResult past;
  /// [batch]: number of keys that are there; null for all.
  Value keyCounts;

  bool isLimited() const {
    return causal || left >= 0 || right >= 0 || keyCounts;
  }
};

} // namespace

static Value negativeInfinity(ImplicitLocOpBuilder &b, Type type) {
  return arith::ConstantOp::create(
      b, b.getFloatAttr(
             type, APFloat::getInf(cast<FloatType>(type).getFloatSemantics(),
                                   /*Negative=*/true)));
}

/// [batch, length, heads * depth] as [batch, heads, length, depth].
static FailureOr<Value> splitHeads(Node &node, unsigned i, int64_t heads) {
  Value value = node.value(i);
  if (node.rank(i) == 4)
    return value;
  if (node.rank(i) != 3 || node.type(i).isDynamicDim(2) || heads < 1 ||
      node.type(i).getDimSize(2) % heads != 0)
    return node.error("input " + Twine(i) +
                      " must have four dimensions, or three and a last one "
                      "that is static and a multiple of its number of heads");
  Sizes sizes = node.sizes(i);
  sizes[2] = node.b.getIndexAttr(heads);
  sizes.push_back(node.b.getIndexAttr(node.type(i).getDimSize(2) / heads));
  return transposeTo(node, reshapeTo(node, value, sizes), {0, 2, 1, 3});
}

/// Puts the past in front of keys or values and sets the present output.
static FailureOr<Value> prependPast(Node &node, Value value, unsigned past,
                                    unsigned present) {
  if (node.hasInput(past)) {
    auto type = cast<RankedTensorType>(value.getType());
    if (node.rank(past) != 4 ||
        node.elementType(past) != type.getElementType() ||
        failed(verifyCompatibleShape(
            {node.type(past).getDimSize(0), node.type(past).getDimSize(1),
             node.type(past).getDimSize(3)},
            {type.getDimSize(0), type.getDimSize(1), type.getDimSize(3)})))
      return node.error("input " + Twine(past) +
                        " must have the type of the keys or values but for "
                        "its length");
    value = tensor::ConcatOp::create(node.b, 2,
                                     ValueRange{node.value(past), value});
  }
  if (node.hasOutput(present) && failed(node.setOutput(present, value)))
    return failure();
  return value;
}

/// Is the key of loop `rank - 1` seen from the row of loop `rank - 2`?
static Value isVisible(ImplicitLocOpBuilder &b, const Visibility &visible,
                       OpFoldResult rows, ArrayRef<OpFoldResult> position) {
  IndexMath math(b);
  OpFoldResult row = position[position.size() - 2];
  OpFoldResult key = position.back();
  OpFoldResult offset = visible.past;
  OpFoldResult count;
  if (visible.keyCounts) {
    Value loaded = extractAt(b, visible.keyCounts, position.front());
    count = arith::IndexCastOp::create(b, b.getIndexType(), loaded).getResult();
    offset = math.sub(count, rows);
  }
  OpFoldResult own = math.add(row, offset);
  Value seen = arith::ConstantOp::create(b, b.getBoolAttr(true));
  auto require = [&](CmpIPredicate predicate, OpFoldResult bound) {
    Value holds = compareIndex(b, predicate, key, bound);
    seen = b.createOrFold<arith::AndIOp>(seen, holds);
  };
  if (visible.causal)
    require(CmpIPredicate::sle, own);
  if (visible.left >= 0)
    require(CmpIPredicate::sge, math.sub(own, math.index(visible.left)));
  if (visible.right >= 0)
    require(CmpIPredicate::sle, math.add(own, math.index(visible.right)));
  if (visible.keyCounts)
    require(CmpIPredicate::slt, count);
  return seen;
}

/// The mask that is given, or null, with keys that it does not reach masked.
static FailureOr<Value> readMask(Node &node, OpFoldResult keys) {
  if (!node.hasInput(Mask))
    return Value();
  ImplicitLocOpBuilder &b = node.b;
  Type element = node.elementType(Mask);
  int64_t rank = node.rank(Mask);
  if (rank < 1 || rank > 4 ||
      (!element.isInteger(1) && element != node.elementType(Query)))
    return node.error("expected a mask of bool or of the query's type, of four "
                      "dimensions at most");
  Value mask = node.value(Mask);
  OpFoldResult size = node.sizes(Mask).back();
  std::optional<int64_t> known = getConstantIntValue(size);
  std::optional<int64_t> needed = getConstantIntValue(keys);
  if (!known || !needed || *known >= *needed || *known == 1)
    return mask;
  Sizes low(rank, b.getIndexAttr(0)), high(low);
  high.back() = b.getIndexAttr(*needed - *known);
  Value fill = element.isInteger(1) ? scalarConstant(b, element, 0)
                                    : negativeInfinity(b, element);
  return tensor::PadOp::create(b, Type(), mask, low, high, fill).getResult();
}

/// The given mask with what `visible` hides hidden.
static FailureOr<Value> limitMask(Node &node, Value mask,
                                  const Visibility &visible,
                                  const AttentionParts &parts) {
  Sizes querySizes = node.importer.getSizes(parts.query);
  OpFoldResult rows = querySizes[2];
  Sizes sizes{rows, node.importer.getSizes(parts.key)[2]};
  if (visible.keyCounts)
    sizes = {querySizes[0], node.b.getIndexAttr(1), sizes[0], sizes[1]};
  auto position = [&](ImplicitLocOpBuilder &b) {
    Sizes loops;
    for (size_t d = 0; d < sizes.size(); ++d)
      loops.push_back(linalg::IndexOp::create(b, d).getResult());
    return loops;
  };
  if (!mask) {
    Type i1 = node.b.getI1Type();
    return elementwise(node, ValueRange(), sizes, i1,
                       [&](ImplicitLocOpBuilder &b, ValueRange) {
                         return isVisible(b, visible, rows, position(b));
                       });
  }
  FailureOr<Sizes> both =
      broadcastSizes(node, {node.importer.getSizes(mask), sizes});
  if (failed(both))
    return failure();
  sizes = *both;
  Type element = getElementTypeOrSelf(mask.getType());
  return elementwise(node, mask, sizes, element,
                     [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
                       Value seen = isVisible(b, visible, rows, position(b));
                       if (element.isInteger(1))
                         return arith::AndIOp::create(b, args[0], seen);
                       return arith::SelectOp::create(
                           b, seen, args[0], negativeInfinity(b, element));
                     });
}

/// Reads masks, causality, windows and counts of keys.
static LogicalResult readVisibility(Node &node, AttentionParts &parts) {
  IndexMath math(node.b);
  Visibility visible;
  visible.causal = node.intAttr("is_causal", 0) != 0;
  bool windows = node.getOpset() >= 25;
  visible.left = windows ? node.intAttr("left_window_size", -1) : -1;
  visible.right = windows ? node.intAttr("right_window_size", -1) : -1;
  visible.past =
      node.hasInput(PastKey) ? node.sizes(PastKey)[2] : math.index(0);
  if (node.hasInput(KeyCounts)) {
    if (node.hasInput(PastKey) || node.rank(KeyCounts) != 1)
      return node.error("expected one dimension of nonpad_kv_seqlen, and no "
                        "past keys with it");
    visible.keyCounts = node.value(KeyCounts);
  }
  OpFoldResult rows = node.importer.getSizes(parts.query)[2];
  OpFoldResult keys = node.importer.getSizes(parts.key)[2];
  FailureOr<Value> mask = readMask(node, keys);
  if (failed(mask))
    return failure();
  // The rows' own keys are the last ones: this is what the op's causal means.
  if (visible.causal && !visible.keyCounts &&
      isEqualConstantIntOrValue(math.sub(keys, visible.past), rows)) {
    parts.causal = true;
    visible.causal = false;
  }
  if (visible.isLimited())
    mask = limitMask(node, *mask, visible, parts);
  if (failed(mask))
    return failure();
  parts.mask = *mask;
  return success();
}

static FailureOr<AttentionParts> readAttention(Node &node) {
  if (failed(checkSameType(node, {Query, Key, Value_})))
    return failure();
  if (node.hasInput(PastKey) != node.hasInput(PastValue))
    return node.error("expected past keys and past values together");
  AttentionParts parts;
  bool flat = node.rank(Query) == 3;
  int64_t heads = flat ? node.intAttr("q_num_heads", 0) : 0;
  int64_t keyHeads = flat ? node.intAttr("kv_num_heads", 0) : 0;
  FailureOr<Value> query = splitHeads(node, Query, heads);
  FailureOr<Value> key = splitHeads(node, Key, keyHeads);
  FailureOr<Value> value = splitHeads(node, Value_, keyHeads);
  if (failed(query) || failed(key) || failed(value))
    return failure();
  key = prependPast(node, *key, PastKey, 1);
  value = prependPast(node, *value, PastValue, 2);
  if (failed(key) || failed(value))
    return failure();
  parts.query = *query, parts.key = *key, parts.value = *value;
  auto queryType = cast<RankedTensorType>(query->getType());
  parts.heads = queryType.getDimSize(1);
  parts.keyHeads = cast<RankedTensorType>(key->getType()).getDimSize(1);
  int64_t depth = queryType.getDimSize(3);
  auto keyType = cast<RankedTensorType>(key->getType());
  auto valueType = cast<RankedTensorType>(value->getType());
  if (queryType.getRank() != 4 || keyType.getRank() != 4 ||
      valueType.getRank() != 4 ||
      failed(verifyCompatibleShape(keyType.getShape().drop_back(),
                                   valueType.getShape().drop_back())) ||
      failed(verifyCompatibleShape(
          {queryType.getDimSize(0), depth},
          {keyType.getDimSize(0), keyType.getDimSize(3)})))
    return node.error("expected keys of the query's batch and depth, and "
                      "values of the keys' shape but for their depth");
  if (parts.heads < 1 || parts.keyHeads < 1 || depth < 1 ||
      parts.heads % parts.keyHeads != 0)
    return node.error("expected static numbers of heads, those of the query a "
                      "multiple of those of the keys, and a static depth");
  parts.scale = node.floatAttr("scale", 1.0 / std::sqrt(double(depth)));
  parts.softcap = node.floatAttr("softcap", 0.0);
  if (failed(readVisibility(node, parts)))
    return failure();
  return parts;
}

/// Sizes with `heads` split into [key heads, heads of one group].
static Sizes groupHeads(Node &node, Value value, const AttentionParts &parts) {
  Sizes sizes = node.importer.getSizes(value);
  sizes[1] = node.b.getIndexAttr(parts.keyHeads);
  sizes.insert(sizes.begin() + 2,
               node.b.getIndexAttr(parts.heads / parts.keyHeads));
  return sizes;
}

/// The rows of `scores` as probabilities; those that see no key as zeros.
static Value softmaxRows(Node &node, Value scores) {
  Type type = getElementTypeOrSelf(scores.getType());
  Sizes sizes = node.importer.getSizes(scores);
  Sizes columns(sizes);
  columns.back() = node.b.getIndexAttr(1);
  int64_t last = sizes.size() - 1;
  Value lowest = negativeInfinity(node.b, type);
  Value max =
      reduceDims(node, scores, last, lowest, [](auto &b, ValueRange args) {
        return arith::MaximumFOp::create(b, args[0], args[1]).getResult();
      });
  Value exps = elementwise(
      node, {scores, reshapeTo(node, max, columns)}, sizes, type,
      [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
        Value none = arith::CmpFOp::create(b, arith::CmpFPredicate::OEQ,
                                           args[1], lowest);
        Value shift = arith::SelectOp::create(
            b, none, scalarConstant(b, type, 0), args[1]);
        return math::ExpOp::create(b, arith::SubFOp::create(b, args[0], shift));
      });
  Value zero = scalarConstant(node.b, type, 0);
  Value sums = reduceDims(node, exps, last, zero, [](auto &b, ValueRange args) {
    return arith::AddFOp::create(b, args[0], args[1]).getResult();
  });
  return elementwise(node, {exps, reshapeTo(node, sums, columns)}, sizes, type,
                     [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
                       Value none = arith::CmpFOp::create(
                           b, arith::CmpFPredicate::OEQ, args[1], zero);
                       Value sum = arith::SelectOp::create(
                           b, none, scalarConstant(b, type, 1), args[1]);
                       return arith::DivFOp::create(b, args[0], sum);
                     });
}

/// The mask to apply in linalg, with causality in it.
static FailureOr<Value> completeMask(Node &node, const AttentionParts &parts) {
  if (!parts.causal)
    return parts.mask;
  IndexMath math(node.b);
  OpFoldResult rows = node.importer.getSizes(parts.query)[2];
  OpFoldResult keys = node.importer.getSizes(parts.key)[2];
  Visibility visible{true, -1, -1, math.sub(keys, rows), Value()};
  return limitMask(node, parts.mask, visible, parts);
}

/// Attention in linalg, in `compute`; sets the scores' output.
static FailureOr<Value> emitDecomposed(Node &node, const AttentionParts &parts,
                                       Type compute, ScoresMode mode) {
  Type element = node.elementType(Query);
  Value query =
      reshapeTo(node, parts.query, groupHeads(node, parts.query, parts));
  FailureOr<Value> products =
      emitEinsum(node, "bngrd,bnkd->bngrk", {query, parts.key}, compute);
  FailureOr<Value> mask = completeMask(node, parts);
  if (failed(products) || failed(mask))
    return failure();
  Sizes sizes = node.importer.getSizes(parts.query);
  sizes[3] = node.importer.getSizes(parts.key)[2];
  auto setScores = [&](ScoresMode when, Value scores) -> LogicalResult {
    if (mode != when || !node.hasOutput(3))
      return success();
    return node.setOutput(3, convertElements(node, scores, element));
  };
  Value scores =
      mapElements(node, reshapeTo(node, *products, sizes), compute,
                  [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
                    return arith::MulFOp::create(
                        b, args[0], scalarConstant(b, compute, parts.scale));
                  });
  if (failed(setScores(ScoresMode::Scaled, scores)))
    return failure();
  if (parts.softcap > 0)
    scores =
        mapElements(node, scores, compute,
                    [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
                      Value cap = scalarConstant(b, compute, parts.softcap);
                      Value bent = math::TanhOp::create(
                          b, arith::DivFOp::create(b, args[0], cap));
                      return arith::MulFOp::create(b, bent, cap);
                    });
  if (failed(setScores(ScoresMode::Capped, scores)))
    return failure();
  if (*mask)
    scores = elementwise(
        node, {scores, *mask}, sizes, compute,
        [&](ImplicitLocOpBuilder &b, ValueRange args) -> Value {
          if (args[1].getType().isInteger(1))
            return arith::SelectOp::create(b, args[1], args[0],
                                           negativeInfinity(b, compute));
          Value bias = convertScalar(b, args[1], compute, false, false);
          return arith::AddFOp::create(b, args[0], bias);
        });
  if (failed(setScores(ScoresMode::Masked, scores)))
    return failure();
  Value weights = softmaxRows(node, scores);
  if (failed(setScores(ScoresMode::Softmax, weights)))
    return failure();
  weights = reshapeTo(node, weights, groupHeads(node, weights, parts));
  FailureOr<Value> result =
      emitEinsum(node, "bngrk,bnkd->bngrd", {weights, parts.value}, compute);
  if (failed(result))
    return failure();
  sizes[3] = node.importer.getSizes(parts.value)[3];
  return convertElements(node, reshapeTo(node, *result, sizes), element);
}

static Value emitAttention(Node &node, const AttentionParts &parts) {
  Sizes sizes = node.importer.getSizes(parts.query);
  sizes[3] = node.importer.getSizes(parts.value)[3];
  Value init = emptyTensor(node, sizes, node.elementType(Query));
  auto attention = AttentionOp::create(
      node.b, init.getType(), parts.query, parts.key, parts.value, parts.mask,
      init, Value(), Value(), node.b.getF32FloatAttr(parts.scale),
      parts.causal ? node.b.getUnitAttr() : UnitAttr(), IntegerAttr());
  node.importer.recordSizes(attention.getOutput(), sizes);
  return attention.getOutput();
}

static LogicalResult importAttention(Node &node) {
  int64_t mode = node.intAttr("qk_matmul_output_mode", 0);
  int64_t precision = node.intAttr("softmax_precision", 0);
  if (mode < 0 || mode > 3)
    return node.error("expected qk_matmul_output_mode 0 to 3, found " +
                      Twine(mode));
  Type element = node.elementType(Query);
  if (!isa<FloatType>(element))
    return node.error("expected floating-point elements");
  // Narrower softmax precisions than f32 are computed in f32.
  bool isDouble = element.isF64() || precision == onnx::TensorProto::DOUBLE;
  Type compute = isDouble ? Type(node.b.getF64Type()) : node.b.getF32Type();
  FailureOr<AttentionParts> parts = readAttention(node);
  if (failed(parts))
    return failure();
  FailureOr<Value> result;
  if (isDouble || parts->softcap > 0 || node.hasOutput(3))
    result = emitDecomposed(node, *parts, compute, ScoresMode(mode));
  else
    result = emitAttention(node, *parts);
  if (failed(result))
    return failure();
  if (node.rank(Query) == 3) {
    Value rows = transposeTo(node, *result, {0, 2, 1, 3});
    Sizes sizes = node.importer.getSizes(rows);
    OpFoldResult depth = sizes.pop_back_val();
    sizes[2] = IndexMath(node.b).mul(sizes[2], depth);
    result = reshapeTo(node, rows, sizes);
  }
  return node.setOutput(0, *result);
}

void frontend::addAttentionOperators(OperatorTable &table) {
  table["Attention"] = {importAttention, 3, 7, 4, 23};
}
