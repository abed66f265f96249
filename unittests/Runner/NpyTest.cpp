#include "rarefy/Runner/Npy.h"
#include "gtest/gtest.h"

using namespace rarefy;

/// A file of `version` whose header is `header`.
static std::string makeFile(StringRef header, StringRef elements,
                            char version = 1) {
  std::string bytes = "\x93NUMPY";
  bytes += {version, 0};
  size_t lengthBytes = version == 1 ? 2 : 4;
  for (size_t i = 0; i < lengthBytes; ++i)
    bytes += static_cast<char>(header.size() >> (8 * i));
  return bytes + header.str() + elements.str();
}

static std::string describe(StringRef type, StringRef shape) {
  return ("{'descr': '" + type +
          "', 'fortran_order': False, 'shape': " + shape + ", }")
      .str();
}

static std::string getError(StringRef bytes) {
  llvm::Expected<Array> array = parseNpy(bytes);
  return array ? "none" : llvm::toString(array.takeError());
}

TEST(Npy, RoundTripsEveryType) {
  for (unsigned i = 0; i < numElementTypes; ++i) {
    auto type = static_cast<ElementType>(i);
    Array array = Array::allocate(type, {2, 3});
    fillRandom(array.view(), 7);
    llvm::Expected<Array> read = parseNpy(formatNpy(array.view()));
    ASSERT_TRUE(static_cast<bool>(read)) << getName(type).str();
    // numpy has no name for bf16.
    EXPECT_EQ(read->type, type == ElementType::BF16 ? ElementType::U16 : type);
    EXPECT_EQ(read->shape, array.shape);
    EXPECT_EQ(memcmp(read->data, array.data, array.getByteSize()), 0);
  }
}

TEST(Npy, RoundTripsEveryRank) {
  SmallVector<int64_t> shape;
  for (unsigned rank = 0; rank < 5; ++rank) {
    Array array = Array::allocate(ElementType::F32, shape);
    fillRandom(array.view(), rank);
    std::string bytes = formatNpy(array.view());
    EXPECT_EQ((bytes.size() - array.getByteSize()) % 64, 0u);
    llvm::Expected<Array> read = parseNpy(bytes);
    ASSERT_TRUE(static_cast<bool>(read));
    EXPECT_EQ(ArrayRef<int64_t>(read->shape), ArrayRef<int64_t>(shape));
    shape.push_back(rank == 3 ? 0 : 2);
  }
}

TEST(Npy, ReadsVersionsOneToThree) {
  for (char version : {1, 2, 3}) {
    llvm::Expected<Array> array = parseNpy(
        makeFile(describe("<i2", "(2,)"), StringRef("\1\0\2\0", 4), version));
    ASSERT_TRUE(static_cast<bool>(array));
    EXPECT_EQ(getElement(array->view(), 1), 2);
  }
  EXPECT_EQ(getError(makeFile(describe("<i2", "(2,)"), "1234", 4)),
            "format version 4: expected 1, 2 or 3");
}

TEST(Npy, RefusesTruncatedFiles) {
  std::string whole = makeFile(describe("<f4", "(2,)"), "12345678");
  EXPECT_EQ(getError(whole), "none");
  for (size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(getError(StringRef(whole).take_front(size)), "none") << size;
  EXPECT_EQ(getError(StringRef(whole).take_front(7)),
            "truncated before the version");
  EXPECT_EQ(getError(StringRef(whole).take_front(9)),
            "truncated before the header");
  EXPECT_EQ(getError(makeFile("{}", "").substr(0, 11)),
            "truncated header: expected 2 bytes, found 1");
  EXPECT_EQ(getError(whole + "9"),
            "expected 8 bytes of elements (2xf32), found 9");
}

TEST(Npy, RefusesHostileHeaders) {
  auto getHeaderError = [](StringRef header) {
    return getError(makeFile(header, "12345678"));
  };
  EXPECT_EQ(getError("PK"), "not a .npy file");
  EXPECT_EQ(getHeaderError(""), "bad header: expected a dictionary");
  EXPECT_EQ(getHeaderError("{"), "bad header: expected a string at ''");
  EXPECT_EQ(getHeaderError("{'descr"), "bad header: a string does not end");
  EXPECT_EQ(getHeaderError("{}"),
            "bad header: expected 'descr', 'fortran_order' and 'shape'");
  EXPECT_EQ(getHeaderError("{'descr': '<f4', 'descr': '<f4'}"),
            "bad header: 'descr' is there twice");
  EXPECT_EQ(getHeaderError("{'size': 1}"), "bad header: unknown key 'size'");
  EXPECT_EQ(getHeaderError(describe(">f4", "(2,)")),
            "unsupported element type '>f4': expected booleans, little-endian "
            "integers or floats");
  EXPECT_EQ(getHeaderError(describe("|O", "(2,)")),
            "unsupported element type '|O': expected booleans, little-endian "
            "integers or floats");
  EXPECT_EQ(getHeaderError(describe(std::string(100, 'x'), "(2,)")),
            "unsupported element type 'xxxxxxxxxxxxxxxx...': expected "
            "booleans, little-endian integers or floats");
  EXPECT_EQ(getHeaderError("{'" + std::string(100, 'x') + "': 1}"),
            "bad header: unknown key 'xxxxxxxxxxxxxxxx...'");
  EXPECT_EQ(getHeaderError("{'" + std::string(100, 'x') + "'}"),
            "bad header: expected ':' after 'xxxxxxxxxxxxxxxx...'");
  EXPECT_EQ(getHeaderError(describe("<f4\n", "(2,)")),
            "unsupported element type '<f4\\0A': expected booleans, "
            "little-endian integers or floats");
  EXPECT_EQ(getHeaderError(describe("<f4", "(-2,)")),
            "bad header: expected a size at '-2,), }'");
  EXPECT_EQ(getHeaderError(describe("<f4", "(2 3)")),
            "bad header: expected ',' or ')' at '3), }'");
  EXPECT_EQ(getHeaderError(describe("<f4", "(4611686018427387904, 4)")),
            "the shape has more elements than memory can hold");
  EXPECT_EQ(getHeaderError(describe("<f4", "(99999999999999999999,)")),
            "bad header: expected a size at '9999999999999999...'");
  EXPECT_EQ(getHeaderError(describe("<f4", "(2,)") + "x"),
            "bad header: text after the dictionary");
  EXPECT_EQ(getHeaderError(describe("<f4", "[2]")),
            "bad header: 'shape' is not a tuple");
  EXPECT_EQ(getHeaderError("{'descr' '<f4'}"),
            "bad header: expected ':' after 'descr'");
  EXPECT_EQ(getHeaderError("{'descr': '<f4' 'shape': (2,)}"),
            "bad header: expected ',' or '}' at ''shape': (2,)}'");
  EXPECT_EQ(getHeaderError("{'fortran_order': 0}"),
            "bad header: 'fortran_order' is neither True nor False");
}

TEST(Npy, GivesEachArrayAFile) {
  std::vector<std::string> files = {"a_b.npy", "a_b_1.npy", "c-d.npy",
                                    "a_b_1_3.npy"};
  EXPECT_EQ(getFileNames({"a/b", "a_b", "c-d", "a_b_1"}), files);
}
