#include "base/crc32.h"

#include <gtest/gtest.h>

namespace pipit {
namespace {

// The check value of every CRC catalogue.
TEST(Crc32, MatchesTheCheckValue) { EXPECT_EQ(crc32(as_bytes("123456789")), 0xCBF43926u); }

TEST(Crc32, OfNothingIsTheSeed) {
  EXPECT_EQ(crc32({}), 0u);
  EXPECT_EQ(crc32({}, 0x12345678), 0x12345678u);
}

TEST(Crc32, ContinuesFromASeed) {
  const std::string_view text = "the quick brown fox";
  for (usize cut = 0; cut <= text.size(); ++cut)
    EXPECT_EQ(crc32(as_bytes(text.substr(cut)), crc32(as_bytes(text.substr(0, cut)))), crc32(as_bytes(text)));
}

}  // namespace
}  // namespace pipit
