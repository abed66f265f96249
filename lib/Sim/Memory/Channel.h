// One channel: its queue, its banks, and when its commands are issued.

#ifndef RAREFY_LIB_SIM_MEMORY_CHANNEL_H
#define RAREFY_LIB_SIM_MEMORY_CHANNEL_H

#include "TimingTable.h"
#include <limits>

namespace rarefy {

/// Where a transaction goes within its channel.
struct Place {
  unsigned bank;
  uint64_t row;
};

/// Time advances from one command to the next, never cycle by cycle. Requests
/// come in the order of their cycles; commands up to the latest request are
/// final, later ones wait for what may still come.
class Channel {
public:
  struct Counters {
    uint64_t rowHits = 0;
    uint64_t rowMisses = 0;
    uint64_t rowConflicts = 0;
    uint64_t refreshes = 0;
    uint64_t busBusyCycles = 0;
  };

  Channel(const MemoryConfig &config, const TimingTable &table);

  /// Sends a request, `earliest` or when there is room, and at least a cycle
  /// after the one before. Returns when it left.
  uint64_t send(uint64_t earliest, Place place, bool write);

  /// From now on, `accessCompleted` is about the requests that are sent.
  void beginAccess() {
    ++accessNumber;
    completed = 0;
  }

  /// Serves all requests. The channel takes none after that; it is run on a
  /// copy, to know how those in flight end.
  void drain();

  /// When the last data of the access came, once all is served.
  uint64_t accessCompleted() const { return completed; }
  const Counters &counters() const { return counts; }

private:
  static constexpr uint64_t never = std::numeric_limits<uint64_t>::max();
  static constexpr uint64_t noRow = never;
  static constexpr uint8_t none = 0xff;

  struct Request {
    uint64_t row;
    uint64_t order;
    uint32_t access;
    uint16_t bank;
    bool write;
    bool counted;
    uint8_t next; // The next younger one of the same bank.
  };

  struct Bank {
    uint64_t openRow = noRow;
    uint8_t oldest = none;
    uint8_t youngest = none;
    /// The request that the open row was opened for, until it is served.
    uint8_t opener = none;
    uint8_t queued = 0;
    /// Of the queued, those for the open row.
    uint8_t hits = 0;
  };

  /// A command that may come next. Of those possible in a cycle, one for a
  /// request whose row has just been opened comes first, then the oldest.
  struct Candidate {
    uint64_t cycle = never;
    uint64_t order = never;
    DRAMCommand command = DRAMCommand::Activate;
    uint8_t request = none;

    bool isBefore(const Candidate &other) const {
      return cycle != other.cycle ? cycle < other.cycle : order < other.order;
    }
  };

  uint64_t &ready(unsigned part, DRAMCommand command) {
    return readyCycles[part * 8 + unsigned(command)];
  }
  uint64_t readyInBank(unsigned bank, DRAMCommand command);
  uint64_t readyEverywhere(DRAMCommand command);
  void apply(const TimingRule &rule, unsigned part, uint64_t cycle);
  void issueToBank(DRAMCommand command, unsigned bank, uint64_t cycle);
  void issueEverywhere(DRAMCommand command, uint64_t cycle);

  void consider(unsigned bank, Candidate &best);
  const Candidate &nextCommand();
  Candidate nextForOpener();
  void issue(const Candidate &candidate);
  void count(Request &request, const Bank &bank);
  void open(Bank &bank, uint8_t opener);
  void serve(uint8_t index, uint64_t cycle);
  void enqueue(Place place, bool write);
  void unlink(uint8_t index);
  uint8_t findRequest(const Bank &bank, bool hit) const;
  uint64_t popReturn();

  void advance(uint64_t limit);
  bool step(uint64_t limit);
  void skipIdleRefreshes(uint64_t limit);
  void refresh();

  const MemoryConfig *config;
  const TimingTable *table;
  std::vector<uint64_t> readyCycles; // By part and command.
  std::vector<uint64_t> history;
  std::vector<Bank> banks;
  std::vector<uint16_t> busyBanks; // Those with requests.
  /// As many as may be outstanding, and a bit for each that is free.
  std::vector<Request> requests;
  uint64_t freeRequests;
  /// A ring of the cycles at which the data of served requests comes.
  std::vector<uint64_t> returns;
  unsigned firstReturn = 0;
  unsigned inFlight = 0;
  unsigned queued = 0;

  /// The first cycle that has no command yet.
  uint64_t clock = 0;
  /// What comes next, as long as nothing is issued.
  Candidate best;
  bool isBestKnown = true;
  uint64_t nextSend = 0;
  uint64_t nextOrder = 0;
  uint64_t nextRefresh = never;
  uint64_t lastReturn = 0;
  uint64_t completed = 0;
  uint32_t accessNumber = 0;
  Counters counts;
};

} // namespace rarefy

#endif // RAREFY_LIB_SIM_MEMORY_CHANNEL_H
