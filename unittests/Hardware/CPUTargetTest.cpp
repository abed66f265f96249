#include "rarefy/Hardware/CPUTarget.h"
#include "gtest/gtest.h"

using rarefy::CPUTarget;

namespace {
CPUTarget get(llvm::StringRef cpu) {
  return llvm::cantFail(CPUTarget::get(cpu));
}

TEST(CPUTarget, LevelsOfX86) {
  CPUTarget v3 = get("x86-64-v3");
  EXPECT_EQ(v3.vectorBits, 256u);
  EXPECT_EQ(v3.vectorRegisters, 16u);
  EXPECT_TRUE(v3.fma);
  CPUTarget v4 = get("x86-64-v4");
  EXPECT_EQ(v4.vectorBits, 512u);
  EXPECT_EQ(v4.vectorRegisters, 32u);
  EXPECT_TRUE(v4.fma);
  EXPECT_FALSE(get("x86-64").fma);
}

TEST(CPUTarget, ZensDiffer) {
  EXPECT_EQ(get("znver3").vectorBits, 256u);
  EXPECT_EQ(get("znver4").vectorBits, 512u);
  EXPECT_EQ(get("znver4").l1Bytes, 32 << 10);
  EXPECT_EQ(get("znver5").l1Bytes, 48 << 10);
}

TEST(CPUTarget, NativeDescribesTheHost) {
  CPUTarget host = get("native");
  EXPECT_NE(host.cpu, "native");
  EXPECT_FALSE(host.features.empty());
  EXPECT_GE(host.cores, 1u);
  EXPECT_EQ(get("x86-64-v3").cores, host.cores);
  EXPECT_GE(host.l2Bytes, host.l1Bytes);
  EXPECT_EQ(host.lanes(32), host.vectorBits / 32);
}

TEST(CPUTarget, MaskedFeaturesOfTheSystemAreNotMissed) {
  llvm::StringMap<bool> host = {
      {"avx2", true}, {"fma", true}, {"rdpru", false}, {"pku", false}};
  EXPECT_TRUE(rarefy::findMissingFeatures("znver3", host).empty());
  host["avx2"] = false;
  EXPECT_EQ(rarefy::findMissingFeatures("znver3", host),
            std::vector<std::string>{"avx2"});
}

TEST(CPUTarget, RefusesUnknownNames) {
  llvm::Expected<CPUTarget> target = CPUTarget::get("z80");
  ASSERT_FALSE(target);
  std::string message = llvm::toString(target.takeError());
  EXPECT_NE(message.find("found 'z80'"), std::string::npos) << message;
}
} // namespace
