#include "base/sha256.h"

#include <bit>
#include <cstring>

#include "base/sha256_blocks.h"

namespace pipit {

const u32 kSha256Rounds[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

namespace {

u32 load_be(const u8* at) { return u32{at[0]} << 24 | u32{at[1]} << 16 | u32{at[2]} << 8 | at[3]; }

void store_be(u8* at, u32 value) {
  for (int i = 0; i < 4; ++i) at[i] = static_cast<u8>(value >> (24 - 8 * i));
}

// How many words of the message schedule are kept. All of them where size does not matter: then they are made
// in a loop of their own, and eight rounds, after which registers are back in their places, are written out.
// Mewz is built for size: a translator (QEMU) takes longer over written out rounds than they save.
#ifdef __OPTIMIZE_SIZE__
constexpr u32 kKept = 16;
#define PIPIT_UNROLL
#else
constexpr u32 kKept = 64;
#define PIPIT_UNROLL _Pragma("clang loop unroll_count(8)")
#endif

/// Word `i` of the message schedule, from 16 on (FIPS 180-4, 6.2.2).
void extend(u32 (&schedule)[kKept], u32 i) {
  const u32 early = schedule[(i - 15) % kKept], late = schedule[(i - 2) % kKept];
  schedule[i % kKept] = schedule[(i - 16) % kKept] +
                        (std::rotr(early, 7) ^ std::rotr(early, 18) ^ early >> 3) +
                        schedule[(i - 7) % kKept] + (std::rotr(late, 17) ^ std::rotr(late, 19) ^ late >> 10);
}

/// The 64 rounds for one block; a to h is x.
void rounds(u32 (&x)[8], u32 (&schedule)[kKept]) {
  auto& [a, b, c, d, e, f, g, h] = x;
  PIPIT_UNROLL for (u32 i = 0; i < 64; ++i) {
    if (kKept < 64 && i >= kKept) extend(schedule, i);
    const u32 first = h + (std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25)) + (g ^ (e & (f ^ g))) +
                      kSha256Rounds[i] + schedule[i % kKept];
    const u32 second = (std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22)) + ((a & b) | (c & (a | b)));
    h = g, g = f, f = e, e = d + first;
    d = c, c = b, b = a, a = first + second;
  }
}

}  // namespace

void sha256_portable(u32* state, const u8* at, usize blocks) {
  for (; blocks != 0; --blocks, at += kSha256BlockBytes) {
    u32 schedule[kKept];
#pragma clang loop unroll(disable)
    for (u32 i = 0; i < 16; ++i) schedule[i] = load_be(at + usize{4} * i);
#pragma clang loop unroll(disable) vectorize(disable)
    for (u32 i = 16; i < kKept; ++i) extend(schedule, i);
    u32 x[8];
    std::memcpy(x, state, sizeof x);
    rounds(x, schedule);
    for (u32 i = 0; i < 8; ++i) state[i] += x[i];
  }
}

void Sha256::update(Bytes bytes) {
  usize fill = length_ % buffer_.size();
  length_ += bytes.size();
  while (!bytes.empty()) {
    if (fill == 0 && bytes.size() >= buffer_.size()) {
      const usize blocks = bytes.size() / kSha256BlockBytes;
      sha256_blocks(state_.data(), bytes.data(), blocks);
      bytes = bytes.subspan(blocks * kSha256BlockBytes);
      continue;
    }
    const usize part = bytes.size() < buffer_.size() - fill ? bytes.size() : buffer_.size() - fill;
    std::memcpy(&buffer_[fill], bytes.data(), part);
    bytes = bytes.subspan(part);
    fill += part;
    if (fill == buffer_.size()) {
      sha256_blocks(state_.data(), buffer_.data(), 1);
      fill = 0;
    }
  }
}

Sha256::Digest Sha256::finish() {
  const u64 bits = length_ * 8;
  const usize fill = length_ % buffer_.size();
  u8 tail[72] = {0x80};
  const usize padding = (fill < 56 ? 56 : 120) - fill;
  store_be(&tail[padding], static_cast<u32>(bits >> 32));
  store_be(&tail[padding + 4], static_cast<u32>(bits));
  update({tail, padding + 8});
  Digest digest;
  for (u32 i = 0; i < 8; ++i) store_be(&digest[usize{4} * i], state_[i]);
  *this = Sha256();
  return digest;
}

Sha256::Digest sha256(Bytes bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.finish();
}

}  // namespace pipit
