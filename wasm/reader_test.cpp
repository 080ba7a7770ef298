#include "wasm/reader.h"

#include <gtest/gtest.h>

#include <vector>

namespace pipit::wasm {
namespace {

using Data = std::vector<u8>;

TEST(Reader, UnsignedLeb) {
  const auto read = [](const Data& data) { return Reader(data).leb_u32(); };
  EXPECT_EQ(read({0}), 0u);
  EXPECT_EQ(read({0x7F}), 127u);
  EXPECT_EQ(read({0x80, 1}), 128u);
  EXPECT_EQ(read({0x83, 0x80, 0}), 3u);  // longer than need be, but within five bytes
  EXPECT_EQ(read({0xFF, 0xFF, 0xFF, 0xFF, 0x0F}), ~0u);
}

TEST(Reader, SignedLeb) {
  const auto read32 = [](const Data& data) { return Reader(data).leb_s32(); };
  const auto read64 = [](const Data& data) { return Reader(data).leb_s64(); };
  EXPECT_EQ(read32({0x7F}), -1);
  EXPECT_EQ(read32({0x3F}), 63);
  EXPECT_EQ(read32({0x40}), -64);
  EXPECT_EQ(read32({0x80, 0x80, 0x80, 0x80, 0x78}), std::numeric_limits<i32>::min());
  EXPECT_EQ(read64({0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x00}),
            std::numeric_limits<i64>::max());
  EXPECT_EQ(read64({0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7F}),
            std::numeric_limits<i64>::min());
}

TEST(Reader, BadLebsSayWhatAndWhere) {
  struct Case {
    Data data;
    const char* message;
    u32 where;
  };
  const Case cases[] = {
      {{0x80, 0x80, 0x80, 0x80, 0x80, 0}, "integer representation too long", 4},
      {{0xFF, 0xFF, 0xFF, 0xFF, 0x1F}, "integer too large", 4},
      {{0x80, 0x80}, "unexpected end", 2},
      {{}, "unexpected end", 0},
  };
  for (const Case& test : cases) {
    Reader reader(test.data);
    EXPECT_EQ(reader.leb_u32(), 0u);
    ASSERT_FALSE(reader.ok());
    EXPECT_STREQ(reader.error().message, test.message);
    EXPECT_EQ(reader.error().where, test.where);
  }
  const Data bad_sign = {0xFF, 0xFF, 0xFF, 0xFF, 0x4F};
  Reader reader(bad_sign);
  reader.leb_s32();
  EXPECT_STREQ(reader.error().message, "integer too large");
}

TEST(Reader, TheFirstErrorSticks) {
  const Data data = {1, 2, 3};
  Reader reader(data);
  reader.fail(Rule::unknown_label);
  reader.fail(Rule::unknown_type);
  EXPECT_EQ(reader.byte(), 0);
  EXPECT_STREQ(reader.error().message, "unknown label");
  EXPECT_EQ(reader.error().where, 0u);
}

TEST(Reader, NarrowBoundsReads) {
  const Data data = {5, 6, 7};
  Reader reader(data);
  const u8* outer = reader.narrow(1);
  EXPECT_EQ(reader.byte(), 5);
  EXPECT_TRUE(reader.at_end());
  reader.restore(outer);
  EXPECT_EQ(reader.byte(), 6);
  reader.narrow(2);
  EXPECT_STREQ(reader.error().message, "length out of bounds");
}

TEST(Reader, TrustedReadsAgreeWithCheckedOnes) {
  for (u64 value :
       {u64{0}, u64{1}, u64{127}, u64{128}, u64{16'383}, u64{16'384}, u64{0xFFFF'FFFF}, u64{0x8000'0000}}) {
    Data data;
    for (u64 rest = value;; rest >>= 7) {
      data.push_back(static_cast<u8>((rest & 0x7F) | (rest > 0x7F ? 0x80 : 0)));
      if (rest <= 0x7F) break;
    }
    const u8* at = data.data();
    EXPECT_EQ(trusted_u32(at), Reader(data).leb_u32());
    EXPECT_EQ(at, data.data() + data.size());
    at = data.data();
    EXPECT_EQ(trusted_s64(at), Reader(data).leb_s64());
  }
}

TEST(Reader, Utf8) {
  const auto valid = [](std::string_view text) { return is_utf8(as_bytes(text)); };
  EXPECT_TRUE(valid(""));
  EXPECT_TRUE(valid("pipit"));
  EXPECT_TRUE(valid("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x90\xA6"));
  EXPECT_TRUE(valid("\xF4\x8F\xBF\xBF"));
  for (const char* bad : {"\xC3", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xF0\x8F\xBF\xBF",
                          "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\x80", "\xC3\x28"})
    EXPECT_FALSE(valid(bad)) << bad;
}

}  // namespace
}  // namespace pipit::wasm
