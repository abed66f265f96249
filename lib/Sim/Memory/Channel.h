// One channel: its queue, its banks, and when its commands are issued.

#ifndef RAREFY_LIB_SIM_MEMORY_CHANNEL_H
#define RAREFY_LIB_SIM_MEMORY_CHANNEL_H

#include "TimingTable.h"
#include "llvm/ADT/SmallVector.h"
#include <algorithm>
#include <limits>
#include <optional>

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

  /// Sends `count` requests for a place, `earliest` or when there is room, and
  /// at least a cycle after the one before. Returns when the last left.
  uint64_t send(uint64_t earliest, Place place, uint64_t count, bool write);

  /// From now on, `accessCompleted` is about the requests that are sent.
  void beginAccess() {
    ++accessNumber;
    accessQueued = 0;
    completed = 0;
  }

  /// Issues what comes up to `limit`: no later request is seen before.
  void advance(uint64_t limit);

  /// Serves all requests. The channel takes none after that; it is run on a
  /// copy, to know how those in flight end.
  void drain();
  /// Serves only those of the access, and returns when their last data comes.
  uint64_t finishAccess();
  /// The same without serving them, if that only takes more of what is open,
  /// or a row of one bank that is then open.
  std::optional<uint64_t> findAccessEnd() const;

  const Counters &counters() const { return counts; }

private:
  static constexpr uint64_t never = std::numeric_limits<uint64_t>::max();
  static constexpr uint64_t noRow = never;
  static constexpr uint8_t none = 0xff;
  /// A command that is never allowed.
  static constexpr auto nothing = DRAMCommand(numDRAMCommands);
  /// Long before anything.
  static constexpr int64_t notYet = -(int64_t(1) << 40);

  struct Request {
    uint64_t row;
    uint64_t rank; // A candidate's, if its row is not open.
    uint32_t access;
    bool write;
    bool counted;
    uint8_t next; // In the same list.
  };

  /// Requests of a bank, the oldest first.
  struct List {
    uint8_t head = none;
    uint8_t tail = none;

    bool empty() const { return head == none; }
  };

  /// A bank, and what it may do next: for the first hit, and for the first of
  /// the others unless the row was opened for the first hit, which comes before
  /// all else.
  struct alignas(64) Bank {
    uint64_t openRow = noRow;
    uint64_t hitRank = never, otherRank = never;
    /// Where in `ready` its parts are.
    std::array<uint16_t, numDRAMScopes> parts{};
    List hits, others;
    DRAMCommand hitCommand = nothing, otherCommand = nothing;
    bool isOpening = false;

    bool empty() const { return hits.empty() && others.empty(); }
  };

  /// A command that may come next. Of those possible in a cycle, the one of
  /// the lowest rank does: one for a request whose row has just been opened,
  /// then the oldest. The lower bits of the rank say whose it is.
  struct Candidate {
    /// The cycle above the rank: one comparison without a branch.
    using Key = unsigned __int128;
    Key key = ~Key(0);

    static constexpr unsigned bankBits = 10; // As configurations allow.
    uint64_t cycle() const { return key >> 64; }
    unsigned bank() const {
      return (uint64_t(key) >> 1) & ((1 << bankBits) - 1);
    }
    bool isHit() const { return key & 1; }

    /// Becomes another that comes before it.
    void consider(uint64_t cycle, uint64_t rank) {
      key = std::min(key, Key(cycle) << 64 | rank);
    }
  };

  /// Requests for an open row, when the first can be served and its rank.
  struct Row {
    uint64_t ready, rank;
    unsigned bank;
    uint8_t next;
  };

  uint64_t nextRank(unsigned bank) {
    return uint64_t(1) << 63 | nextOrder++ << (Candidate::bankBits + 1) |
           uint64_t(bank) << 1;
  }
  static uint64_t hitRank(const Request &request, bool isOpener) {
    return (request.rank | 1) ^ uint64_t(isOpener) << 63;
  }
  uint64_t readyCycle(const Bank &bank, DRAMCommand command) const;
  uint64_t readyEverywhere(DRAMCommand command) const;
  void delay(unsigned part, DRAMCommand command, uint64_t cycle) {
    uint64_t &cycles = ready[part * 8 + unsigned(command)];
    cycles = std::max(cycles, cycle);
  }
  void delayWindow(const TimingRule &rule, unsigned part, uint64_t cycle);
  void issueEverywhere(DRAMCommand command);

  void offerHit(Bank &bank);
  void offerOther(Bank &bank);
  void updateOffers(Bank &bank);
  uint64_t readyInOther(const Bank &bank) const;
  bool findRows(llvm::SmallVectorImpl<Row> &rows) const;
  void consider(const Bank &bank, Candidate &best) const;
  void chooseNext();
  Candidate nextForOpener() const;

  void issue();
  void issueHit(unsigned bank, uint64_t cycle);
  void issueOther(unsigned bank, uint64_t cycle);
  void apply(DRAMCommand command, unsigned bank, uint64_t cycle);
  void append(List &list, uint8_t index);
  void open(unsigned bank);
  void close(unsigned bank);
  void returnData(const Request &request, uint64_t cycle);
  void enqueue(Place place, bool write);
  uint64_t popReturn();
  uint64_t findRoom(uint64_t earliest);

  void advanceRefreshing(uint64_t limit);
  void step(uint64_t limit);
  void skipIdleRefreshes(uint64_t limit);
  void refresh();

  const MemoryConfig *config;
  const TimingTable *table;
  /// By part and command, the cycle from which its rules allow the command.
  std::vector<uint64_t> ready;
  /// The cycles of earlier commands for the rules that count them.
  std::vector<int64_t> history;
  std::vector<Bank> banks;
  std::vector<uint16_t> busyBanks; // Those with requests.
  /// As many as may be outstanding, and a bit for each that is free.
  std::vector<Request> requests;
  uint64_t freeRequests;
  /// A ring of the cycles at which the data of served requests comes.
  std::vector<uint64_t> returns;
  unsigned firstReturn = 0, nextReturn = 0;
  unsigned inFlight = 0;
  uint64_t outstanding = 0;  // These, and what is queued.
  uint64_t accessQueued = 0; // Requests of the access.

  /// The first cycle that has no command yet.
  uint64_t clock = 0;
  /// What comes next, if no request comes before it.
  Candidate next;
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
