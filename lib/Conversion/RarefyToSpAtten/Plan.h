#ifndef RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_PLAN_H
#define RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_PLAN_H

#include "AttentionRows.h"
#include "rarefy/Dialect/Rarefy/IR/Rarefy.h"

namespace rarefy::spatten {

/// What a function's tensor is read as. A tensor in device memory has the
/// elements of one use.
enum class Role { Query, Key, Value, Output, Plain };

/// The shape of an attention and the formats of its rows, without addresses:
/// everything that its types and attributes say. Fails with an error at `op`
/// for what the device lacks.
FailureOr<AttentionPlan> planAttention(AttentionOp op);

/// The tensor in device memory of a function's tensor `type`, [..., heads,
/// tokens, depth], whose rows have `format`.
RankedTensorType getDeviceType(RankedTensorType type, RowFormat format);

} // namespace rarefy::spatten

#endif // RAREFY_LIB_CONVERSION_RAREFYTOSPATTEN_PLAN_H
