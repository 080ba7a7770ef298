#include "base/sha256.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/sha256_blocks.h"
#include "base/sha256_in_eight.h"
#include "base/text.h"

namespace pipit {
namespace {

std::string hex(const Sha256::Digest& digest) {
  char text[64];
  TextWriter out(text);
  out.hex(digest);
  return std::string(out.text());
}

// FIPS 180-4 examples, and lengths around the padding's edges checked against OpenSSL.
TEST(Sha256, KnownAnswers) {
  EXPECT_EQ(hex(sha256({})), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(hex(sha256(as_bytes("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hex(sha256(as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"))),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(hex(sha256(as_bytes(std::string(1'000'000, 'a')))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, PiecesOfAnySizeGiveTheSameDigest) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += static_cast<char>(i * 7);
  for (usize size = 0; size <= text.size(); ++size) {
    const Bytes all = as_bytes(text).first(size);
    for (const usize piece : {1u, 3u, 55u, 64u, 65u}) {
      Sha256 hash;
      for (usize at = 0; at < size; at += piece) hash.update(all.subspan(at, std::min(piece, size - at)));
      ASSERT_EQ(hash.finish(), sha256(all)) << size << " in pieces of " << piece;
    }
  }
}

TEST(Sha256, ThePlatformsBlocksAreThePortableOnes) {
  std::vector<u8> data(64 * 9);
  for (usize i = 0; i < data.size(); ++i) data[i] = static_cast<u8>(i * i >> 3);
  for (usize blocks = 0; blocks <= 9; ++blocks) {
    u32 one[8] = {1, 2, 3, 4, 5, 6, 7, 0xFFFFFFFF}, other[8] = {1, 2, 3, 4, 5, 6, 7, 0xFFFFFFFF};
    sha256_blocks(one, data.data(), blocks);
    sha256_portable(other, data.data(), blocks);
    for (int i = 0; i < 8; ++i) EXPECT_EQ(one[i], other[i]) << blocks << " blocks, word " << i;
  }
}

/// All lengths of what is left behind stretches, and heads of up to a block.
TEST(Sha256, EightAtOnceAreTheOnesOneByOne) {
  std::vector<u8> data(3 * 512 + 511);
  for (usize i = 0; i < data.size(); ++i) data[i] = static_cast<u8>(i * i >> 5);
  const Bytes all = data;
  for (usize size = 0; size <= all.size(); size += size < 1100 ? 1 : 29) {
    const Bytes head = all.first(size % 65), body = all.first(size);
    ASSERT_EQ(sha256_in_eight(head, body), detail::sha256_in_eight_portable(head, body)) << size;
  }
}

/// Stretches of 64 bytes, put together by hand.
TEST(Sha256, EightAtOnceAreTheSha256OfEightAndTheRest) {
  std::vector<u8> data(515), text = {'h'};
  for (usize i = 0; i < data.size(); ++i) data[i] = static_cast<u8>(i * 5);
  const Bytes all = data;
  for (u32 i = 0; i < 8; ++i) {
    const Sha256::Digest digest = sha256(all.subspan(usize{64} * i, 64));
    text.insert(text.end(), digest.begin(), digest.end());
  }
  text.insert(text.end(), data.begin() + 512, data.end());
  EXPECT_EQ(sha256_in_eight(as_bytes("h"), all), sha256(text));
  data[100] ^= 1;
  EXPECT_NE(sha256_in_eight(as_bytes("h"), all), sha256(text));
}

TEST(Sha256, StartsAgainAfterFinish) {
  Sha256 hash;
  hash.update(as_bytes("something else"));
  hash.finish();
  hash.update(as_bytes("abc"));
  EXPECT_EQ(hash.finish(), sha256(as_bytes("abc")));
}

}  // namespace
}  // namespace pipit
