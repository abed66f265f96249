#include "MemoryReference.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <deque>
#include <list>

namespace rarefy {
namespace {
constexpr unsigned allBanks = ~0u;

struct Request {
  unsigned bank;
  uint64_t row;
  uint64_t arrival;
  bool isOpener = false;
  bool isCounted = false;
};

struct Issued {
  DRAMCommand command;
  unsigned bank;
  uint64_t cycle;
};

struct Channel {
  const MemoryConfig &config;
  std::vector<int64_t> openRows;
  std::list<Request> queue;
  std::vector<Issued> issued;
  ReferenceResult result;
  uint64_t cycle = 0;
  uint64_t nextRefresh;

  explicit Channel(const MemoryConfig &config)
      : config(config), openRows(config.banksPerChannel(), -1),
        nextRefresh(config.refresh.intervalCycles) {}

  bool share(DRAMScope scope, unsigned a, unsigned b) const {
    if (a == allBanks || b == allBanks || scope == DRAMScope::Channel)
      return true;
    unsigned size = scope == DRAMScope::Bank ? 1
                    : scope == DRAMScope::BankGroup
                        ? config.organization.banksPerGroup
                        : config.organization.banksPerGroup *
                              config.organization.bankGroups;
    return a / size == b / size;
  }

  /// Whether every row of the table allows a command now.
  bool isReady(DRAMCommand command, unsigned bank) const {
    for (const TimingRow &row : config.timing.rows) {
      if (!llvm::is_contained(row.following, command))
        continue;
      for (DRAMCommand preceding : row.preceding) {
        unsigned seen = 0;
        for (const Issued &past : llvm::reverse(issued)) {
          if (cycle - past.cycle >= row.latencyCycles)
            break;
          bool counts =
              past.command == preceding && share(row.scope, past.bank, bank);
          seen += counts;
          if (counts && seen == row.window)
            return false;
        }
      }
    }
    return true;
  }

  DRAMCommand next(const Request &request) const {
    int64_t row = openRows[request.bank];
    return row < 0                        ? DRAMCommand::Activate
           : uint64_t(row) != request.row ? DRAMCommand::Precharge
                                          : DRAMCommand::Read;
  }

  bool hasOpener(unsigned bank) const {
    return llvm::any_of(queue, [&](const Request &request) {
      return request.isOpener && (bank == allBanks || request.bank == bank);
    });
  }

  std::list<Request>::iterator choose(bool opener) {
    return llvm::find_if(queue, [&](const Request &request) {
      DRAMCommand command = next(request);
      return request.isOpener == opener && isReady(command, request.bank) &&
             (command != DRAMCommand::Precharge || !hasOpener(request.bank));
    });
  }

  void issue(DRAMCommand command, unsigned bank) {
    issued.push_back({command, bank, cycle});
  }

  /// Returns whether a refresh is due, so that nothing else may start.
  bool refresh() {
    if (config.refresh.mode == RefreshMode::None || cycle < nextRefresh)
      return false;
    bool isClosed = llvm::all_of(openRows, [](int64_t row) { return row < 0; });
    DRAMCommand command =
        isClosed ? DRAMCommand::Refresh : DRAMCommand::PrechargeAll;
    if (hasOpener(allBanks) || !isReady(command, allBanks))
      return true;
    issue(command, allBanks);
    std::fill(openRows.begin(), openRows.end(), -1);
    if (isClosed) {
      ++result.refreshes;
      nextRefresh += config.refresh.intervalCycles;
    }
    return true;
  }

  void count(Request &request) {
    if (std::exchange(request.isCounted, true))
      return;
    result.rowHits += next(request) == DRAMCommand::Read;
    result.rowMisses += next(request) == DRAMCommand::Activate;
    result.rowConflicts += next(request) == DRAMCommand::Precharge;
  }

  /// Issues at most one command; returns whether it was a read.
  bool tick() {
    auto chosen = choose(/*opener=*/true);
    if (chosen == queue.end()) {
      if (refresh())
        return false;
      chosen = choose(/*opener=*/false);
    }
    if (chosen == queue.end())
      return false;
    count(*chosen);
    DRAMCommand command = next(*chosen);
    issue(command, chosen->bank);
    chosen->isOpener = command == DRAMCommand::Activate;
    if (command == DRAMCommand::Read) {
      queue.erase(chosen);
      return true;
    }
    openRows[chosen->bank] =
        command == DRAMCommand::Activate ? int64_t(chosen->row) : -1;
    return false;
  }
};

/// RoBaRaCoCh, as the configuration files have it.
Request place(const MemoryConfig &config, uint64_t address, uint64_t arrival) {
  const DRAMOrganization &part = config.organization;
  auto take = [&](uint64_t size) {
    uint64_t value = address % size;
    address /= size;
    return value;
  };
  take(config.rowBytes());
  uint64_t pseudoChannel = take(part.pseudoChannels);
  uint64_t group = take(part.bankGroups), bank = take(part.banksPerGroup);
  bank += (pseudoChannel * part.bankGroups + group) * part.banksPerGroup;
  return {unsigned(bank), take(part.rows), arrival};
}
} // namespace

ReferenceResult readCycleByCycle(const MemoryConfig &config,
                                 const std::vector<uint64_t> &addresses) {
  Channel channel(config);
  std::deque<uint64_t> returns;
  size_t sent = 0, returned = 0;
  for (uint64_t cycle = 0; returned < addresses.size(); ++cycle) {
    if (!returns.empty() && returns.front() <= cycle) {
      channel.result.completed = returns.front();
      returns.pop_front();
      ++returned;
    }
    channel.cycle = cycle;
    if (channel.tick())
      returns.push_back(cycle + config.timing.readDataCycles);
    if (sent < addresses.size() &&
        sent - returned < config.outstandingPerChannel)
      channel.queue.push_back(place(config, addresses[sent++], cycle));
  }
  return channel.result;
}

} // namespace rarefy
