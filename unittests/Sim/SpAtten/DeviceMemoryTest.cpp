#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "rarefy/Sim/SpAtten.h"
#include "gtest/gtest.h"

#include <limits>

using namespace rarefy;
using namespace rarefy::spatten;

namespace {

class DeviceMemoryTest : public testing::Test {
protected:
  DeviceMemoryTest() {
    context.loadDialect<program::ISADialect, SpAttenDialect>();
  }

  llvm::Expected<DeviceMemory> create(StringRef tensors, uint64_t capacity) {
    std::string source = (R"(isa.program @p for "spatten" {
        key_lines = 16 : i64, value_lines = 16 : i64, rows_per_line = 8 : i64,
        max_keys = 64 : i64} {)" +
                          tensors + "\n spatten.halt }")
                             .str();
    module = parseSourceString<ModuleOp>(source, &context);
    return DeviceMemory::create(*module->getOps<program::ProgramOp>().begin(),
                                capacity);
  }

  llvm::Expected<DeviceMemory> create(uint64_t capacity) {
    return create(R"(
        isa.tensor @six in at 64 : tensor<4xi6>
        isa.tensor @four in at 128 : tensor<2xui4>
        isa.tensor @constant in at 192 : tensor<3xi12> = dense<[1, -2, 3]> : tensor<3xi12>
        isa.tensor @real in at 256 : tensor<2xf32> = dense<[1.0, 2.0]> : tensor<2xf32>
        isa.tensor @byte in at 264 : tensor<1xui8>
        isa.tensor @long in at 272 : tensor<3xi37>
        isa.tensor @twelve in at 288 : tensor<5xi12>
        isa.tensor @out out at 320 : tensor<2xi16>)",
                  capacity);
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
};

ArrayRef<uint8_t> bytes(ArrayRef<int8_t> numbers) {
  return {reinterpret_cast<const uint8_t *>(numbers.data()), numbers.size()};
}

TEST_F(DeviceMemoryTest, PacksTheFirstElementLowest) {
  DeviceMemory memory = llvm::cantFail(create(4096));
  llvm::cantFail(memory.write("six", bytes({1, -1, 2, -32}), 1));
  const uint8_t *packed = memory.find(64, 3);
  ASSERT_TRUE(packed);
  // 000001, 111111, 000010, 100000 from the lowest bit on.
  EXPECT_EQ(packed[0], 0b11000001);
  EXPECT_EQ(packed[1], 0b00101111);
  EXPECT_EQ(packed[2], 0b10000000);
  int32_t numbers[4];
  llvm::cantFail(memory.read(
      "six", {reinterpret_cast<uint8_t *>(numbers), sizeof(numbers)}, 4));
  EXPECT_EQ(numbers[1], -1);
  EXPECT_EQ(numbers[3], -32);
}

TEST_F(DeviceMemoryTest, ReadsWhatWasWritten) {
  DeviceMemory memory = llvm::cantFail(create(4096));
  auto pass = [&](StringRef name, auto numbers) {
    size_t count = numbers.size() * sizeof(numbers[0]);
    auto *data = reinterpret_cast<uint8_t *>(numbers.data());
    llvm::cantFail(memory.write(name, {data, count}, sizeof(numbers[0])));
    auto read = numbers;
    auto *target = reinterpret_cast<uint8_t *>(read.data());
    llvm::cantFail(memory.read(name, {target, count}, sizeof(numbers[0])));
    EXPECT_EQ(read, numbers);
  };
  pass("twelve", std::vector<int16_t>{-2048, 2047, 1, -1, 0x355});
  pass("twelve", std::vector<int32_t>{1, 2, 3, 4, -5});
  pass("long", std::vector<int64_t>{-(1ll << 36), (1ll << 36) - 1, 3});
}

TEST_F(DeviceMemoryTest, HoldsConstants) {
  DeviceMemory memory = llvm::cantFail(create(4096));
  int16_t numbers[3];
  llvm::cantFail(memory.read(
      "constant", {reinterpret_cast<uint8_t *>(numbers), sizeof(numbers)}, 2));
  EXPECT_EQ(numbers[1], -2);
  float real[2];
  llvm::cantFail(memory.read(
      "real", {reinterpret_cast<uint8_t *>(real), sizeof(real)}, 4));
  EXPECT_EQ(real[1], 2.0f);
}

TEST_F(DeviceMemoryTest, FindsBytesOfOneTensorOnly) {
  DeviceMemory memory = llvm::cantFail(create(4096));
  EXPECT_TRUE(memory.find(66, 1));
  EXPECT_FALSE(memory.find(66, 2));
  EXPECT_FALSE(memory.find(0, 1));
  EXPECT_FALSE(memory.find(~uint64_t(0), 2));
  EXPECT_TRUE(memory.find(320, 4));
}

TEST_F(DeviceMemoryTest, SaysWhatIsWhere) {
  DeviceMemory memory = llvm::cantFail(create(4096));
  EXPECT_EQ(memory.describe(320), "place 0 of tensor 'out'");
  EXPECT_EQ(memory.describe(322), "place 1 of tensor 'out'");
  EXPECT_EQ(memory.describe(291), "place 2 of tensor 'twelve'");
}

TEST_F(DeviceMemoryTest, SaysWhatDoesNotFit) {
  auto describe = [](llvm::Error error) { return toString(std::move(error)); };
  EXPECT_EQ(describe(create(320).takeError()),
            "tensor 'out' ends at byte 324, the memory at 320");
  EXPECT_EQ(
      describe(
          create("isa.tensor @wide in at 0 : tensor<2xi65>", 4096).takeError()),
      "tensor 'wide' expects elements of at most 64 bits, found 65");
  EXPECT_EQ(describe(create("isa.tensor @sparse in at 0 : tensor<2xi8> = "
                            "sparse<[[0]], [1]> : tensor<2xi8>",
                            4096)
                         .takeError()),
            "tensor 'sparse' expects a dense value");
  DeviceMemory memory = llvm::cantFail(create(4096));
  EXPECT_EQ(describe(memory.checkWritten()),
            "tensor 'six' is an input and missing");
  EXPECT_EQ(describe(memory.write("six", bytes({1, 64, 0, 0}), 1)),
            "tensor 'six' expects numbers of 6 bits, found 64 in place 1");
  int16_t refused[] = {0, 0, 0, INT16_MIN};
  ArrayRef<uint8_t> words(reinterpret_cast<uint8_t *>(refused), 8);
  EXPECT_EQ(describe(memory.write("six", words, 2)),
            "tensor 'six' expects numbers of 6 bits, found -32768 in place 3: "
            "a NaN, or a number of more bits than are read");
  EXPECT_EQ(describe(memory.write("four", bytes({15, -1}), 1)),
            "tensor 'four' expects numbers of 4 bits, found -1 in place 1");
  EXPECT_EQ(describe(memory.write("six", bytes({1}), 1)),
            "tensor 'six' expects 4 bytes of elements, found 1");
  EXPECT_EQ(describe(memory.write("seven", bytes({1}), 1)),
            "the program has no tensor 'seven'");
  EXPECT_EQ(describe(memory.write("real", bytes({1, 2}), 1)),
            "tensor 'real' expects elements of 32 bits, found 8");
  float notFinite[] = {1, std::numeric_limits<float>::quiet_NaN()};
  ArrayRef<uint8_t> floats(reinterpret_cast<uint8_t *>(notFinite), 8);
  EXPECT_EQ(describe(memory.write("real", floats, 4)),
            "tensor 'real' expects finite numbers, found nan in place 1");
  notFinite[1] = -std::numeric_limits<float>::infinity();
  EXPECT_EQ(describe(memory.write("real", floats, 4)),
            "tensor 'real' expects finite numbers, found -inf in place 1");
  EXPECT_EQ(describe(memory.write("byte", bytes({-1}), 1)),
            "tensor 'byte' expects numbers of 8 bits, found -1 in place 0");
  EXPECT_EQ(describe(memory.checkWritten()),
            "tensor 'six' is an input and missing");
  uint8_t byte[3];
  EXPECT_EQ(describe(memory.read("constant", byte, 1)),
            "tensor 'constant' expects elements of at least 12 bits, found 8");
}

} // namespace
