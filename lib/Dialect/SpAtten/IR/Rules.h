#ifndef RAREFY_LIB_DIALECT_SPATTEN_IR_RULES_H
#define RAREFY_LIB_DIALECT_SPATTEN_IR_RULES_H

#include "rarefy/Dialect/SpAtten/IR/SpAtten.h"

namespace rarefy::spatten {

/// Checks that loops are closed, that the program ends where it halts, and that
/// every wait for a semaphore has a signal before it in program order: engines
/// execute their queues in that order, so such a program cannot deadlock.
LogicalResult verifyOrder(program::ProgramOp program);

/// Checks that buffers fit the SRAMs of the configuration and that nothing is
/// read that was not written before. `verifyOrder` has succeeded.
LogicalResult verifyState(program::ProgramOp program);

} // namespace rarefy::spatten

#endif // RAREFY_LIB_DIALECT_SPATTEN_IR_RULES_H
