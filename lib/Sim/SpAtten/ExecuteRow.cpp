// What the engines do with a row: scores, probabilities, selected values, its
// output; and products with weights.

#include "Core.h"
#include "Select.h"
#include "rarefy/Sim/SpAttenNumbers.h"
#include <limits>

using namespace rarefy;
using namespace rarefy::spatten;
using llvm::Error;
using llvm::Expected;

/// A score as the released hardware description computes it.
static int32_t scoreTruncated(const Vector &query, const Vector &key,
                              int16_t mask) {
  int32_t sum = 0;
  for (unsigned d = 0; d < kHeadSize; ++d)
    sum += truncateProduct(query[d], key[d] & mask);
  return toTruncatedScore(sum);
}

Error Core::execute(ScoreOp op) {
  if (op.getRequantized() && isSkipped(op))
    return Error::success();
  const SRAM::Buffer &buffer = keys.buffers[op.getBuffer()];
  unsigned count = op.getKeys();
  if (buffer.rows < count || (op.getLane() && !buffer.fused))
    return makeError("expects a buffer that holds " + Twine(count) +
                     " keys of its lane, found " + Twine(buffer.rows));
  read(Register::Query, getLane(op));
  write(Register::Scores, getLane(op));
  // The low bits that another row has read are not for this one.
  bool isWhole = op.getRequantized();
  int16_t mask = isWhole ? -1 : static_cast<int16_t>(-1u << buffer.shift);
  if (isWhole)
    useWholeKeys(buffer, count, op.getLane(), /*write=*/false);
  else
    useLines(Use::KeyLines, buffer, count, op.getLane(), /*write=*/false);
  Lane &row = lane(op);
  row.scores.resize(count);
  ArrayRef<Vector> vectors =
      keys.getVectors(buffer, op.getLane()).take_front(count);
  if (config.products == ProductMode::Exact)
    kernels.score(row.query, vectors, mask, row.scores.data());
  else
    for (unsigned i = 0; i < count; ++i)
      row.scores[i] = scoreTruncated(row.query, vectors[i], mask);
  uint64_t macs = uint64_t(count) * kHeadSize;
  (op.getRequantized() ? statistics.requantizedMacs : statistics.scoreMacs) +=
      macs;
  return Error::success();
}

Error Core::execute(SoftmaxOp op) {
  if (op.getRequantized() && isSkipped(op))
    return Error::success();
  unsigned head = this->head + op.getLane();
  read(Register::Scales);
  if (head >= scales.size())
    return makeError("expects the scale of head " + Twine(head) + ", found " +
                     Twine(scales.size()) + " scales");
  Lane &row = lane(op);
  if (row.scores.size() != op.getKeys())
    return makeError("expects " + Twine(op.getKeys()) + " scores, found " +
                     Twine(row.scores.size()));
  read(Register::Scores, getLane(op));
  write(Register::Probabilities, getLane(op));
  row.probabilities.resize(op.getKeys());
  row.largest = kernels.softmax(row.scores.data(), op.getKeys(), scales[head],
                                exponentials.data(), row.probabilities.data());
  statistics.softmaxScores += op.getKeys();
  return Error::success();
}

Error Core::execute(CheckOp op) {
  read(Register::Probabilities, getLane(op));
  write(Register::Flag, getLane(op));
  lane(op).flag = lane(op).largest < int32_t(op.getThreshold());
  ++statistics.checkedRows;
  statistics.requantizedRows += lane(op).flag;
  return Error::success();
}

/// The positions of the `keep` largest of `values`, as a top-k engine finds
/// them, and what that takes.
std::vector<unsigned> Core::select(ArrayRef<int64_t> values, unsigned keep) {
  if (keep >= values.size())
    return selectLargest(values, keep);
  ++statistics.topkSelections;
  if (config.topk.rounds == TopKRounds::Expected)
    return selectLargest(values, keep);
  Selection selection = quickSelect(values, keep, pivots);
  activity.rounds = std::move(selection.roundSizes);
  return std::move(selection.kept);
}

Error Core::execute(TopkValuesOp op) {
  Slot &slot = slots[op.getSlot()];
  std::vector<int64_t> sums(op.getKeys());
  for (unsigned lane = 0; lane <= op.getFused(); ++lane) {
    read(Register::Probabilities, op.getSlot() * kLanes + lane);
    ArrayRef<int16_t> probabilities = slot.lanes[lane].probabilities;
    if (probabilities.size() != sums.size())
      return makeError("expects " + Twine(sums.size()) +
                       " probabilities in lane " + Twine(lane) + ", found " +
                       Twine(probabilities.size()));
    for (size_t i = 0; i < sums.size(); ++i)
      sums[i] += probabilities[i];
  }
  write(Register::Selected, op.getSlot());
  slot.selected = select(sums, op.getKeep());
  return Error::success();
}

Error Core::execute(WeightOp op) {
  const SRAM::Buffer &buffer = values.buffers[op.getBuffer()];
  const Slot &slot = slots[op.getSlot()];
  Lane &row = lane(op);
  unsigned count = op.getValues();
  bool isSelected = op.getSelected(), isCompact = op.getCompact();
  ArrayRef<unsigned> selected = slot.selected;
  if (isSelected ? selected.size() < count : row.probabilities.size() < count)
    return makeError(
        "expects " + Twine(count) + " probabilities, found " +
        Twine(isSelected ? selected.size() : row.probabilities.size()));
  unsigned needed = isSelected && !isCompact ? selected[count - 1] + 1 : count;
  if (buffer.rows < needed || (op.getLane() && !buffer.fused))
    return makeError("expects a buffer that holds " + Twine(needed) +
                     " values of its lane, found " + Twine(buffer.rows));
  if (isSelected && selected[count - 1] >= row.probabilities.size())
    return makeError("expects a probability for each selected position, "
                     "found " +
                     Twine(row.probabilities.size()));
  read(Register::Probabilities, getLane(op));
  if (isSelected)
    read(Register::Selected, op.getSlot());
  write(Register::Output, getLane(op));
  useLines(Use::ValueLines, buffer, count, op.getLane(), /*write=*/false);
  ArrayRef<Vector> vectors = values.getVectors(buffer, op.getLane());
  bool isExact = config.products == ProductMode::Exact;
  alignas(32) std::array<int32_t, kHeadSize> sums{};
  for (unsigned i = 0; i < count; ++i) {
    unsigned position = isSelected ? selected[i] : i;
    const Vector &value = vectors[isCompact ? i : position];
    int32_t probability = row.probabilities[position];
    if (isExact)
      kernels.weigh(probability, value, sums.data());
    else
      for (unsigned d = 0; d < kHeadSize; ++d)
        sums[d] += truncateProduct(probability, value[d]);
  }
  for (unsigned d = 0; d < kHeadSize; ++d)
    row.output[d] = isExact ? toOutput(sums[d]) : toTruncatedOutput(sums[d]);
  statistics.weightMacs += uint64_t(count) * kHeadSize;
  return Error::success();
}

/// Element `place` of `bits` bits, signed.
static int32_t getPacked(const uint8_t *packed, unsigned bits, uint64_t place) {
  uint64_t at = place * bits;
  uint32_t word =
      packed[at / 8] | packed[at / 8 + 1] << 8 | packed[at / 8 + 2] << 16;
  return int32_t(word << (32 - bits - at % 8)) >> (32 - bits);
}

Error Core::execute(MultiplyOp op) {
  uint64_t rows = op.getRows(), columns = op.getColumns();
  unsigned bits = op.getBits();
  if (vector.size() != columns)
    return makeError("expects a vector of " + Twine(columns) +
                     " elements, found " + Twine(vector.size()));
  read(Register::Vector);
  write(Register::Product);
  Expected<uint8_t *> data =
      access(getAddress(op.getBase(), op.getOffset()),
             (rows * columns * bits + 7) / 8, Traffic::Matrix,
             /*write=*/false);
  if (!data)
    return data.takeError();
  product.resize(rows);
  bool isWhole = bits % 2 == 0 && columns * bits % 8 == 0;
  for (uint64_t row = 0; row < rows; ++row) {
    uint64_t place = row * columns, column = 0;
    int64_t sum = 0;
    for (; isWhole && column + kHeadSize <= columns; column += kHeadSize) {
      Vector weights, inputs;
      int32_t part;
      kernels.unpack(*data + (place + column) * bits / 8, bits, 0, &weights);
      llvm::copy(ArrayRef(vector).slice(column, kHeadSize), inputs.begin());
      kernels.score(inputs, weights, /*mask=*/-1, &part);
      sum += part;
    }
    for (; column < columns; ++column)
      sum += int64_t(getPacked(*data, bits, place + column)) * vector[column];
    if (sum != static_cast<int32_t>(sum))
      return makeError("expects sums of 32 bits, found " + Twine(sum) +
                       " in row " + Twine(row));
    product[row] = static_cast<int32_t>(sum);
  }
  statistics.productMacs += rows * columns;
  return Error::success();
}
