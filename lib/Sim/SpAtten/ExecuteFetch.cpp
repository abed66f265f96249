// What the fetch and store engines do: tensors from memory and to memory.

#include "Core.h"
#include "rarefy/Sim/SpAttenNumbers.h"
#include "rarefy/Support/Prefetch.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>
#include <cstring>

using namespace rarefy;
using namespace rarefy::spatten;
using llvm::Error;
using llvm::Expected;

Expected<uint8_t *> Core::access(uint64_t address, uint64_t bytes,
                                 Traffic traffic, bool write) {
  uint8_t *data = memory.find(address, bytes);
  if (!data)
    return makeError("expects bytes of one tensor, found " + Twine(address) +
                     " to " + Twine(address + bytes - 1));
  for (uint64_t done = 0; done < bytes;) { // A segment has 32 bits of bytes.
    uint64_t part = std::min<uint64_t>(bytes - done, 1u << 31);
    auto &segments = write ? activity.writes : activity.reads;
    segments.push_back({address + done, static_cast<uint32_t>(part)});
    done += part;
  }
  auto &counts = write ? statistics.bytesWritten : statistics.bytesRead;
  counts[unsigned(traffic)] += bytes;
  activity.uses.push_back({Use::Memory, write, address, bytes});
  return data;
}

template <typename T>
Error Core::load(uint64_t address, MutableArrayRef<T> numbers,
                 Traffic traffic) {
  uint64_t bytes = numbers.size() * sizeof(T);
  Expected<uint8_t *> data = access(address, bytes, traffic, /*write=*/false);
  if (!data)
    return data.takeError();
  std::memcpy(numbers.data(), *data, bytes);
  return Error::success();
}

template <typename T>
Error Core::store(uint64_t address, ArrayRef<T> numbers, Traffic traffic) {
  uint64_t bytes = numbers.size() * sizeof(T);
  Expected<uint8_t *> data = access(address, bytes, traffic, /*write=*/true);
  if (!data)
    return data.takeError();
  std::memcpy(*data, numbers.data(), bytes);
  return Error::success();
}

Error Core::loadOperands(uint64_t address, MutableArrayRef<int16_t> numbers,
                         Traffic traffic) {
  if (Error error = load(address, numbers, traffic))
    return error;
  for (auto [place, number] : llvm::enumerate(numbers))
    if (!isOperand(number))
      return makeError("expects numbers of 12 bits, found " + Twine(number) +
                       " in " +
                       memory.describe(address + place * sizeof(number)) +
                       explainMisfit(number));
  return Error::success();
}

Error Core::checkTokens(uint64_t count) {
  read(Register::TokenList);
  if (tokens.size() < count)
    return makeError("expects at least " + Twine(count) +
                     " kept tokens, found " + Twine(tokens.size()));
  return Error::success();
}

Error Core::execute(LoadQueryOp op) {
  write(Register::Query, getLane(op));
  return loadOperands(getAddress(op.getBase(), op.getOffset()), lane(op).query,
                      Traffic::Query);
}

//===----------------------------------------------------------------------===//
// Rows of keys and values
//===----------------------------------------------------------------------===//

/// Where `count` rows of `bytes` bytes lie: the kept ones if `gather`, those
/// that `selected` holds if it is given, or both.
Expected<RowPlace> Core::placeRows(uint64_t address, unsigned bytes,
                                   unsigned count, bool gather,
                                   const Slot *selected) {
  RowPlace place{address, bytes, {}, gather || selected, count};
  if (selected) {
    read(Register::Selected, selected - slots.data());
    if (selected->selected.size() < count)
      return makeError("expects " + Twine(count) +
                       " selected positions, found " +
                       Twine(selected->selected.size()));
    place.rows.assign(selected->selected.begin(),
                      selected->selected.begin() + count);
  }
  if (!gather)
    return place;
  if (Error error = checkTokens(selected ? place.rows.back() + 1 : place.count))
    return error;
  if (!selected)
    place.rows.assign(tokens.begin(), tokens.begin() + count);
  else
    for (unsigned &row : place.rows)
      row = tokens[row];
  return place;
}

/// Reads the rows of `place`, which are in rising order; neighbours together.
Expected<const uint8_t *> Core::accessRows(const RowPlace &place,
                                           Traffic traffic) {
  uint64_t first = place.getOffset(0);
  uint64_t end = place.getOffset(place.count - 1) + place.bytes;
  Expected<uint8_t *> data =
      access(place.address + first, end - first, traffic, /*write=*/false);
  if (!data)
    return data.takeError();
  if (place.listed) {
    activity.reads.clear();
    activity.reads.reserve(place.count);
    Segment segment{place.address + first, place.bytes};
    for (unsigned row = 1; row < place.count; ++row) {
      uint64_t at = place.address + place.getOffset(row);
      if (segment.address + segment.bytes == at) {
        segment.bytes += place.bytes;
      } else {
        activity.reads.push_back(segment);
        segment = {at, place.bytes};
      }
    }
    activity.reads.push_back(segment);
    statistics.bytesRead[unsigned(traffic)] -= end - first;
    statistics.bytesRead[unsigned(traffic)] +=
        uint64_t(place.count) * place.bytes;
  }
  return *data - first;
}

/// Hands rows of `place`, packed vectors in `data`, to `kernel`, some at a time
/// and with the number of the first. The next ones are asked of the host's
/// memory meanwhile: kept rows lie too far apart for its processor to guess.
template <typename F>
static void forRows(const RowPlace &place, const uint8_t *data, F &&kernel) {
  static constexpr unsigned atOnce = 16;
  for (unsigned first = 0; first < place.count; first += atOnce) {
    const uint8_t *rows[atOnce];
    unsigned count = std::min(atOnce, place.count - first);
    unsigned later = std::min(first + 2 * atOnce, place.count);
    for (unsigned i = 0; i < count; ++i)
      rows[i] = data + place.getOffset(first + i);
    for (unsigned row = first + count; row < later; ++row)
      prefetch(data + place.getOffset(row), place.bytes);
    kernel(MutableArrayRef(rows, count), first);
  }
}

/// Reads rows of `place` into `buffer`, whose rows, shift and lanes are set.
Error Core::fill(SRAM &sram, SRAM::Buffer &buffer, const RowPlace &place,
                 unsigned bits, Traffic traffic) {
  unsigned lines = getLines(buffer.rows, sram.rowsPerLine, buffer.fused);
  if (lines > buffer.lines)
    return makeError("needs " + Twine(lines) + " lines of its buffer, found " +
                     Twine(buffer.lines));
  Expected<const uint8_t *> data = accessRows(place, traffic);
  if (!data)
    return data.takeError();
  MutableArrayRef<Vector> vectors[kLanes];
  for (unsigned lane = 0; lane <= buffer.fused; ++lane) {
    if (&sram == &keys)
      useWholeKeys(buffer, buffer.rows, lane, /*write=*/true);
    else
      useLines(Use::ValueLines, buffer, buffer.rows, lane, /*write=*/true);
    vectors[lane] = sram.getVectors(buffer, lane);
  }
  unsigned vectorBytes = getRowBytes(bits, false);
  forRows(place, *data,
          [&](MutableArrayRef<const uint8_t *> rows, unsigned first) {
            for (unsigned lane = 0; lane <= buffer.fused; ++lane) {
              kernels.unpack(rows, bits, buffer.shift, &vectors[lane][first]);
              for (const uint8_t *&row : rows)
                row += vectorBytes;
            }
          });
  return Error::success();
}

Error Core::execute(LoadKeyOp op) {
  SRAM::Buffer &buffer = keys.buffers[op.getBuffer()];
  unsigned bits = op.getBits();
  Expected<RowPlace> place =
      placeRows(getAddress(op.getBase(), op.getOffset()),
                getRowBytes(bits, op.getFused()), op.getKeys(), op.getGather(),
                /*selected=*/nullptr);
  if (!place)
    return place.takeError();
  buffer.rows = op.getKeys();
  buffer.shift = op.getShift();
  buffer.fused = op.getFused();
  buffer.completed = {};
  return fill(keys, buffer, *place, bits, Traffic::KeyMsb);
}

Error Core::execute(LoadKeyLsbOp op) {
  if (isSkipped(op))
    return Error::success();
  SRAM::Buffer &buffer = keys.buffers[op.getBuffer()];
  unsigned bits = op.getBits(), count = op.getKeys();
  if (buffer.rows < count || (op.getLane() && !buffer.fused))
    return makeError("expects a buffer that holds " + Twine(count) +
                     " keys of its lane, found " + Twine(buffer.rows));
  if (buffer.shift < bits)
    return makeError("expects keys with at least " + Twine(bits) +
                     " zero bits below, found " + Twine(buffer.shift));
  if (std::exchange(buffer.completed[op.getLane()], true)) {
    activity.skipped = true;
    return Error::success();
  }
  Expected<RowPlace> place = placeRows(getAddress(op.getBase(), op.getOffset()),
                                       getRowBytes(bits, false), count,
                                       op.getGather(), /*selected=*/nullptr);
  if (!place)
    return place.takeError();
  Expected<const uint8_t *> data = accessRows(*place, Traffic::KeyLsb);
  if (!data)
    return data.takeError();
  useLines(Use::KeyLowLines, buffer, buffer.rows, op.getLane(), /*write=*/true);
  MutableArrayRef<Vector> vectors = keys.getVectors(buffer, op.getLane());
  forRows(*place, *data, [&](ArrayRef<const uint8_t *> rows, unsigned first) {
    kernels.merge(rows, bits, buffer.shift - bits, &vectors[first]);
  });
  return Error::success();
}

Error Core::execute(LoadValueOp op) {
  SRAM::Buffer &buffer = values.buffers[op.getBuffer()];
  unsigned bits = op.getBits();
  Expected<RowPlace> place = placeRows(
      getAddress(op.getBase(), op.getOffset()),
      getRowBytes(bits, op.getFused()), op.getValues(), op.getGather(),
      op.getSelected() ? &slots[op.getSlot()] : nullptr);
  if (!place)
    return place.takeError();
  buffer.rows = op.getValues();
  buffer.shift = op.getShift();
  buffer.fused = op.getFused();
  return fill(values, buffer, *place, bits, Traffic::Value);
}

//===----------------------------------------------------------------------===//
// Everything else from memory
//===----------------------------------------------------------------------===//

Error Core::execute(LoadScalesOp op) {
  write(Register::Scales);
  scales.resize(op.getHeads());
  if (Error error = load<float>(getAddress(op.getBase(), op.getOffset()),
                                scales, Traffic::Scales))
    return error;
  for (auto [place, scale] : llvm::enumerate(scales))
    if (!(scale >= 0) || !std::isfinite(scale))
      return makeError("expects finite scales that are not negative, found " +
                       llvm::formatv("{0:e2}", scale).str() + " for head " +
                       Twine(place));
  return Error::success();
}

Error Core::execute(LoadTokensOp op) {
  write(Register::TokenImportance);
  return load(getAddress(op.getBase(), op.getOffset()),
              MutableArrayRef(tokenImportance).take_front(op.getTokens()),
              Traffic::Tokens);
}

Error Core::execute(LoadHeadsOp op) {
  write(Register::HeadImportance);
  return load(getAddress(op.getBase(), op.getOffset()),
              MutableArrayRef(headImportance).take_front(op.getHeads()),
              Traffic::Heads);
}

Error Core::execute(LoadListOp op) {
  write(Register::TokenList);
  std::vector<uint16_t> list(op.getTokens());
  if (Error error = load<uint16_t>(getAddress(op.getBase(), op.getOffset()),
                                   list, Traffic::List))
    return error;
  for (size_t i = 0; i < list.size(); ++i)
    if (list[i] >= kMaxTokens || (i && list[i] <= list[i - 1]))
      return makeError("expects positions below " + Twine(kMaxTokens) +
                       " in rising order, found " + Twine(list[i]) +
                       " in place " + Twine(i));
  tokens.assign(list.begin(), list.end());
  return Error::success();
}

Error Core::execute(LoadVectorOp op) {
  write(Register::Vector);
  vector.resize(op.getElements());
  return loadOperands(getAddress(op.getBase(), op.getOffset()), vector,
                      Traffic::Vector);
}

Error Core::execute(CopyOp op) {
  size_t bytes = op.getTransactions() * kTransactionBytes;
  std::vector<uint8_t> data(op.getRows() * bytes);
  for (bool write : {false, true}) {
    uint64_t base = write ? op.getBase() : op.getFrom();
    uint64_t stride = write ? op.getStride() : op.getFromStride();
    for (uint64_t row = 0; row < op.getRows(); ++row) {
      Expected<uint8_t *> memory =
          access(getAddress(base, row * stride), bytes, Traffic::Copy, write);
      if (!memory)
        return memory.takeError();
      uint8_t *copied = data.data() + row * bytes;
      std::memcpy(write ? *memory : copied, write ? copied : *memory, bytes);
    }
  }
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Results to memory
//===----------------------------------------------------------------------===//

Error Core::execute(StoreOutputOp op) {
  read(Register::Output, getLane(op));
  return store<int16_t>(getAddress(op.getBase(), op.getOffset()),
                        lane(op).output, Traffic::Output);
}

Error Core::execute(StoreTokensOp op) {
  read(Register::TokenImportance);
  return store(getAddress(op.getBase(), op.getOffset()),
               ArrayRef(tokenImportance).take_front(op.getTokens()),
               Traffic::Tokens);
}

Error Core::execute(StoreHeadsOp op) {
  read(Register::HeadImportance);
  return store(getAddress(op.getBase(), op.getOffset()),
               ArrayRef(headImportance).take_front(op.getHeads()),
               Traffic::Heads);
}

Error Core::execute(StoreListOp op) {
  if (Error error = checkTokens(op.getTokens()))
    return error;
  std::vector<uint16_t> list(tokens.begin(), tokens.begin() + op.getTokens());
  return store<uint16_t>(getAddress(op.getBase(), op.getOffset()), list,
                         Traffic::List);
}

Error Core::execute(StoreVectorOp op) {
  read(Register::Product);
  if (product.size() < op.getElements())
    return makeError("expects a product of " + Twine(op.getElements()) +
                     " elements, found " + Twine(product.size()));
  return store(getAddress(op.getBase(), op.getOffset()),
               ArrayRef(product).take_front(op.getElements()), Traffic::Output);
}
