// Each rule of the timing table, alone: when the last read or write of a few
// requests is over, if nothing but that rule makes commands wait.

#include "rarefy/Hardware/SpAttenConfig.h"
#include "rarefy/Sim/Memory.h"
#include "gtest/gtest.h"

#include <set>
#include <tuple>

using namespace rarefy;

namespace {
using enum DRAMCommand;
using enum DRAMScope;

struct Place {
  unsigned pseudoChannel, group, bank, row;
};

struct Request {
  uint64_t cycle;
  Place place;
  bool write = false;
};

struct RuleCase {
  DRAMScope scope;
  DRAMCommand preceding, following;
  /// The second set is of places that the rule does not connect; then it
  /// makes no difference.
  std::vector<Request> requests, apart;
  /// With the rule, and without.
  uint64_t completed, otherwise;
  unsigned window = 1;
};

// With no rule a command is issued every cycle, from the one after a request
// on: ACT at 1, RD at 2, its data at 13; the next ACT at 3, RD at 4, 15.
constexpr Place first = {0, 0, 0, 0}, otherRow = {0, 0, 0, 1};
constexpr Place sameGroup = {0, 0, 1, 0}, sameHalf = {0, 1, 0, 0};
constexpr Place elsewhere = {1, 0, 0, 0};
constexpr unsigned ruleCycles = 40;
constexpr uint64_t refreshCycles = 1000;

std::vector<Request> reads(Place a, Place b) { return {{0, a}, {1, b}}; }
std::vector<Request> writes(Place a, Place b) {
  return {{0, a, true}, {1, b, true}};
}
std::vector<Request> aroundRefresh(bool write = false) {
  return {{990, first, write}, {1005, first}};
}

const RuleCase cases[] = {
    {Channel, Activate, Activate, reads(first, elsewhere), {}, 53, 15},
    {Channel, Activate, Precharge, reads(first, otherRow), {}, 54, 16},
    {Channel, Activate, PrechargeAll, aroundRefresh(), {}, 1045, 1018},
    {Channel, Activate, Refresh, aroundRefresh(), {}, 1044, 1018},
    {PseudoChannel, Read, Read, reads(first, sameHalf), reads(first, elsewhere),
     53, 15},
    {PseudoChannel, Write, Write, writes(first, sameHalf),
     writes(first, elsewhere), 48, 10},
    {PseudoChannel,
     Read,
     Write,
     {{0, first}, {1, sameHalf, true}},
     {{0, first}, {1, elsewhere, true}},
     48,
     14},
    {PseudoChannel,
     Write,
     Read,
     {{0, first, true}, {1, sameHalf}},
     {{0, first, true}, {1, elsewhere}},
     53,
     15},
    {PseudoChannel, Activate, Activate, reads(first, sameHalf),
     reads(first, elsewhere), 53, 15},
    {PseudoChannel,
     Activate,
     Activate,
     {{0, first},
      {1, sameGroup},
      {2, {0, 0, 2, 0}},
      {3, sameHalf},
      {4, {0, 2, 0, 0}}},
     {{0, first},
      {1, sameGroup},
      {2, {0, 0, 2, 0}},
      {3, sameHalf},
      {4, elsewhere}},
     53,
     21,
     4},
    {PseudoChannel, Read, PrechargeAll, aroundRefresh(), {}, 1046, 1018},
    {PseudoChannel, Write, PrechargeAll, aroundRefresh(true), {}, 1046, 1018},
    {PseudoChannel, Activate, PrechargeAll, aroundRefresh(), {}, 1045, 1018},
    {PseudoChannel, PrechargeAll, Activate, aroundRefresh(), {}, 1052, 1018},
    {PseudoChannel, Activate, Refresh, aroundRefresh(), {}, 1044, 1018},
    {PseudoChannel,
     Precharge,
     Refresh,
     {{990, first}, {997, otherRow}, {1010, first}},
     {},
     1051,
     1023},
    {PseudoChannel, PrechargeAll, Refresh, aroundRefresh(), {}, 1053, 1018},
    {PseudoChannel, Refresh, Activate, aroundRefresh(), {}, 1053, 1018},
    {BankGroup, Read, Read, reads(first, sameGroup), reads(first, sameHalf), 53,
     15},
    {BankGroup, Write, Write, writes(first, sameGroup), writes(first, sameHalf),
     48, 10},
    {BankGroup,
     Write,
     Read,
     {{0, first, true}, {1, sameGroup}},
     {{0, first, true}, {1, sameHalf}},
     53,
     15},
    {BankGroup, Activate, Activate, reads(first, sameGroup),
     reads(first, sameHalf), 53, 15},
    {Bank, Activate, Read, {{0, first}}, {}, 52, 13},
    {Bank, Activate, Write, {{0, first, true}}, {}, 47, 8},
    {Bank, Activate, Precharge, reads(first, otherRow), {}, 54, 16},
    {Bank, Activate, Activate, reads(first, otherRow), reads(first, sameGroup),
     53, 16},
    {Bank, Read, Precharge, reads(first, otherRow), {}, 55, 16},
    {Bank, Write, Precharge, {{0, first, true}, {1, otherRow}}, {}, 55, 16},
    {Bank, Precharge, Activate, reads(first, otherRow), {}, 55, 16},
};

MemoryConfig released() {
  return llvm::cantFail(readSpAttenConfig(RAREFY_CONFIGS "/spatten.yaml",
                                          {"memory.channels=1"}))
      .memory;
}

uint64_t run(MemoryConfig config, const std::vector<TimingRow> &rows,
             const std::vector<Request> &requests) {
  config.timing.rows = rows;
  config.refresh.mode = RefreshMode::AllBank;
  config.refresh.intervalCycles = refreshCycles;
  Memory memory(config);
  for (const Request &request : requests) {
    const Place &place = request.place;
    uint64_t bank = (place.row * 4 + place.bank) * 4 + place.group;
    Segment segment{(bank * 2 + place.pseudoChannel) * 512, 32};
    memory.access(request.cycle, segment, request.write);
  }
  return memory.wait();
}

TEST(TimingTable, EachRuleDelaysWhatItConnects) {
  MemoryConfig config = released();
  for (const RuleCase &c : cases) {
    SCOPED_TRACE(testing::Message() << "case " << &c - cases);
    TimingRow row{c.scope, {c.preceding}, {c.following},
                  "",      c.window,      ruleCycles};
    EXPECT_EQ(run(config, {row}, c.requests), c.completed);
    EXPECT_EQ(run(config, {}, c.requests), c.otherwise);
    EXPECT_EQ(run(config, {row}, c.apart), run(config, {}, c.apart));
  }
}

TEST(TimingTable, EveryReleasedRuleHasACase) {
  using Rule = std::tuple<DRAMScope, DRAMCommand, DRAMCommand, unsigned>;
  std::set<Rule> tested, released;
  for (const RuleCase &c : cases)
    tested.insert({c.scope, c.preceding, c.following, c.window});
  for (const TimingRow &row : ::released().timing.rows)
    for (DRAMCommand preceding : row.preceding)
      for (DRAMCommand following : row.following)
        released.insert({row.scope, preceding, following, row.window});
  EXPECT_EQ(tested.size(), std::size(cases));
  EXPECT_EQ(tested, released);
}

TEST(TimingTable, TheLongestOfSeveralWaitsCounts) {
  TimingRow row{Bank, {Activate}, {Read}, "", 1, 9}, longer = row;
  longer.latencyCycles = 12;
  EXPECT_EQ(run(released(), {longer, row}, {{0, first}}), 1u + 12 + 11);
  EXPECT_EQ(run(released(), {row, longer}, {{0, first}}), 1u + 12 + 11);
}
} // namespace
