#include "mlir/IR/Builders.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/Parser/Parser.h"
#include "rarefy/Dialect/SpAtten/IR/SpAtten.h"
#include "gtest/gtest.h"
#include <random>

using namespace rarefy;
using namespace rarefy::program;

namespace {

class EncodingTest : public testing::Test {
protected:
  EncodingTest()
      : handler(&context,
                [&](Diagnostic &diagnostic) { message = diagnostic.str(); }) {
    context.loadDialect<spatten::SpAttenDialect>();
  }

  FailureOr<InstructionOpInterface> decode(const Word &word) {
    return Decoder(&context, "spatten")
        .decode(builder, builder.getUnknownLoc(), word);
  }

  MLIRContext context;
  OpBuilder builder{&context};
  std::string message;
  ScopedDiagnosticHandler handler;
};

/// A legal value of `field`; the limits come often.
uint64_t pick(const Field &field, std::mt19937_64 &random) {
  switch (random() % 4) {
  case 0:
    return field.min;
  case 1:
    if (field.kind != FieldKind::Real)
      return field.max;
    [[fallthrough]];
  default:
    break;
  }
  uint64_t value = field.min + random() % (field.max - field.min + 1);
  return field.kind == FieldKind::Real ? value & ~(uint64_t(1) << 30) : value;
}

TEST_F(EncodingTest, RoundTripsEveryInstruction) {
  std::mt19937_64 random(7);
  unsigned count = 0;
  for (RegisteredOperationName name : getInstructions(&context, "spatten")) {
    ++count;
    const auto *instruction = name.getInterface<InstructionOpInterface>();
    for (int trial = 0; trial < 200; ++trial) {
      Word word = {instruction->getOpcode(), 0};
      for (const Field &field : instruction->getFields())
        word[field.offset / 64] |= pick(field, random) << field.offset % 64;
      FailureOr<InstructionOpInterface> op = decode(word);
      ASSERT_TRUE(succeeded(op)) << message;
      EXPECT_EQ((*op)->getName(), name);
      EXPECT_EQ(encode(*op), word) << name.getStringRef().str();

      std::string text;
      llvm::raw_string_ostream(text) << **op;
      OwningOpRef<Operation *> parsed =
          parseSourceString(text, ParserConfig(&context));
      ASSERT_TRUE(parsed) << text << ": " << message;
      EXPECT_EQ(encode(cast<InstructionOpInterface>(*parsed)), word) << text;
      (*op)->erase();
    }
  }
  EXPECT_EQ(count, 46u);
}

TEST_F(EncodingTest, RefusesWordsThatEncodeNothing) {
  EXPECT_TRUE(failed(decode({0xff, 0})));
  EXPECT_EQ(message, "expected the opcode of a 'spatten' instruction, found "
                     "255");
  EXPECT_TRUE(failed(decode({0x01 | 1ull << 40, 0})));
  EXPECT_EQ(message, "'spatten.halt' expects zeros outside its fields");
  EXPECT_TRUE(failed(decode({0x0b, 0})));
  EXPECT_EQ(message, "'spatten.credit' expects 'count' from 1 to 255, found 0");
  EXPECT_TRUE(failed(decode({0x34 | 1ull << 40, 0x7f800000})));
  EXPECT_EQ(
      message,
      "'spatten.scale_tokens' expects 'factor' to be finite and not negative");
}

TEST_F(EncodingTest, PlacesFieldsFromTheOpcodeOnWithoutStraddling) {
  for (RegisteredOperationName name : getInstructions(&context, "spatten")) {
    unsigned next = kOpcodeBits;
    for (const Field &field :
         name.getInterface<InstructionOpInterface>()->getFields()) {
      EXPECT_GE(field.offset, next);
      EXPECT_EQ(field.offset / 64, (field.offset + field.width - 1) / 64);
      next = field.offset + field.width;
    }
    EXPECT_LE(next, kWordBits);
  }
}

} // namespace
