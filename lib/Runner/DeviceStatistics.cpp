// Figures of a simulated device, program by program.

#include "rarefy/Runner/DeviceStatistics.h"

#include "llvm/Support/FormatVariadic.h"

#include <numeric>

using namespace rarefy;

DeviceStatistics::Launches DeviceStatistics::getTotal() const {
  Launches total;
  total.program = "all";
  total.sum.config = config;
  for (const Launches &launches : programs) {
    total.sum += launches.sum;
    total.count += launches.count;
  }
  return total;
}

static llvm::json::Object describe(const DeviceStatistics::Launches &launches) {
  llvm::json::Object object{{"launches", launches.count}};
  for (auto &entry : launches.sum.toJSON())
    object[entry.first] = std::move(entry.second);
  return object;
}

llvm::json::Object DeviceStatistics::toJSON() const {
  llvm::json::Object object = describe(getTotal());
  llvm::json::Object byName;
  for (const Launches &launches : programs)
    byName[launches.program] = describe(launches);
  object["programs"] = std::move(byName);
  return object;
}

void DeviceStatistics::printTable(raw_ostream &os) const {
  std::vector<Launches> rows = programs;
  rows.push_back(getTotal());
  os << rows.back().sum.describeMachine() << "\n";
  os << llvm::formatv("{0,-20} {1,8} {2,12} {3,10} {4,12} {5,10}\n", "device",
                      "launches", "cycles", "us", "dram bytes", "nJ");
  for (const Launches &row : rows) {
    const spatten::Statistics &sum = row.sum;
    auto energy = sum.getEnergy();
    double picojoules = std::accumulate(energy.begin(), energy.end(), 0.0);
    os << llvm::formatv(
        "{0,-20} {1,8} {2,12} {3,10:f3} {4,12} {5,10:f1}\n", row.program,
        row.count, sum.cycles, sum.cycles / sum.config.clockGHz * 1e-3,
        sum.memory.transactions * sum.config.memory.transactionBytes,
        picojoules * 1e-3);
  }
}
