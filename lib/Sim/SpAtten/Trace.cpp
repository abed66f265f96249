// The trace of a run, for Chrome and Perfetto.

#include "Trace.h"
#include "llvm/Support/FormatVariadic.h"

using namespace rarefy;
using namespace rarefy::spatten;

Trace::Trace(raw_ostream &os, double clockGHz) : os(os), clockGHz(clockGHz) {
  os << "{\"displayTimeUnit\": \"ns\", \"traceEvents\": [";
  StringRef separator = "\n";
  for (unsigned engine = 1; engine < kEngines; ++engine) {
    os << separator
       << llvm::formatv("{{\"ph\": \"M\", \"pid\": 1, \"tid\": {0}, \"name\": "
                        "\"thread_name\", \"args\": {{\"name\": \"{1}\"}}",
                        engine, getName(Engine(engine)));
    separator = ",\n";
  }
}

Trace::~Trace() { os << "\n]}\n"; }

void Trace::add(Engine engine, Operation *op, uint32_t place, uint64_t cycle,
                uint64_t cycles) {
  double scale = 1e-3 / clockGHz;
  os << llvm::formatv(
      ",\n{{\"ph\": \"X\", \"pid\": 1, \"tid\": {0}, \"name\": \"{1}\", "
      "\"ts\": {2:f3}, \"dur\": {3:f3}, \"args\": {{\"instruction\": {4}}}",
      unsigned(engine), op->getName().stripDialect(), cycle * scale,
      cycles * scale, place);
}
