#pragma once
#include <algorithm>
#include <array>

#include "base/types.h"

/// Texts in about half their bytes, packed by the compiler: the commonest pair of neighbouring bytes becomes
/// a byte that no text uses, again and again (byte-pair encoding). ASCII from a space on; each text ends in a
/// 0.
namespace pipit::wasm {

/// Bytes that stand for pairs, by number: 128 to 255, then 1 to 31; 128, which is byte 0, is none of them.
constexpr u32 kMostPairs = 128 + 32;
constexpr u32 pair_number(u8 byte) { return static_cast<u8>(byte - 128); }

struct BytePair {
  u8 first, second;
};

template <usize kBytes>
struct PackedText {
  std::array<u8, kBytes> bytes{};
  std::array<BytePair, kMostPairs> pairs{};
  u32 pair_count = 0, byte_count = 0;
  u32 longest = 0;  ///< bytes of the longest text, with its 0
  u32 deepest = 0;  ///< most pairs within pairs
};

/// Counts how often each two bytes are neighbours in one text.
class PairCounts {
 public:
  struct Best {
    u32 pair = 0, count = 0;
  };

  template <class Text>
  constexpr Best commonest(const Text& text) {
    Best best;
    for (u32 i = 1; i < text.byte_count; ++i) {
      if (text.bytes[i - 1] == 0 || text.bytes[i] == 0) continue;
      const u32 pair = u32{text.bytes[i - 1]} << 8 | text.bytes[i];
      if (++counts_[pair] > best.count) best = {pair, counts_[pair]};
    }
    for (u32 i = 1; i < text.byte_count; ++i) counts_[u32{text.bytes[i - 1]} << 8 | text.bytes[i]] = 0;
    return best;
  }

 private:
  std::array<u16, 0x10000> counts_{};
};

/// `texts` one behind the other, each with its 0.
template <usize kSize>
consteval PackedText<kSize> pack_texts(const char (&texts)[kSize]) {
  PackedText<kSize> out;
  out.byte_count = kSize - 1;  // without the literal's own 0
  for (u32 i = 0, length = 0; i < out.byte_count; ++i) {
    out.bytes[i] = static_cast<u8>(texts[i]);
    length = i != 0 && texts[i - 1] == 0 ? 1 : length + 1;
    out.longest = std::max(out.longest, length);
  }
  PairCounts counts;
  u32 depths[256] = {};
  for (u32 number = 0; number < kMostPairs; ++number) {
    const u8 byte = static_cast<u8>(number + 128);
    if (byte == 0) continue;
    const auto [pair, count] = counts.commonest(out);
    if (count < 3) break;  // a pair takes two bytes itself
    const BytePair both{static_cast<u8>(pair >> 8), static_cast<u8>(pair)};
    out.pairs[number] = both;
    out.pair_count = number + 1;
    depths[byte] = 1 + std::max(depths[both.first], depths[both.second]);
    out.deepest = std::max(out.deepest, depths[byte]);
    u32 end = 0;
    for (u32 i = 0; i < out.byte_count; ++i) {
      const bool is_pair = out.bytes[i] == both.first && out.bytes[i + 1] == both.second;
      out.bytes[end++] = is_pair ? byte : out.bytes[i];
      i += is_pair ? 1 : 0;
    }
    out.byte_count = end;
    out.bytes[end] = 0;
  }
  return out;
}

/// What is kept of a PackedText: without the places left over.
template <u32 kBytes, u32 kPairs, u32 kDeepest>
struct TextTable {
  u8 bytes[kBytes];
  BytePair pairs[kPairs];

  template <class Packed>
  consteval TextTable(const Packed& from) {
    std::copy_n(from.bytes.begin(), kBytes, bytes);
    std::copy_n(from.pairs.begin(), kPairs, pairs);
  }

  /// Writes text `number`, counted from 0, and its 0 to `out`, which has room for the longest.
  constexpr void unpack(u32 number, char* out) const {
    const u8* at = bytes;
    for (; number != 0; ++at)
      if (*at == 0) --number;
    u8 pending[kDeepest + 1];
    u32 depth = 0;
    u8 byte = *at;
    do {
      while (byte != 0 && pair_number(byte) < kPairs) {
        const BytePair& pair = pairs[pair_number(byte)];
        pending[depth++] = pair.second;
        byte = pair.first;
      }
      *out++ = static_cast<char>(byte);
      byte = depth != 0 ? pending[--depth] : *++at;
    } while (byte != 0);
    *out = 0;
  }
};

}  // namespace pipit::wasm
