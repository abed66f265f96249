// Verifiers of the `rarefy` ops.

#include "rarefy/Dialect/Rarefy/IR/Rarefy.h"

using namespace rarefy;

namespace {
/// An operand as diagnostics name it.
struct Operand {
  StringRef name;
  ShapedType type;

  Operand(StringRef name, Value v)
      : name(name), type(cast<ShapedType>(v.getType())) {}
  int64_t rank() const { return type.getRank(); }
  int64_t size(int64_t dim) const { return type.getDimSize(dim); }
};
} // namespace

/// After bufferization an op has memrefs only, before only tensors.
static LogicalResult verifyOneKind(Operation *op) {
  Type first = op->getOperand(0).getType();
  for (Type type : op->getOperandTypes())
    if (isa<MemRefType>(type) != isa<MemRefType>(first))
      return op->emitOpError("expected only tensors or only memrefs, found ")
             << first << " beside " << type;
  return success();
}

static LogicalResult verifyElement(Operation *op, Operand of, Operand like) {
  Type expected = like.type.getElementType(), found = of.type.getElementType();
  if (found == expected)
    return success();
  return op->emitOpError("expected element type ")
         << expected << " of " << of.name << " (that of " << like.name
         << "), found " << found;
}

static LogicalResult verifyRank(Operation *op, Operand of, int64_t expected) {
  if (of.rank() == expected)
    return success();
  return op->emitOpError("expected rank ")
         << expected << " of " << of.name << ", found " << of.rank();
}

/// Dimension `dim` of one operand has the size of another's, as far as known.
static LogicalResult verifySize(Operation *op, Operand of, int64_t dim,
                                Operand like, int64_t likeDim) {
  int64_t expected = like.size(likeDim), found = of.size(dim);
  if (expected == found || ShapedType::isDynamic(expected) ||
      ShapedType::isDynamic(found))
    return success();
  return op->emitOpError("expected size ")
         << expected << " of dimension " << dim << " of " << of.name
         << " (dimension " << likeDim << " of " << like.name << "), found "
         << found;
}

/// The first `count` dimensions agree.
static LogicalResult verifyLeading(Operation *op, Operand of, Operand like,
                                   int64_t count) {
  for (int64_t dim = 0; dim < count; ++dim)
    if (failed(verifySize(op, of, dim, like, dim)))
      return failure();
  return success();
}

//===----------------------------------------------------------------------===//
// attention
//===----------------------------------------------------------------------===//

static LogicalResult verifyHeads(AttentionOp op, int64_t batch) {
  int64_t heads = Operand("query", op.getQuery()).size(batch);
  int64_t keyHeads = Operand("key", op.getKey()).size(batch);
  if (ShapedType::isDynamic(heads) || ShapedType::isDynamic(keyHeads) ||
      (keyHeads != 0 && heads % keyHeads == 0))
    return success();
  return op.emitOpError("expected a multiple of the ")
         << keyHeads << " key heads as query heads, found " << heads;
}

/// The mask broadcasts from the right to [batch.., heads, rows, keys].
static LogicalResult verifyMask(AttentionOp op, Operand query, Operand key) {
  if (!op.getMask())
    return success();
  Operand mask("mask", op.getMask());
  if (mask.rank() > query.rank())
    return op.emitOpError("expected mask of rank ")
           << query.rank() << " at most, found " << mask.rank();
  int64_t skipped = query.rank() - mask.rank();
  for (int64_t dim = 0; dim < mask.rank(); ++dim) {
    bool isKeys = dim == mask.rank() - 1;
    Operand like = isKeys ? key : query;
    int64_t likeDim = isKeys ? key.rank() - 2 : dim + skipped;
    if (mask.size(dim) != 1 && failed(verifySize(op, mask, dim, like, likeDim)))
      return failure();
  }
  return success();
}

static LogicalResult verifyImportance(AttentionOp op, Operand query,
                                      Operand key) {
  int64_t batch = op.getBatchRank();
  if (Value init = op.getTokenImportanceInit()) {
    Operand token("token_importance", init);
    if (failed(verifyRank(op, token, batch + 1)) ||
        failed(verifyLeading(op, token, query, batch)) ||
        failed(verifySize(op, token, batch, key, batch + 1)))
      return failure();
  }
  if (Value init = op.getHeadImportanceInit()) {
    Operand head("head_importance", init);
    if (failed(verifyRank(op, head, batch + 1)) ||
        failed(verifyLeading(op, head, query, batch + 1)))
      return failure();
  }
  return success();
}

static LogicalResult verifyElementType(Operation *op, Operand of,
                                       Type expected) {
  if (of.type.getElementType() == expected)
    return success();
  return op->emitOpError("expected element type ")
         << expected << " of " << of.name << ", found "
         << of.type.getElementType();
}

/// What only an attention on integers has, and the types that it needs.
static LogicalResult verifyIntegers(AttentionOp op, Operand query) {
  Builder b(op.getContext());
  bool integers = op.isInteger();
  if (!integers && (op.getPlanes() || op.getValueBits() || op.getKeepGroup() ||
                    op.getRefetchedInit()))
    return op.emitOpError("expected 'planes', 'value_bits', 'keep_group' and "
                          "'refetched' beside i16 alone, found ")
           << query.type.getElementType();
  std::tuple<StringRef, Value, Type> typed[] = {
      {"token_importance", op.getTokenImportanceInit(),
       integers ? Type(b.getI32Type()) : Type(b.getF32Type())},
      {"head_importance", op.getHeadImportanceInit(),
       integers ? Type(b.getI64Type()) : Type(b.getF32Type())}};
  for (auto [name, value, type] : typed)
    if (value && failed(verifyElementType(op, {name, value}, type)))
      return failure();
  if (!integers)
    return success();
  if (op.getMask() &&
      failed(verifyElementType(op, {"mask", op.getMask()}, b.getI1Type())))
    return failure();
  int64_t depth = query.size(query.rank() - 1);
  if (ShapedType::isDynamic(depth) || depth > 256)
    return op.emitOpError("expected a static depth up to 256, so that a score "
                          "fits i32");
  return success();
}

/// Heads that select values together.
static LogicalResult verifyGroup(AttentionOp op, Operand query) {
  std::optional<int64_t> group = op.getKeepGroup();
  if (!group)
    return success();
  int64_t heads = query.size(op.getBatchRank());
  if (!op.getKeepValues())
    return op.emitOpError("expected 'keep_values' beside 'keep_group'");
  if (ShapedType::isDynamic(heads) || heads % *group != 0)
    return op.emitOpError("expected a static multiple of ")
           << *group << " heads, those of 'keep_group'";
  return success();
}

static LogicalResult verifyRefetched(AttentionOp op, Operand query) {
  if (!op.getRefetchedInit())
    return success();
  Operand refetched("refetched", op.getRefetchedInit());
  if (!op.getPlanes() || op.getPlanes()->getLsb() == 0)
    return op.emitOpError("expected low bits in 'planes' beside 'refetched'");
  if (failed(verifyRank(op, refetched, query.rank() - 1)))
    return failure();
  return verifyLeading(op, refetched, query, query.rank() - 1);
}

LogicalResult AttentionOp::verify() {
  if (failed(verifyOneKind(*this)))
    return failure();
  Operand query("query", getQuery()), key("key", getKey());
  Operand value("value", getValue()), output("output", getOutputInit());
  int64_t rank = query.rank(), batch = getBatchRank();
  if (rank < 3)
    return emitOpError("expected query of rank 3 at least, found ") << rank;
  for (Operand operand : {key, value, output})
    if (failed(verifyRank(*this, operand, rank)) ||
        failed(verifyElement(*this, operand, query)) ||
        failed(verifyLeading(*this, operand, query, batch)))
      return failure();
  if (failed(verifyHeads(*this, batch)) ||
      failed(verifySize(*this, key, rank - 1, query, rank - 1)) ||
      failed(verifySize(*this, value, batch, key, batch)) ||
      failed(verifySize(*this, value, rank - 2, key, rank - 2)) ||
      failed(verifyLeading(*this, output, query, rank - 1)) ||
      failed(verifySize(*this, output, rank - 1, value, rank - 1)) ||
      failed(verifyMask(*this, query, key)) ||
      failed(verifyImportance(*this, query, key)) ||
      failed(verifyIntegers(*this, query)) || failed(verifyGroup(*this, query)))
    return failure();
  return verifyRefetched(*this, query);
}

//===----------------------------------------------------------------------===//
// topk, gather, scatter
//===----------------------------------------------------------------------===//

LogicalResult TopKOp::verify() {
  Operand scores("scores", getScores()), init("init", getInit());
  if (failed(verifyOneKind(*this)))
    return failure();
  if (scores.rank() == 0)
    return emitOpError("expected scores of rank 1 at least, found 0");
  int64_t batch = scores.rank() - 1;
  if (failed(verifyRank(*this, init, scores.rank())) ||
      failed(verifyLeading(*this, init, scores, batch)))
    return failure();
  int64_t n = scores.size(batch), k = init.size(batch);
  if (!ShapedType::isDynamic(n) && !ShapedType::isDynamic(k) && k > n)
    return emitOpError("expected at most ")
           << n << " positions of " << n << " scores, found " << k;
  return success();
}

/// Gather and scatter: `compact` has `positions` as its dimension `dim` and
/// otherwise the shape of `whole`.
static LogicalResult verifyMoved(Operation *op, Operand compact, Operand whole,
                                 Operand positions, int64_t dim) {
  if (failed(verifyOneKind(op)))
    return failure();
  if (dim >= whole.rank())
    return op->emitOpError("expected dim below the rank ")
           << whole.rank() << " of " << whole.name << ", found " << dim;
  if (positions.rank() < 1 || positions.rank() > dim + 1)
    return op->emitOpError("expected positions of rank 1 to ")
           << dim + 1 << ", found " << positions.rank();
  int64_t batch = positions.rank() - 1;
  if (failed(verifyRank(op, compact, whole.rank())) ||
      failed(verifyElement(op, compact, whole)) ||
      failed(verifyLeading(op, positions, whole, batch)))
    return failure();
  for (int64_t i = 0; i < whole.rank(); ++i)
    if (failed(i == dim ? verifySize(op, compact, i, positions, batch)
                        : verifySize(op, compact, i, whole, i)))
      return failure();
  return success();
}

LogicalResult GatherOp::verify() {
  return verifyMoved(*this, {"init", getInit()}, {"source", getSource()},
                     {"positions", getPositions()}, getDim());
}

LogicalResult ScatterOp::verify() {
  return verifyMoved(*this, {"source", getSource()}, {"init", getInit()},
                     {"positions", getPositions()}, getDim());
}
