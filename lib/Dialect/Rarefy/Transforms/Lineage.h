// Where dimensions come from. Not installed.

#ifndef RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_LINEAGE_H
#define RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_LINEAGE_H

#include "rarefy/Dialect/Rarefy/IR/Rarefy.h"

namespace rarefy {

/// Are the rows and the keys of an attention the same tokens: do both
/// dimensions come, through ops that keep them, from one of the same tensor?
bool isSelfAttention(AttentionOp op);

} // namespace rarefy

#endif // RAREFY_LIB_DIALECT_RAREFY_TRANSFORMS_LINEAGE_H
