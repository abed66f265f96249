#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "rarefy/Sim/SpAtten.h"
#include "gtest/gtest.h"

using namespace rarefy;
using namespace rarefy::spatten;

namespace {

SpAttenConfig getConfig() {
  return llvm::cantFail(readSpAttenConfig(RAREFY_CONFIGS "/spatten.yaml"));
}

std::string describe(llvm::Error error) { return toString(std::move(error)); }

TEST(SpAttenSimulator, RefusesOtherInstructionSets) {
  MLIRContext context;
  context.loadDialect<program::ISADialect>();
  OpBuilder builder(&context);
  OwningOpRef<program::ProgramOp> program =
      program::ProgramOp::create(builder, builder.getUnknownLoc(), "p",
                                 "sparch", builder.getDictionaryAttr({}));
  EXPECT_EQ(describe(Simulator::create(*program, getConfig()).takeError()),
            "expected a program for 'spatten', found one for 'sparch'");
}

TEST(SpAttenSimulator, FencesNameEngines) {
  SmallVector<StringRef> names;
  StringRef(FenceOp::getFields().front().members).split(names, ' ');
  ASSERT_EQ(names.size(), kEngines - 1);
  for (unsigned engine = 1; engine < kEngines; ++engine)
    EXPECT_EQ(names[engine - 1], getName(Engine(engine)));
}

TEST(SpAttenSimulator, TellsHowFarItIs) {
  MLIRContext context;
  context.loadDialect<program::ISADialect, SpAttenDialect>();
  auto module = parseSourceString<ModuleOp>(R"(
    isa.program @p for "spatten" {key_lines = 256 : i64,
        value_lines = 256 : i64, rows_per_line = 8 : i64, max_keys = 1024 : i64} {
      isa.tensor @query in at 0 : tensor<64xi16> = dense<1> : tensor<64xi16>
      spatten.credit signal = [0]
      spatten.loop count = 65535
      spatten.load_query wait = [0], signal = [0]
      spatten.load_query wait = [0], signal = [0]
      spatten.load_query wait = [0], signal = [0]
      spatten.end_loop
      spatten.halt
    })",
                                            &context);
  auto simulator = llvm::cantFail(Simulator::create(
      *module->getOps<program::ProgramOp>().begin(), getConfig()));
  std::vector<uint64_t> told = {0};
  uint64_t cycles = llvm::cantFail(simulator->run(nullptr, [&](uint64_t cycle) {
                      EXPECT_GT(cycle / 1000000, told.back() / 1000000);
                      told.push_back(cycle);
                    })).cycles;
  EXPECT_GE(cycles, 2000000u);
  EXPECT_EQ(told.size(), 1 + cycles / 1000000);
}

TEST(SpAttenStatistics, ContradictThemselvesVisibly) {
  Statistics statistics;
  statistics.config = getConfig();
  EXPECT_FALSE(bool(statistics.check()));
  // No engine was busy or idle in the cycle.
  statistics.cycles = 1;
  EXPECT_EQ(describe(statistics.check()),
            "the simulation contradicts itself: expected 1 cycles of control, "
            "found 0");
  statistics.scoreMacs = 2048;
  EXPECT_EQ(describe(statistics.check()),
            "the simulation contradicts itself: expected at least 4 cycles for "
            "the scores, found 1");
  statistics.bytesRead[unsigned(Traffic::KeyMsb)] = 64;
  EXPECT_EQ(describe(statistics.check()),
            "the simulation contradicts itself: expected at least 64 bytes at "
            "the memory, found 0");
}

} // namespace
