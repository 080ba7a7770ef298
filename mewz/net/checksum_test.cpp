#include "mewz/net/checksum.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#include "base/types.h"

namespace pipit::mewz {
namespace {

/// RFC 1071 §1, word by word.
u16 plain_sum(const u8* data, usize bytes) {
  u32 sum = 0;
  for (usize i = 0; i < bytes; ++i) {
    sum += u32{data[i]} << 8 * (i % 2);
    sum = (sum & 0xFFFF) + (sum >> 16);
  }
  return static_cast<u16>(sum);
}

TEST(Checksum, IsTheSumOfWordsWhateverLengthAndAddress) {
  std::mt19937 random(3);
  std::vector<u8> data(4096);
  for (u8& byte : data) byte = static_cast<u8>(random());
  for (usize bytes = 0; bytes < 200; ++bytes)
    for (usize at = 0; at < 9; ++at)
      ASSERT_EQ(mewz_lwip_checksum(&data[at], static_cast<int>(bytes)), plain_sum(&data[at], bytes))
          << bytes << " " << at;
}

TEST(Checksum, LosesNoCarry) {
  for (const usize bytes : {1u, 2u, 3u, 4u, 19u, 20u, 1480u, 65534u, 65535u, 65536u}) {
    const std::vector<u8> ones(bytes, 0xFF);
    EXPECT_EQ(mewz_lwip_checksum(ones.data(), static_cast<int>(bytes)), plain_sum(ones.data(), bytes))
        << bytes;
  }
  // A word of zeroes after carries that just fill sixteen bits.
  std::vector<u8> edge(65536, 0xFF);
  for (usize i = 0; i < 64; ++i) {
    edge[i * 1000] = static_cast<u8>(i);
    ASSERT_EQ(mewz_lwip_checksum(edge.data(), 65536), plain_sum(edge.data(), 65536));
  }
}

TEST(Checksum, KnowsTheExampleOfTheRfc) {
  const u8 example[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};  // §3
  const u16 sum = mewz_lwip_checksum(example, sizeof example);
  EXPECT_EQ(sum & 0xFF, 0xDD);
  EXPECT_EQ(sum >> 8, 0xF2);
}

}  // namespace
}  // namespace pipit::mewz
