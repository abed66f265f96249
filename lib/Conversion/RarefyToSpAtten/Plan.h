#ifndef RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_PLAN_H
#define RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_PLAN_H

#include "AttentionRows.h"
#include "rarefy/Dialect/Rarefy/IR/Rarefy.h"
#include "llvm/Support/Error.h"

namespace rarefy::spatten {

/// What a function's tensor is read as. A tensor in device memory has the
/// elements of one use.
enum class Role { Query, Key, Value, Output, Plain };

/// The shape of an attention and the formats of its rows, without addresses:
/// everything that its types and attributes say, behind batches of one. Its
/// heads are selected ones of `keptOf`, or all where that is 0; they come in
/// pairs where that saves bytes and they `mayPair`. The error is what `machine`
/// lacks for it, as what follows the name of the op.
llvm::Expected<AttentionPlan> findPlan(AttentionOp op,
                                       const SpAttenConfig &machine,
                                       unsigned keptOf = 0,
                                       bool mayPair = true);

/// The plan of an attention without batches, with what it gathers its heads
/// from, or an error at `op`.
FailureOr<AttentionPlan> planAttention(AttentionOp op,
                                       const SpAttenConfig &machine);

/// An error if programs of `machine` do not reach `bytes` bytes of memory.
llvm::Error checkBytes(uint64_t bytes, const SpAttenConfig &machine);

/// The lowest bits of an element of the operand of `op` in `role` that do not
/// count; of keys they are the low plane.
unsigned getDroppedBits(AttentionOp op, Role role);

/// Whether an importance is zero everywhere.
bool isZero(Value importance);

/// The tensor in device memory of a function's tensor `type`, [..., heads,
/// tokens, depth], whose rows have `format`.
RankedTensorType getDeviceType(RankedTensorType type, RowFormat format);

} // namespace rarefy::spatten

#endif // RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_PLAN_H
