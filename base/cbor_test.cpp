#include "base/cbor.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace pipit::cbor {
namespace {

std::vector<u8> item(std::initializer_list<int> bytes) { return {bytes.begin(), bytes.end()}; }

TEST(Cbor, WritesTheShortestForm) {
  // RFC 8949, appendix A.
  const struct {
    u64 value;
    std::vector<u8> bytes;
  } kCases[] = {
      {0, item({0x00})},
      {23, item({0x17})},
      {24, item({0x18, 0x18})},
      {1000, item({0x19, 0x03, 0xE8})},
      {1000000, item({0x1A, 0x00, 0x0F, 0x42, 0x40})},
      {1000000000000, item({0x1B, 0x00, 0x00, 0x00, 0xE8, 0xD4, 0xA5, 0x10, 0x00})},
      {~u64{0}, item({0x1B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF})},
  };
  for (const auto& expected : kCases) {
    u8 room[16];
    Writer out(room);
    out.uint(expected.value);
    const Bytes bytes = *out.finish();
    EXPECT_EQ(std::vector<u8>(bytes.begin(), bytes.end()), expected.bytes) << expected.value;
    Reader in(bytes);
    EXPECT_EQ(*in.uint(), expected.value);
    EXPECT_TRUE(in.end().ok());
  }
}

TEST(Cbor, RoundTripOfEveryType) {
  u8 room[64];
  Writer out(room);
  out.map(2);
  out.uint(1);
  out.array(3);
  out.text("IETF");
  out.bytes(as_bytes("\x01\x02"));
  out.boolean(true);
  out.uint(2);
  out.boolean(false);
  Reader in(*out.finish());
  EXPECT_EQ(*in.map(4), 2u);
  EXPECT_EQ(*in.uint(), 1u);
  EXPECT_EQ(*in.array(3), 3u);
  EXPECT_EQ(*in.text(4), "IETF");
  EXPECT_EQ(as_text(*in.bytes(2)), "\x01\x02");
  EXPECT_TRUE(*in.boolean());
  EXPECT_EQ(*in.uint(), 2u);
  EXPECT_FALSE(*in.boolean());
  EXPECT_TRUE(in.end().ok());
}

TEST(Cbor, AWriterWithoutRoomStaysFailed) {
  u8 room[4];
  Writer out(room);
  out.text("too long");
  out.uint(1);
  EXPECT_FALSE(out.ok());
  EXPECT_EQ(out.finish().error().code, Code::out_of_memory);
}

TEST(Cbor, RefusesOverBoundsAndStaysWhereItWas) {
  const auto bytes = item({0x63, 'a', 'b', 'c'});
  Reader in{Bytes(bytes)};
  EXPECT_FALSE(in.text(2).ok());
  EXPECT_FALSE(in.bytes(9).ok());
  EXPECT_FALSE(in.uint().ok());
  EXPECT_FALSE(in.map(9).ok());
  EXPECT_EQ(in.offset(), 0u);
  EXPECT_EQ(*in.text(3), "abc");
}

TEST(Cbor, RefusesHostileItems) {
  const std::vector<u8> kBad[] = {
      item({}),
      item({0x18}),  // head cut off
      item({0x1C}),
      item({0x1F}),
      item({0x5F, 0xFF}),
      item({0x9F, 0xFF}),                                                  // reserved, indefinite
      item({0x5B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}),        // a string of 2^64-1 bytes
      item({0x9B, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF}),        // an array of as many
      item({0xBB, 0x80, 0, 0, 0, 0, 0, 0, 0}),                             // pairs that overflow when doubled
      item({0x82, 0x01}),                                                  // one element missing
      item({0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x01}),  // nested too deep
      item({0xC1}),                                                        // a tag of nothing
  };
  for (const auto& bytes : kBad) {
    Reader in{Bytes(bytes)};
    const auto status = in.skip();
    ASSERT_FALSE(status.ok());
    EXPECT_EQ(status.error().code, Code::malformed);
    EXPECT_EQ(in.offset(), 0u);
  }
}

TEST(Cbor, SkipsOneItemOfAnyType) {
  const std::vector<u8> kGood[] = {
      item({0x20}),
      item({0x43, 1, 2, 3}),
      item({0xA1, 0x01, 0x82, 0x61, 'x', 0xF6}),
      item({0xC1, 0x1A, 1, 2, 3, 4}),
      item({0xFB, 1, 2, 3, 4, 5, 6, 7, 8}),
      item({0x80}),
      item({0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x01}),
  };
  for (auto bytes : kGood) {
    bytes.push_back(0x05);
    Reader in{Bytes(bytes)};
    ASSERT_TRUE(in.skip().ok());
    EXPECT_EQ(*in.uint(), 5u);
  }
}

TEST(Cbor, RandomBytesNeverReadPastTheEnd) {
  std::mt19937 random(20260101);
  for (int round = 0; round < 200'000; ++round) {
    // On the heap and exactly as long as said, so that the sanitizer sees a byte too far.
    std::vector<u8> bytes(random() % 24);
    for (u8& byte : bytes) byte = static_cast<u8>(random());
    Reader in{Bytes(bytes)};
    while (in.skip().ok()) ASSERT_LE(in.offset(), bytes.size());
    (void)in.text(8);
    (void)in.uint();
    ASSERT_LE(in.offset(), bytes.size());
  }
}

}  // namespace
}  // namespace pipit::cbor
