// One channel: its queue, its banks, and when its commands are issued.

#ifndef RAREFY_LIB_SIM_MEMORY_CHANNEL_H
#define RAREFY_LIB_SIM_MEMORY_CHANNEL_H

#include "AddressMapping.h"
#include "TimingTable.h"
#include "llvm/ADT/ArrayRef.h"
#include <algorithm>
#include <limits>

namespace rarefy {

/// Time advances from one command to the next, never cycle by cycle. Requests
/// come in the order of their cycles; commands up to the latest request are
/// final, later ones wait for what may still come.
class Channel {
public:
  struct Counters {
    uint64_t transactions = 0;
    uint64_t rowMisses = 0;
    uint64_t rowConflicts = 0;
    uint64_t refreshes = 0;
  };

  /// A visit of an access whose last data comes in a cycle.
  struct Ended {
    uint32_t access;
    uint64_t cycle;
  };

  /// They outlive the channel.
  Channel(const MemoryConfig &config, const TimingTable &table,
          const AddressMapping &mapping);

  /// Sends a request for each transaction of access number `access`, `earliest`
  /// or when there is room, and `sendCycles` after the one before. Returns when
  /// the last left.
  uint64_t send(uint64_t earliest, llvm::ArrayRef<uint64_t> transactions,
                bool write, uint32_t access);
  /// The visits that these requests were.
  unsigned numVisits() const { return sentVisits; }

  /// Issues what comes up to `limit`: no later request is seen before.
  void advance(uint64_t limit);
  /// Serves all requests; the channel takes none after that.
  void drain();

  /// Whether `advance` would issue anything for requests.
  bool isDue(uint64_t limit) const {
    return offered && std::min(next.cycle(), nextRefresh) <= limit;
  }
  /// The visits that have ended since this was asked last.
  llvm::ArrayRef<Ended> takeEnded() {
    std::swap(ended, taken);
    ended.clear();
    return taken;
  }

  const Counters &counters() const { return counts; }

  /// All that sending needs, where others were busy since it last did.
  void prefetch() const;

private:
  static constexpr uint64_t never = std::numeric_limits<uint64_t>::max();
  static constexpr unsigned noRow = ~0u;
  static constexpr uint8_t none = 0xff;

  /// Requests of an access for a row that follow each other.
  struct alignas(32) Visit {
    uint64_t rank; // A candidate's.
    /// Where in `ready` each part of its bank begins.
    TimingTable::Slots slots;
    uint32_t access;
    unsigned row;
    uint16_t bank;
    uint8_t count = 1;
    uint8_t next = none; // In the same list.
    bool write;
    bool counted = false;  // The first.
    DRAMCommand command{}; // If one is offered.
  };

  /// Visits of a bank, the oldest first.
  struct List {
    uint8_t head = none;
    uint8_t tail = none;

    bool empty() const { return head == none; }
  };

  /// Visits of a bank: for other rows, or for the one that is open.
  enum Kind : uint8_t { Other, Hit };

  struct Bank {
    unsigned openRow = noRow;
    List lists[2];
    /// The row was opened for the first hit, which comes before all else.
    bool isOpening = false;
  };

  /// A command that may come next. Of those possible in a cycle, the one of
  /// the lowest rank does: one for a request whose row has just been opened,
  /// then the oldest. The lower bits of the rank say whose it is.
  struct Candidate {
    /// The cycle above the rank: one comparison without a branch.
    using Key = unsigned __int128;
    Key key = ~Key(0);

    static constexpr unsigned visitBits = 6; // As configurations allow.
    static constexpr uint64_t noOpenerBit = uint64_t(1) << 63;

    bool isNone() const { return key == ~Key(0); }
    uint64_t cycle() const { return key >> 64; }
    unsigned visit() const { return key & ((1 << visitBits) - 1); }

    /// Becomes another that comes before it.
    void consider(uint64_t cycle, uint64_t rank) {
      key = std::min(key, Key(cycle) << 64 | rank);
    }
  };

  uint64_t nextRank(unsigned visit) {
    return Candidate::noOpenerBit | nextOrder++ << Candidate::visitBits | visit;
  }
  DRAMCommand commandOf(const Bank &bank, Kind kind) const;
  uint64_t readyCycle(const Visit &visit, uint64_t now) const;
  uint64_t readyEverywhere(DRAMCommand command) const;
  void delay(unsigned part, DRAMCommand command, uint64_t cycle) {
    uint64_t &cycles = ready[part * numDRAMCommands + unsigned(command)];
    cycles = std::max(cycles, cycle);
  }
  void delayWindow(const TimingRule &rule, unsigned part, uint64_t cycle);
  void issueEverywhere(DRAMCommand command);

  void offer(Bank &bank, Kind kind);
  void withdraw(uint8_t visit) { offered &= ~(uint64_t(1) << visit); }
  Candidate findNext(uint64_t candidates, uint64_t now) const;
  uint64_t getOpeners() const;

  void issue();
  void serve(Visit &visit, Bank &bank, uint64_t cycle);
  void apply(DRAMCommand command, const Visit &visit, uint64_t cycle);
  void append(List &list, uint8_t index);
  void open(Bank &bank);
  void close(Bank &bank);
  void returnData(const Visit &visit, uint64_t cycle);
  void end(const Visit &visit);
  void beginVisit(Place place, bool write, uint32_t access);
  void makeRoom(uint64_t earliest);
  unsigned following(unsigned room) const {
    return room + 1 == config->outstandingPerChannel ? 0 : room + 1;
  }

  void advanceRefreshing(uint64_t limit);
  void step(uint64_t limit);
  void skipIdleRefreshes(uint64_t limit);
  void refresh();

  const MemoryConfig *config;
  const TimingTable *table;
  const AddressMapping *mapping;
  /// By part and command, the cycle from which its rules allow the command.
  std::vector<uint64_t> ready;
  /// Of earlier commands, for the rules that count them; see TimingTable.
  std::vector<int64_t> history;
  std::vector<Bank> banks;
  /// As many as may be outstanding, and a bit for each that is free.
  std::vector<Visit> visits;
  uint64_t freeVisits;
  /// A bit for each whose next command is offered: the first of a list, unless
  /// it waits for the one that a row was opened for.
  uint64_t offered = 0;
  /// The one that is being sent, until it is served.
  uint8_t lastVisit = none;
  /// Of the latest access.
  unsigned sentVisits = 0;
  std::vector<Ended> ended, taken;
  /// A ring of the cycles from which there is room for a request: when data of
  /// one before has come.
  std::vector<uint64_t> room;
  unsigned firstRoom = 0, lastRoom = 0, numRooms;

  /// The first cycle that has no command yet.
  uint64_t clock = 0;
  /// What comes next, if no request comes before it.
  Candidate next;
  uint64_t nextSend = 0;
  uint64_t nextOrder = 0;
  uint64_t nextRefresh = never;
  uint64_t lastReturn = 0;
  Counters counts;
};

} // namespace rarefy

#endif // RAREFY_LIB_SIM_MEMORY_CHANNEL_H
