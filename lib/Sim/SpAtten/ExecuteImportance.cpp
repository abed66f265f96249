// The importance of tokens and heads, and the lists of those that are kept.

#include "Core.h"
#include "Select.h"
#include "rarefy/Sim/SpAttenNumbers.h"
#include "llvm/ADT/STLExtras.h"
#include <cstdlib>
#include <limits>

using namespace rarefy;
using namespace rarefy::spatten;
using llvm::Error;

Error Core::execute(AddTokensOp op) {
  read(Register::Probabilities, getLane(op));
  write(Register::TokenImportance);
  if (Error error = checkTokens(op.getKeys()))
    return error;
  ArrayRef<int16_t> probabilities = lane(op).probabilities;
  if (probabilities.size() != op.getKeys())
    return makeError("expects " + Twine(op.getKeys()) +
                     " probabilities, found " + Twine(probabilities.size()));
  for (auto [token, probability] : llvm::zip(tokens, probabilities))
    tokenImportance[token] = addSaturating(tokenImportance[token], probability);
  return Error::success();
}

Error Core::execute(AddHeadOp op) {
  read(Register::Output, getLane(op));
  write(Register::HeadImportance);
  unsigned head = this->head + op.getLane();
  if (head >= kMaxHeads)
    return makeError("expects heads below " + Twine(kMaxHeads) + ", found " +
                     Twine(head));
  for (int16_t element : lane(op).output)
    headImportance[head] += std::abs(element);
  return Error::success();
}

Error Core::execute(ClearTokensOp op) {
  write(Register::TokenImportance);
  std::fill_n(tokenImportance.begin(), op.getTokens(), 0);
  return Error::success();
}

Error Core::execute(ClearHeadsOp op) {
  write(Register::HeadImportance);
  std::fill_n(headImportance.begin(), op.getHeads(), 0);
  return Error::success();
}

Error Core::execute(ScaleTokensOp op) {
  write(Register::TokenImportance);
  float factor = std::bit_cast<float>(static_cast<uint32_t>(op.getFactor()));
  for (unsigned token = 0; token < op.getTokens(); ++token)
    tokenImportance[token] = scaleImportance(tokenImportance[token], factor);
  return Error::success();
}

Error Core::execute(ProtectOp op) {
  write(Register::Protected);
  protectedTokens.set(op.getToken());
  return Error::success();
}

Error Core::execute(TopkTokensOp op) {
  read(Register::TokenImportance);
  write(Register::Protected);
  write(Register::TokenSelection);
  unsigned count = op.getCandidates();
  if (Error error = op.getAll() ? Error::success() : checkTokens(count))
    return error;
  std::vector<int64_t> values(count);
  size_t found = 0;
  for (unsigned i = 0; i < count; ++i) {
    unsigned token = op.getAll() ? i : tokens[i];
    bool isProtected = protectedTokens[token];
    found += isProtected;
    values[i] = isProtected ? std::numeric_limits<int64_t>::max()
                            : int64_t(tokenImportance[token]);
  }
  if (found != protectedTokens.count())
    return makeError("expects protected tokens among its candidates, found " +
                     Twine(protectedTokens.count() - found) + " elsewhere");
  protectedTokens.reset();
  tokenSelection = select(values, op.getKeep());
  if (!op.getAll())
    for (unsigned &token : tokenSelection)
      token = tokens[token];
  return Error::success();
}

Error Core::execute(TopkHeadsOp op) {
  read(Register::HeadImportance);
  read(Register::HeadList);
  write(Register::HeadSelection);
  std::vector<int64_t> values;
  for (unsigned head : heads)
    values.push_back(static_cast<int64_t>(
        std::min<uint64_t>(headImportance[head], INT64_MAX)));
  headSelection = select(values, op.getKeep());
  for (unsigned &head : headSelection)
    head = heads[head];
  return Error::success();
}

Error Core::execute(KeepTokensOp) {
  read(Register::TokenSelection);
  write(Register::TokenList);
  tokens = tokenSelection;
  return Error::success();
}

Error Core::execute(KeepHeadsOp) {
  read(Register::HeadSelection);
  write(Register::HeadList);
  heads = headSelection;
  return Error::success();
}

Error Core::execute(KeepAllTokensOp op) {
  write(Register::TokenList);
  tokens.resize(op.getTokens());
  std::iota(tokens.begin(), tokens.end(), 0);
  return Error::success();
}

Error Core::execute(KeepAllHeadsOp op) {
  write(Register::HeadList);
  heads.resize(op.getHeads());
  std::iota(heads.begin(), heads.end(), 0);
  return Error::success();
}
