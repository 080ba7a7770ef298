// Eight SHA-256 at once by AVX2, a word of each in a vector (Gueron and Krasnov, "Simultaneous hashing of
// multiple messages", 2012). Loops are not unrolled: an emulator that translates code before it runs takes
// longer over each instruction written than over a hundred executed.
#include <cstring>

#include "base/check.h"
#include "base/sha256_blocks.h"
#include "base/sha256_in_eight.h"

#define PIPIT_AVX2 __attribute__((target("avx2")))

namespace pipit {
namespace {

constexpr u32 kLanes = 8, kWords = 16, kRounds = 64;
using Words = u32 __attribute__((vector_size(4 * kLanes)));

PIPIT_AVX2 inline Words rotate(Words value, u32 bits) { return value >> bits | value << (32 - bits); }

/// Where lanes begin, and how far apart: 0 when there is but one message.
struct Messages {
  const u8* at;
  usize apart;
};

PIPIT_AVX2 void compress(Words (&state)[8], Messages from, usize blocks) {
  Words schedule[kRounds];
  for (; blocks != 0; --blocks, from.at += kSha256BlockBytes) {
    auto* word = reinterpret_cast<u32*>(schedule);
#pragma clang loop unroll(disable) vectorize(disable)
    for (u32 i = 0; i < kWords; ++i) {
      const u8* at = from.at + usize{4} * i;
#pragma clang loop unroll(disable) vectorize(disable)
      for (u32 lane = 0; lane < kLanes; ++lane, at += from.apart) {
        u32 value;
        std::memcpy(&value, at, sizeof value);
        *word++ = __builtin_bswap32(value);
      }
    }
#pragma clang loop unroll(disable)
    for (Words* w = schedule + kWords; w != schedule + kRounds; ++w)
      *w = w[-16] + (rotate(w[-15], 7) ^ rotate(w[-15], 18) ^ w[-15] >> 3) + w[-7] +
           (rotate(w[-2], 17) ^ rotate(w[-2], 19) ^ w[-2] >> 10);
    Words a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6],
          h = state[7];
#pragma clang loop unroll(disable)
    for (u32 i = 0; i < kRounds; ++i) {
      const Words first = h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + (g ^ (e & (f ^ g))) +
                          kSha256Rounds[i] + schedule[i];
      const Words second = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) | (c & (a | b)));
      h = g, g = f, f = e, e = d + first;
      d = c, c = b, b = a, a = first + second;
    }
    const Words made[8] = {a, b, c, d, e, f, g, h};
    for (u32 i = 0; i < 8; ++i) state[i] += made[i];
  }
}

PIPIT_AVX2 void start(Words (&state)[8]) {
  for (u32 i = 0; i < 8; ++i) state[i] = Words{} + Sha256::kStart[i];
}

/// A message on the way to its last block (FIPS 180-4 §5.1.1).
struct Text {
  alignas(8) u8 bytes[1024] = {};
  usize size = 0;

  void add(const void* from, usize count) {
    std::memcpy(bytes + size, from, count);
    size += count;
  }
  /// Of a message of `whole` bytes whose end this is. Whole blocks from here on.
  usize close(u64 whole) {
    bytes[size++] = 0x80;
    size = (size + 8 + kSha256BlockBytes - 1) / kSha256BlockBytes * kSha256BlockBytes;
    const u64 bits = __builtin_bswap64(whole * 8);
    std::memcpy(bytes + size - sizeof bits, &bits, sizeof bits);
    return size / kSha256BlockBytes;
  }
};

PIPIT_AVX2 Sha256::Digest by_vectors(Bytes head, Bytes data) {
  const usize stretch = data.size() / (kLanes * kSha256BlockBytes) * kSha256BlockBytes;
  Words state[8];
  start(state);
  compress(state, {data.data(), stretch}, stretch / kSha256BlockBytes);
  Text end, text;
  compress(state, {end.bytes, 0}, end.close(stretch));
  text.add(head.data(), head.size());
  for (u32 lane = 0; lane < kLanes; ++lane)
    for (u32 i = 0; i < 8; ++i) {
      const u32 word = __builtin_bswap32(state[i][lane]);
      text.add(&word, sizeof word);
    }
  text.add(data.data() + kLanes * stretch, data.size() - kLanes * stretch);
  start(state);
  compress(state, {text.bytes, 0}, text.close(text.size));
  Sha256::Digest digest;
  for (u32 i = 0; i < 8; ++i) {
    const u32 word = __builtin_bswap32(state[i][0]);
    std::memcpy(&digest[usize{4} * i], &word, sizeof word);
  }
  return digest;
}

/// Whether the processor has AVX2 and the system keeps its registers (Intel SDM volume 1 §14.3).
bool has_vectors() {
  constexpr u32 kXsaveOn = 1u << 27, kAvx = 1u << 28, kAvx2 = 1u << 5, kStates = 6;
  u32 a = 1, b, c = 0, d, states;
  asm("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  if ((~c & (kXsaveOn | kAvx)) != 0) return false;
  asm("xgetbv" : "=a"(states), "=d"(d) : "c"(0));
  a = 7, c = 0;
  asm("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  return (states & kStates) == kStates && (b & kAvx2) != 0;
}

}  // namespace

Sha256::Digest sha256_in_eight(Bytes head, Bytes data) {
  PIPIT_CHECK(head.size() <= kSha256BlockBytes);
  return has_vectors() ? by_vectors(head, data) : detail::sha256_in_eight_portable(head, data);
}

}  // namespace pipit
