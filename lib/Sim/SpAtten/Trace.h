#ifndef RAREFY_LIB_SIM_SPATTEN_TRACE_H
#define RAREFY_LIB_SIM_SPATTEN_TRACE_H

#include "rarefy/Sim/SpAtten.h"

namespace rarefy::spatten {

/// Writes what engines do in the Trace Event Format: a track for each engine, a
/// slice for each instruction. Viewers count in microseconds.
class Trace {
public:
  Trace(raw_ostream &os, double clockGHz);
  ~Trace();
  void add(Engine engine, Operation *op, uint32_t place, uint64_t cycle,
           uint64_t cycles);

private:
  raw_ostream &os;
  double clockGHz;
};

} // namespace rarefy::spatten

#endif // RAREFY_LIB_SIM_SPATTEN_TRACE_H
