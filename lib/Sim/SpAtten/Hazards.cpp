// Which instruction needs what of an earlier one.

#include "Hazards.h"
#include "llvm/ADT/STLExtras.h"

using namespace rarefy;
using namespace rarefy::spatten;

Hazards::Hazards()
    : keyLines(1 << 12), keyLowLines(1 << 12), valueLines(1 << 12) {}

static void addDependence(std::vector<Dependence> &dependences, uint64_t number,
                          bool afterResult, const Use &use) {
  if (number && (dependences.empty() || dependences.back().number != number ||
                 dependences.back().afterResult != afterResult))
    dependences.push_back({number, afterResult, afterResult && use.write, use});
}

void Hazards::addRegister(const Use &use,
                          std::vector<Dependence> &dependences) {
  addDependence(dependences, writers[use.first], true, use);
  auto &last = readers[use.first];
  if (!use.write) {
    last[unsigned(engine)] = number;
    return;
  }
  for (uint64_t &reader : last)
    addDependence(dependences, std::exchange(reader, 0), false, use);
  writers[use.first] = number;
}

void Hazards::addLines(std::vector<Line> &lines, const Use &use,
                       std::vector<Dependence> &dependences) {
  // Most lines have the writer and the reader of the line before.
  uint64_t writer = 0, reader = 0;
  for (Line &line : MutableArrayRef(lines).slice(use.first, use.count)) {
    if (std::exchange(writer, line.writer) != line.writer)
      addDependence(dependences, line.writer, true, use);
    if (!use.write) {
      line.reader = number;
      continue;
    }
    if (std::exchange(reader, line.reader) != line.reader)
      addDependence(dependences, line.reader, false, use);
    line = {number, 0};
  }
}

void Hazards::addMemory(const Use &use, std::vector<Dependence> &dependences) {
  uint64_t end = use.first + use.count;
  auto addThose = [&](ArrayRef<Access> accesses, bool write) {
    for (const Access &other : accesses)
      if (use.first < other.end && other.first < end && other.number != number)
        addDependence(dependences, other.number, write, use);
  };
  addThose(writes, /*write=*/true);
  if (use.write)
    addThose(reads, /*write=*/false);
  (use.write ? writes : reads).push_back({use.first, end, number});
}

std::vector<Dependence> Hazards::add(ArrayRef<Use> uses, uint64_t number,
                                     Engine engine) {
  this->number = number;
  this->engine = engine;
  std::vector<Dependence> dependences;
  for (const Use &use : uses) {
    if (use.kind == Use::Single)
      addRegister(use, dependences);
    else if (use.kind == Use::KeyLines)
      addLines(keyLines, use, dependences);
    else if (use.kind == Use::KeyLowLines)
      addLines(keyLowLines, use, dependences);
    else if (use.kind == Use::ValueLines)
      addLines(valueLines, use, dependences);
    else
      addMemory(use, dependences);
  }
  // An instruction that reads and writes a part does not wait for itself.
  llvm::erase_if(dependences, [&](const Dependence &dependence) {
    return dependence.number == number;
  });
  return dependences;
}

void Hazards::forget(llvm::function_ref<bool(uint64_t)> isOver) {
  if (reads.size() + writes.size() < maxAccesses)
    return;
  for (std::vector<Access> *accesses : {&reads, &writes})
    llvm::erase_if(*accesses,
                   [&](const Access &access) { return isOver(access.number); });
  maxAccesses = reads.size() + writes.size() + 64;
}

std::string spatten::describe(const Use &use) {
  static constexpr StringLiteral rows[] = {"query", "scores", "probabilities",
                                           "flag", "output"};
  static constexpr StringLiteral others[] = {"importance of tokens",
                                             "importance of heads",
                                             "protected tokens",
                                             "scales",
                                             "vector",
                                             "product",
                                             "list of tokens",
                                             "selection of tokens",
                                             "list of heads",
                                             "selection of heads"};
  auto range = [&](StringRef what) {
    return (what + " " + Twine(use.first) + " to " +
            Twine(use.first + use.count - 1))
        .str();
  };
  if (use.kind == Use::KeyLines)
    return range("key lines");
  if (use.kind == Use::KeyLowLines)
    return range("low bits of key lines");
  if (use.kind == Use::ValueLines)
    return range("value lines");
  if (use.kind == Use::Memory)
    return range("bytes");
  if (use.first >= unsigned(Register::TokenImportance))
    return others[use.first - unsigned(Register::TokenImportance)].str();
  if (use.first >= unsigned(Register::Selected))
    return "selected positions of slot " +
           std::to_string(use.first - unsigned(Register::Selected));
  unsigned lane = use.first % (kSlots * kLanes);
  return (rows[use.first / (kSlots * kLanes)] + " of slot " +
          Twine(lane / kLanes) + ", lane " + Twine(lane % kLanes))
      .str();
}
