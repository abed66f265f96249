#include "rarefy/Hardware/SpAttenConfig.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

using namespace rarefy;
using llvm::StringRef;

namespace {
const std::string fullPath = RAREFY_CONFIGS "/spatten.yaml";
const std::string eighthPath = RAREFY_CONFIGS "/spatten-eighth.yaml";

using Overrides = std::vector<std::string>;

SpAttenConfig read(StringRef path, const Overrides &overrides = {}) {
  return llvm::cantFail(readSpAttenConfig(path, overrides));
}

std::string errorOf(StringRef path, const Overrides &overrides = {}) {
  llvm::Expected<SpAttenConfig> config = readSpAttenConfig(path, overrides);
  return config ? "no error" : llvm::toString(config.takeError());
}

/// The complaint about the full configuration once `from` is `to` in its text.
std::string errorAfter(StringRef from, StringRef to) {
  auto file = llvm::MemoryBuffer::getFile(fullPath);
  auto [before, after] = (*file)->getBuffer().split(from);
  EXPECT_FALSE(after.empty()) << "no '" << from.str() << "' in the file";
  llvm::SmallString<128> path;
  int descriptor;
  if (llvm::sys::fs::createTemporaryFile("rarefy", "yaml", descriptor, path))
    return "no temporary file";
  llvm::scope_exit removed([&] { llvm::sys::fs::remove(path); });
  llvm::raw_fd_ostream(descriptor, /*shouldClose=*/true)
      << before << to << after;
  std::string error = errorOf(path);
  StringRef reason = error;
  return reason.consume_front(path) ? reason.str() : "without file: " + error;
}

TEST(SpAttenConfig, ReadsTheFullMachine) {
  SpAttenConfig config = read(fullPath);
  EXPECT_EQ(config.name, "spatten");
  EXPECT_EQ(config.clockGHz, 1.0);
  EXPECT_EQ(config.operandBits, 12u);
  EXPECT_EQ(config.queueDepth, 16u);
  EXPECT_EQ(config.products, ProductMode::Exact);
  EXPECT_EQ(config.scoreLanes(), 8u);
  EXPECT_EQ(config.valueLanes(), 8u);
  EXPECT_EQ(config.linesFor(1000), 125u);
  EXPECT_EQ(config.softmax.latencyCycles(), 87u);
  EXPECT_EQ(config.topk.rounds, TopKRounds::Data);
  EXPECT_EQ(config.energy.dramPicojoulesPerBit, 3.9);
  EXPECT_EQ(config.memory.channels, 16u);
  EXPECT_EQ(config.memory.banksPerChannel(), 32u);
  EXPECT_EQ(config.memory.rowBytes(), 512u);
  EXPECT_EQ(config.memory.capacityBytes(), uint64_t(8) << 30);
}

TEST(SpAttenConfig, ReadsTheEighth) {
  SpAttenConfig config = read(eighthPath), full = read(fullPath);
  EXPECT_EQ(config.scoreLanes(), 1u);
  EXPECT_EQ(config.memory.channels, 2u);
  EXPECT_EQ(config.sram.lines * config.sram.elementsPerLine,
            full.sram.lines * full.sram.elementsPerLine);
  EXPECT_EQ(config.memory.timing.values, full.memory.timing.values);
  EXPECT_EQ(config.memory.timing.rows.size(), full.memory.timing.rows.size());
}

TEST(SpAttenConfig, EnergyGivesThePublishedSplit) {
  SpAttenConfig config = read(fullPath);
  // The activity that the file derives, per ns.
  double products = 648, scores = products / 2 / 64, dramBytes = 183;
  double lines = 2 * products / 1024 + dramBytes / 512;
  const SpAttenEnergy &energy = config.energy;
  double logic = products * energy.multiplyPicojoules +
                 scores * energy.softmaxPicojoulesPerScore +
                 scores * 2 * 3 * energy.topkPicojoulesPerItem +
                 energy.controlPicojoulesPerCycle;
  EXPECT_NEAR(dramBytes * 8 * energy.dramPicojoulesPerBit, 5710, 57);
  EXPECT_NEAR(lines * energy.sramPicojoulesPerLine, 1240, 25);
  EXPECT_NEAR(logic, 1360, 27);
}

TEST(SpAttenConfig, EvaluatesTheTimingTable) {
  const DRAMTiming &timing = read(fullPath).memory.timing;
  EXPECT_EQ(timing.readDataCycles, 11u);
  EXPECT_EQ(timing.writeDataCycles, 6u);
  EXPECT_EQ(timing.burstCycles, 4u);
  unsigned windows = 0;
  for (const TimingRow &row : timing.rows) {
    windows += row.window == 4 && row.latencyCycles == 15;
    if (row.cycles == "nCL + nBL + 2 - nCWL") {
      EXPECT_EQ(row.latencyCycles, 11u);
    }
  }
  EXPECT_EQ(windows, 1u);
}

TEST(SpAttenConfig, OverridesReplaceOneValueEach) {
  SpAttenConfig config =
      read(fullPath, {"topk.parallelism=1", "topk.rounds=expected",
                      "memory.channels=2", "memory.timing.values.nRCDRD=9",
                      "memory.mode=nominal", "clockGHz=0.5",
                      "memory.mapping=[row, bank, bank-group, pseudo-channel, "
                      "column]"});
  EXPECT_EQ(config.topk.parallelism, 1u);
  EXPECT_EQ(config.topk.rounds, TopKRounds::Expected);
  EXPECT_EQ(config.topk.roundOverheadCycles, 3u);
  EXPECT_EQ(config.memory.channels, 2u);
  EXPECT_EQ(config.memory.timing.values.at("nRCDRD"), 9u);
  EXPECT_EQ(config.memory.timing.values.at("nRP"), 7u);
  EXPECT_EQ(config.memory.mode, MemoryMode::Nominal);
  EXPECT_EQ(config.clockGHz, 0.5);
  EXPECT_EQ(config.memory.mapping[0], AddressField::Row);
  for (const TimingRow &row : config.memory.timing.rows)
    if (row.cycles == "nRCDRD") {
      EXPECT_EQ(row.latencyCycles, 9u);
    }
}

TEST(SpAttenConfig, RefusesWrongOverrides) {
  std::pair<const char *, const char *> cases[] = {
      {"topk.paralelism=1",
       "override 'topk.paralelism=1': topk: unknown key 'paralelism'"},
      {"topk.parallelism=many",
       "override 'topk.parallelism=many': topk.parallelism: invalid number"},
      {"topk=3", "override 'topk=3': topk.parallelism: not a mapping"},
      {"topk.rounds=often",
       "override 'topk.rounds=often': topk.rounds: expected 'data' or "
       "'expected', found 'often'"},
      {"memory.mode=[timing]", "override 'memory.mode=[timing]': memory.mode: "
                               "expected 'timing' or 'nominal', found no word"},
      {"topk.parallelism",
       "override 'topk.parallelism': expected key=value, found no '='"},
      {"topk..x=1", "override 'topk..x=1': expected names joined by dots, "
                    "found 'topk..x'"},
      {"topk.parallelism= ",
       "override 'topk.parallelism= ': expected a value after '='"},
      {"topk.parallelism=1, rounds: expected",
       "override 'topk.parallelism=1, rounds: expected': expected one value, "
       "found '1, rounds: expected'"},
      {"topk.parallelism=1}, fetch: {ports: 4",
       "override 'topk.parallelism=1}, fetch: {ports: 4': expected one value, "
       "found '1}, fetch: {ports: 4'"},
      {"topk={}", "override 'topk={}': expected one value, found '{}'"},
      {"clockGHz=1\n", "override 'clockGHz=1\n': expected a short value on "
                       "one line"},
      {"memory.timing.values.nXYZ=1",
       "override 'memory.timing.values.nXYZ=1': memory.timing.values: unknown "
       "key 'nXYZ'"},
  };
  for (auto [override, message] : cases)
    EXPECT_EQ(errorOf(fullPath, {override}), message);
  EXPECT_NE(errorOf(fullPath, {"clockGHz=1}, {"}).find("override 'clockGHz"),
            std::string::npos);
}

TEST(SpAttenConfig, RefusesWrongFiles) {
  EXPECT_EQ(errorOf("/nowhere.yaml"),
            "/nowhere.yaml: No such file or directory");
  EXPECT_EQ(errorAfter("clockGHz: 1.0", "clockMHz: 1000"),
            ":13: clockGHz: missing required key 'clockGHz'");
  EXPECT_EQ(errorAfter("handles: 16", "handles: 16\n  colour: red"),
            ":34: sram: unknown key 'colour'");
  EXPECT_EQ(errorAfter("parallelism: 16", "parallelism: [16]"),
            ":46: topk.parallelism: unexpected scalar");
  EXPECT_EQ(errorAfter("clockGHz: 1.0", "clockGHz: 1.0\nclockGHz: 2.0"),
            ":15: duplicated mapping key 'clockGHz'");
  EXPECT_EQ(
      errorAfter("following: [ACT, PRE, PREA, REF]", "following: [ACTIVATE]"),
      ":116: memory.timing.rows.following: expected 'ACT', 'PRE', 'PREA', "
      "'RD', 'WR' or 'REF', found 'ACTIVATE'");
  EXPECT_EQ(errorAfter("cycles: nBL}", "cycles: nBL + nXX}"),
            ": memory.timing.rows[1]: expected a number or a name of the "
            "timing values, found 'nXX' in 'nBL + nXX'");
  EXPECT_EQ(errorAfter("readData: nCL + nBL", "readData: nCL - nRFC"),
            ": memory.timing.readData: expected 0 to 1048576 cycles, found "
            "-343 as 'nCL - nRFC'");
}

TEST(SpAttenConfig, RefusesWrongWords) {
  EXPECT_EQ(errorAfter("products: exact", "products: some"),
            ":17: products: expected 'exact' or 'rtl', found 'some'");
  EXPECT_EQ(errorAfter("mode: timing", "mode: {}"),
            ":69: memory.mode: expected 'timing' or 'nominal', found no word");
  EXPECT_EQ(errorAfter("scope: channel", "scope: rank"),
            ":116: memory.timing.rows.scope: expected 'channel', "
            "'pseudo-channel', 'bank-group' or 'bank', found 'rank'");
}

TEST(SpAttenConfig, RefusesASecondDocument) {
  StringRef last = "preceding: [PRE], following: [ACT], cycles: nRP}";
  EXPECT_EQ(errorAfter(last, (last + "\n---\nname: another").str()),
            ": expected one document, found more");
}

TEST(SpAttenConfig, RefusesFilesThatAreNoConfiguration) {
  auto errorOfText = [](const std::string &text) {
    auto file = llvm::MemoryBuffer::getFile(fullPath);
    return errorAfter((*file)->getBuffer().drop_back(1), text);
  };
  EXPECT_EQ(errorOfText("# nothing"), ": expected parameters, found none");
  EXPECT_EQ(errorOfText(std::string(100, '[')),
            ": expected short lines of text with few brackets");
  EXPECT_EQ(errorOfText(std::string(70000, '\n')),
            ": expected at most 65536 bytes, found 70001");
  EXPECT_NE(errorOfText("a: b: c"), "no error");
}

TEST(SpAttenConfig, RefusesImpossibleMachines) {
  std::pair<Overrides, const char *> cases[] = {
      {{"arrays.scoreMultipliers=0"},
       "arrays.scoreMultipliers: expected a positive multiple of the head size "
       "64, found 0"},
      {{"arrays.valueMultipliers=100"},
       "arrays.valueMultipliers: expected a positive multiple of the head size "
       "64, found 100"},
      {{"arrays.scoreMultipliers=1024"},
       "arrays.scoreMultipliers: expected what a line of the SRAM feeds in a "
       "cycle, 512 elements, found 1024"},
      {{"sram.lines=255"},
       "sram.lines: expected at least 256, for 2 row set(s) of 1024 vectors, "
       "found 255"},
      {{"maxContext=5000"}, "maxContext: expected 1 to 4096, found 5000"},
      {{"headSize=48"},
       "headSize: expected a power of two up to 1024, found 48"},
      {{"clockGHz=nan"}, "clockGHz: expected 1e-09 to 1e+09, found nan"},
      {{"clockGHz=1e-10"}, "clockGHz: expected 1e-09 to 1e+09, found 1.00e-10"},
      {{"memory.nominal.bytesPerCyclePerChannel=0"},
       "memory.nominal.bytesPerCyclePerChannel: expected 1e-09 to 1e+09, found "
       "0.00e+00"},
      {{"operandBits=32"}, "operandBits: expected 4 to 16, found 32"},
      {{"softmax.fifoDepth=127"},
       "softmax.fifoDepth: expected room for a row of 1024 scores, found 8 x "
       "127"},
      {{"fetch.ports=15"},
       "fetch.ports: expected a power of two up to 1024, found 15"},
      {{"sram.handles=17"}, "sram.handles: expected 1 to 16, found 17"},
      {{"fetch.ports=4", "fetch.dataFifoDepth=63"},
       "fetch.dataFifoDepth: expected room for 256 transactions, as many as "
       "memory may have outstanding, found 4 x 63"},
      {{"topk.parallelism=0"}, "topk.parallelism: expected 1 to 1024, found 0"},
      {{"energy.multiplyPicojoules=-1"},
       "energy.multiplyPicojoules: expected 0 or 1e-09 to 1e+09, found "
       "-1.00e+00"},
      {{"energy.multiplyPicojoules=2e9"},
       "energy.multiplyPicojoules: expected 0 or 1e-09 to 1e+09, found "
       "2.00e+09"},
      {{"memory.channels=3"},
       "memory.channels: expected a power of two up to 256, found 3"},
      {{"memory.nominal.bytesPerCyclePerChannel=33"},
       "memory.nominal.bytesPerCyclePerChannel: expected at most a transaction "
       "a cycle, 32 bytes, found 33.00"},
      {{"memory.outstandingPerChannel=0"},
       "memory.outstandingPerChannel: expected 1 to 64, found 0"},
      {{"memory.organization.columns=2"},
       "memory.organization.columns: expected rows of at least one "
       "transaction, 32 bytes, found 16"},
      {{"memory.mapping=[row, row, bank, bank, column]"},
       "memory.mapping: expected column, pseudo-channel, bank-group, bank and "
       "row, each once"},
      {{"memory.refresh.mode=all-bank", "memory.timing.values.nREFI=600"},
       "memory.refresh.interval: expected more than twice the longest wait of "
       "the timing rows, 350 cycles, found 600"},
      {{"memory.timing.values.nBL=0"},
       "memory.timing.burst: expected 1 to 1048576, found 0"},
  };
  for (auto &[overrides, message] : cases)
    EXPECT_EQ(errorOf(fullPath, overrides), fullPath + ": " + message);
}
} // namespace
