// What a memory has to satisfy, and the sums of its timing table.

#include "rarefy/Hardware/MemoryConfig.h"
#include "ConfigReader.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <algorithm>

namespace rarefy {

/// Bounds that keep a simulation's state small and its sums exact.
constexpr unsigned maxLatencyCycles = 1 << 20;
constexpr unsigned maxBanks = 1 << 10;
constexpr unsigned maxWindow = 16;
constexpr unsigned maxOutstanding = 64;

llvm::StringRef stringifyDRAMCommand(DRAMCommand command) {
  constexpr llvm::StringLiteral names[numDRAMCommands] = {"ACT", "PRE", "PREA",
                                                          "RD",  "WR",  "REF"};
  return names[unsigned(command)];
}

/// Evaluates numbers and names joined by plus and minus signs.
static unsigned evaluateSum(llvm::StringRef sum,
                            const std::map<std::string, unsigned> &values,
                            const llvm::Twine &key, ConfigChecker &checker) {
  int64_t total = 0;
  int64_t sign = 1;
  llvm::StringRef rest = sum;
  while (true) {
    size_t end = rest.find_first_of("+-");
    llvm::StringRef term = rest.take_front(end).trim();
    int64_t value = 0;
    if (auto named = values.find(term.str()); named != values.end())
      value = named->second;
    else if (term.getAsInteger(10, value) || value > maxLatencyCycles) {
      checker.require(false, key,
                      "expected a number or a name of the timing values, "
                      "found '" +
                          term + "' in '" + sum + "'");
      return 0;
    }
    total += sign * value;
    if (end == rest.npos)
      break;
    sign = rest[end] == '+' ? 1 : -1;
    rest = rest.drop_front(end + 1);
  }
  checker.require(total >= 0 && total <= maxLatencyCycles, key,
                  llvm::formatv("expected 0 to {0} cycles, found {1} as '{2}'",
                                maxLatencyCycles, total, sum)
                      .str());
  return total;
}

static void resolveTiming(DRAMTiming &timing, ConfigChecker &checker) {
  for (auto &[name, value] : timing.values)
    checker.require(value <= maxLatencyCycles, "memory.timing.values." + name,
                    llvm::formatv("expected at most {0} cycles, found {1}",
                                  maxLatencyCycles, value)
                        .str());
  auto evaluate = [&](llvm::StringRef sum, const llvm::Twine &key) {
    return evaluateSum(sum, timing.values, "memory.timing." + key, checker);
  };
  timing.readDataCycles = evaluate(timing.readData, "readData");
  timing.writeDataCycles = evaluate(timing.writeData, "writeData");
  timing.burstCycles = evaluate(timing.burst, "burst");
  checker.within("memory.timing.burst", timing.burstCycles, maxLatencyCycles);
  for (auto [index, row] : llvm::enumerate(timing.rows)) {
    std::string key = "rows[" + std::to_string(index) + "]";
    row.latencyCycles = evaluate(row.cycles, key);
    checker.within("memory.timing." + key + ".window", row.window, maxWindow);
    checker.require(!row.preceding.empty() && !row.following.empty(),
                    "memory.timing." + key,
                    "expected commands before and after, found none");
  }
}

static void resolveRefresh(MemoryConfig &config, ConfigChecker &checker) {
  unsigned longest = 0;
  for (const TimingRow &row : config.timing.rows)
    longest = std::max(longest, row.latencyCycles);
  config.refresh.intervalCycles =
      evaluateSum(config.refresh.interval, config.timing.values,
                  "memory.refresh.interval", checker);
  // Closing the banks and refreshing have to leave time for accesses.
  checker.require(
      config.refresh.mode == RefreshMode::None ||
          config.refresh.intervalCycles > 2 * longest,
      "memory.refresh.interval",
      llvm::formatv("expected more than twice the longest wait of the timing "
                    "rows, {0} cycles, found {1}",
                    longest, config.refresh.intervalCycles)
          .str());
}

static void checkOrganization(const MemoryConfig &config,
                              ConfigChecker &checker) {
  const DRAMOrganization &part = config.organization;
  auto key = [](llvm::StringRef name) {
    return ("memory.organization." + name).str();
  };
  checker.powerOfTwo(key("pseudoChannels"), part.pseudoChannels, 64);
  checker.powerOfTwo(key("bankGroups"), part.bankGroups, 64);
  checker.powerOfTwo(key("banksPerGroup"), part.banksPerGroup, 64);
  checker.powerOfTwo(key("rows"), part.rows, 1 << 24);
  checker.powerOfTwo(key("columns"), part.columns, 1 << 16);
  checker.powerOfTwo(key("columnBytes"), part.columnBytes, 1 << 10);
  if (checker.failed())
    return;
  checker.within("memory.organization", config.banksPerChannel(), maxBanks);
  checker.require(config.rowBytes() >= config.transactionBytes, key("columns"),
                  llvm::formatv("expected rows of at least one transaction, "
                                "{0} bytes, found {1}",
                                config.transactionBytes, config.rowBytes())
                      .str());
  checker.require(config.capacityBytes() <= uint64_t(1) << 48, key("rows"),
                  "expected a memory of at most 2^48 bytes");
}

static void checkMapping(const MemoryConfig &config, ConfigChecker &checker) {
  unsigned seen = 0;
  for (AddressField field : config.mapping)
    seen |= 1 << unsigned(field);
  checker.require(config.mapping.size() == 5 && seen == 31, "memory.mapping",
                  "expected column, pseudo-channel, bank-group, bank and row, "
                  "each once");
}

llvm::Error MemoryConfig::resolve() {
  ConfigChecker checker;
  checker.powerOfTwo("memory.channels", channels, 256);
  checker.powerOfTwo("memory.transactionBytes", transactionBytes, 4096);
  checker.within("memory.outstandingPerChannel", outstandingPerChannel,
                 maxOutstanding);
  checker.within("memory.requestCycles", requestCycles, maxLatencyCycles);
  checker.positive("memory.nominal.bytesPerCyclePerChannel",
                   nominal.bytesPerCyclePerChannel);
  checker.require(nominal.bytesPerCyclePerChannel <= transactionBytes,
                  "memory.nominal.bytesPerCyclePerChannel",
                  llvm::formatv("expected at most a transaction a cycle, {0} "
                                "bytes, found {1}",
                                transactionBytes,
                                nominal.bytesPerCyclePerChannel)
                      .str());
  checker.within("memory.nominal.firstAccessCycles", nominal.firstAccessCycles,
                 maxLatencyCycles);
  checkOrganization(*this, checker);
  checkMapping(*this, checker);
  resolveTiming(timing, checker);
  resolveRefresh(*this, checker);
  return checker.take();
}

} // namespace rarefy
