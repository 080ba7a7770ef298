#include "waiot/entropy.h"

#include <bit>

#include "base/endian.h"

namespace pipit::waiot {

/// xoroshiro128++ (Blackman and Vigna, 2019).
u64 Pool::next() {
  const u64 first = state_[0], second = state_[1] ^ first;
  const u64 result = std::rotl(first + state_[1], 17) + first;
  state_[0] = std::rotl(first, 49) ^ second ^ second << 21;
  state_[1] = std::rotl(second, 28);
  return result;
}

void Pool::feed(u64 number) {
  state_[0] ^= number;
  state_[1] += number | 1;  // never leaves both words zero for long, whatever the number
  next();
  next();
}

void Pool::feed(Bytes data) {
  while (!data.empty()) {
    u64 word = 0;
    const usize size = data.size() < sizeof word ? data.size() : sizeof word;
    std::memcpy(&word, data.data(), size);
    feed(word);
    data = data.subspan(size);
  }
}

void Pool::fill(MutBytes out) {
  for (usize at = 0; at < out.size();) {
    const u64 word = next();
    const usize size = out.size() - at < sizeof word ? out.size() - at : sizeof word;
    std::memcpy(out.data() + at, &word, size);
    at += size;
  }
}

}  // namespace pipit::waiot
