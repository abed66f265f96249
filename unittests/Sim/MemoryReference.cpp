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
  bool write = false;
  size_t access = 0;
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
  std::deque<Issued> issued;
  unsigned longestRule = 0;
  std::deque<uint64_t> returns;
  unsigned outstanding = 0;
  ReferenceResult result;
  std::vector<uint64_t> ends; // Of what has been served of each access.
  uint64_t cycle = 0;
  uint64_t nextSend = 0, lastReturn = 0;
  uint64_t nextRefresh;

  explicit Channel(const MemoryConfig &config)
      : config(config), openRows(config.banksPerChannel(), -1),
        nextRefresh(config.refresh.intervalCycles) {
    for (const TimingRow &row : config.timing.rows)
      longestRule = std::max(longestRule, row.latencyCycles);
  }

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
           : request.write                ? DRAMCommand::Write
                                          : DRAMCommand::Read;
  }

  /// Whether an older request is for the same row.
  bool isBehind(const Request &request) const {
    for (const Request &older : queue) {
      if (&older == &request)
        return false;
      if (older.bank == request.bank && older.row == request.row)
        return true;
    }
    return false;
  }

  bool hasOpener(unsigned bank) const {
    return llvm::any_of(queue, [&](const Request &request) {
      return request.isOpener && (bank == allBanks || request.bank == bank);
    });
  }

  std::list<Request>::iterator choose(bool opener) {
    return llvm::find_if(queue, [&](const Request &request) {
      DRAMCommand command = next(request);
      return request.isOpener == opener && !isBehind(request) &&
             isReady(command, request.bank) &&
             (command != DRAMCommand::Precharge || !hasOpener(request.bank));
    });
  }

  void issue(DRAMCommand command, unsigned bank) {
    issued.push_back({command, bank, cycle});
    if (issued.size() > longestRule)
      issued.pop_front();
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
    DRAMCommand command = next(request);
    result.rowMisses += command == DRAMCommand::Activate;
    result.rowConflicts += command == DRAMCommand::Precharge;
    result.rowHits +=
        command == DRAMCommand::Read || command == DRAMCommand::Write;
  }

  /// Data comes in the order of service, one transaction a cycle.
  void serve(const Request &request) {
    unsigned cycles = request.write ? config.timing.writeDataCycles
                                    : config.timing.readDataCycles;
    lastReturn = std::max(cycle + cycles, lastReturn + 1);
    returns.push_back(lastReturn);
    ends[request.access] = lastReturn;
  }

  /// Issues at most one command.
  void issueOne() {
    auto chosen = choose(/*opener=*/true);
    if (chosen == queue.end()) {
      if (refresh())
        return;
      chosen = choose(/*opener=*/false);
    }
    if (chosen == queue.end())
      return;
    count(*chosen);
    DRAMCommand command = next(*chosen);
    issue(command, chosen->bank);
    chosen->isOpener = command == DRAMCommand::Activate;
    if (command == DRAMCommand::Activate)
      openRows[chosen->bank] = chosen->row;
    else if (command == DRAMCommand::Precharge)
      openRows[chosen->bank] = -1;
    else
      serve(*chosen), queue.erase(chosen);
  }

  void tick() {
    issueOne();
    ++cycle;
  }

  /// Sends a request as soon as there is room; returns the cycle.
  uint64_t send(uint64_t earliest, const Request &request) {
    uint64_t at = std::max(earliest, nextSend);
    while (true) {
      for (; !returns.empty() && returns.front() <= at; --outstanding)
        returns.pop_front();
      if (outstanding < config.outstandingPerChannel)
        break;
      if (returns.empty())
        tick();
      else
        at = returns.front();
    }
    while (cycle < at + config.requestCycles)
      tick();
    queue.push_back(request);
    ++outstanding;
    nextSend = at + config.sendCycles;
    return at;
  }
};

/// RoBaRaCoCh, as the configuration files have it.
Request place(const MemoryConfig &config, uint64_t address) {
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
  return {unsigned(bank), take(part.rows)};
}
} // namespace

ReferenceResult
accessCycleByCycle(const MemoryConfig &config,
                   const std::vector<ReferenceAccess> &accesses) {
  Channel channel(config);
  channel.ends.resize(accesses.size());
  uint64_t start = 0;
  for (auto [number, access] : llvm::enumerate(accesses)) {
    start = std::max(start, access.start);
    uint64_t left = 0;
    for (uint64_t address : access.addresses) {
      Request request = place(config, address);
      request.write = access.write;
      request.access = number;
      left = channel.send(start, request);
    }
    start = left + 1;
    channel.result.issued.push_back(start);
  }
  while (!channel.queue.empty())
    channel.tick();
  channel.result.completed = channel.ends;
  return channel.result;
}

} // namespace rarefy
