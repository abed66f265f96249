#ifndef RAREFY_LIB_SIM_SPATTEN_HAZARDS_H
#define RAREFY_LIB_SIM_SPATTEN_HAZARDS_H

#include "Activity.h"

namespace rarefy::spatten {

/// An earlier instruction that one has to come after: after its result, or
/// after it has read what is now written.
struct Dependence {
  uint64_t number;
  bool afterResult;
  /// Both write: nothing flows from one to the other.
  bool isOverwrite;
  Use use;
};

/// Finds out, in program order, which earlier instructions one depends on.
/// Numbers of instructions start at 1.
class Hazards {
public:
  Hazards();

  std::vector<Dependence> add(ArrayRef<Use> uses, uint64_t number,
                              Engine engine);

  /// Forgets accesses to memory of which `isOver` holds, now and then.
  void forget(llvm::function_ref<bool(uint64_t)> isOver);

private:
  struct Access {
    uint64_t first, end;
    uint64_t number;
  };
  struct Line {
    uint64_t writer = 0;
    uint64_t reader = 0;
  };

  void addRegister(const Use &use, std::vector<Dependence> &dependences);
  void addLines(std::vector<Line> &lines, const Use &use,
                std::vector<Dependence> &dependences);
  void addMemory(const Use &use, std::vector<Dependence> &dependences);

  uint64_t number = 0;
  Engine engine = Engine::Control;
  std::array<uint64_t, kRegisters> writers{};
  /// The last reader of each engine: an engine reads in order.
  std::array<std::array<uint64_t, kEngines>, kRegisters> readers{};
  std::vector<Line> keyLines, keyLowLines, valueLines;
  /// Of memory.
  std::vector<Access> reads, writes;
  /// How many of these make it worth while to look which are over.
  size_t maxAccesses = 64;
};

/// What `use` is of, for a person.
std::string describe(const Use &use);

} // namespace rarefy::spatten

#endif // RAREFY_LIB_SIM_SPATTEN_HAZARDS_H
