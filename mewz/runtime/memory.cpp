// memcpy and its kin by 16-byte vectors: under QEMU's translator a `rep movsb` takes 30 times as long.
// Compiled with -fno-builtin, so that no loop here becomes a call to itself.
#include <emmintrin.h>

#include "base/types.h"

namespace {

using namespace pipit;

__m128i load(const u8* at) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at)); }
void store(u8* at, __m128i value) { _mm_storeu_si128(reinterpret_cast<__m128i*>(at), value); }

constexpr usize kVector = 16, kBlock = 64;

// Loops over what is left behind blocks run a few times: written once, they are translated soonest.

void copy_up(u8* to, const u8* from, usize size) {
  for (; size >= kBlock; size -= kBlock, to += kBlock, from += kBlock) {
    const __m128i a = load(from), b = load(from + 16), c = load(from + 32), d = load(from + 48);
    store(to, a);
    store(to + 16, b);
    store(to + 32, c);
    store(to + 48, d);
  }
#pragma clang loop unroll(disable) vectorize(disable)
  for (; size >= kVector; size -= kVector, to += kVector, from += kVector) store(to, load(from));
#pragma clang loop unroll(disable) vectorize(disable)
  for (; size != 0; --size) *to++ = *from++;
}

void copy_down(u8* to, const u8* from, usize size) {
  while (size % kVector != 0) {
    --size;
    to[size] = from[size];
  }
  while (size != 0) {
    size -= kVector;
    store(to + size, load(from + size));
  }
}

}  // namespace

extern "C" {

void* memcpy(void* __restrict to, const void* __restrict from, usize size) {
  copy_up(static_cast<u8*>(to), static_cast<const u8*>(from), size);
  return to;
}

void* memmove(void* to, const void* from, usize size) {
  auto* const out = static_cast<u8*>(to);
  const auto* const in = static_cast<const u8*>(from);
  // A vector is loaded before it is stored, so going up is right as long as the target lies below the source.
  if (reinterpret_cast<usize>(out) - reinterpret_cast<usize>(in) >= size)
    copy_up(out, in, size);
  else
    copy_down(out, in, size);
  return to;
}

void* memset(void* to, int value, usize size) {
  auto* out = static_cast<u8*>(to);
  const __m128i wide = _mm_set1_epi8(static_cast<char>(value));
  for (; size >= kBlock; size -= kBlock, out += kBlock) {
    store(out, wide);
    store(out + 16, wide);
    store(out + 32, wide);
    store(out + 48, wide);
  }
#pragma clang loop unroll(disable) vectorize(disable)
  for (; size >= kVector; size -= kVector, out += kVector) store(out, wide);
#pragma clang loop unroll(disable) vectorize(disable)
  for (; size != 0; --size) *out++ = static_cast<u8>(value);
  return to;
}

int memcmp(const void* left, const void* right, usize size) {
  const auto* a = static_cast<const u8*>(left);
  const auto* b = static_cast<const u8*>(right);
  while (size >= kVector && _mm_movemask_epi8(_mm_cmpeq_epi8(load(a), load(b))) == 0xFFFF) {
    a += kVector;
    b += kVector;
    size -= kVector;
  }
#pragma clang loop unroll(disable) vectorize(disable)
  for (; size != 0; --size, ++a, ++b)
    if (*a != *b) return *a - *b;
  return 0;
}

}  // extern "C"
