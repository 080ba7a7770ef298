// memcpy and its kin by 16-byte vectors: under QEMU's translator a `rep movsb` takes 30 times as long.
// Compiled with -fno-builtin, so that no loop here becomes a call to itself, and with -Os: what is written is
// translated before it runs, so no loop is to be written more than once.
#include <emmintrin.h>

#include "base/types.h"

namespace {

using namespace pipit;

__m128i load(const u8* at) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at)); }
void store(u8* at, __m128i value) { _mm_storeu_si128(reinterpret_cast<__m128i*>(at), value); }

constexpr usize kVector = 16, kBlock = 64;

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

/// Right also where the target lies below the source and they overlap: everything is loaded before its place
/// is stored to. Of at least a vector, the last one may overlap the one before it, so that no loop over bytes
/// follows.
[[gnu::noinline]] void* mewz_copy_up(void* target, const void* source, usize size) {
  auto* to = static_cast<u8*>(target);
  const auto* from = static_cast<const u8*>(source);
  if (size < kVector) {
    for (; size != 0; --size) *to++ = *from++;
    return target;
  }
  u8* const end = to + size - kVector;
  const __m128i last = load(from + size - kVector);
  for (; size >= kBlock; size -= kBlock, to += kBlock, from += kBlock) {
    const __m128i a = load(from), b = load(from + 16), c = load(from + 32), d = load(from + 48);
    store(to, a);
    store(to + 16, b);
    store(to + 32, c);
    store(to + 48, d);
  }
  for (; to < end; to += kVector, from += kVector) store(to, load(from));
  store(end, last);
  return target;
}

void* memcpy(void* __restrict to, const void* __restrict from, usize size)
    __attribute__((alias("mewz_copy_up")));

void* memmove(void* to, const void* from, usize size) {
  if (reinterpret_cast<usize>(to) - reinterpret_cast<usize>(from) >= size)
    return mewz_copy_up(to, from, size);
  copy_down(static_cast<u8*>(to), static_cast<const u8*>(from), size);
  return to;
}

void* memset(void* to, int value, usize size) {
  auto* out = static_cast<u8*>(to);
  if (size < kVector) {
    for (; size != 0; --size) *out++ = static_cast<u8>(value);
    return to;
  }
  const __m128i wide = _mm_set1_epi8(static_cast<char>(value));
  u8* const end = out + size - kVector;
  for (; size >= kBlock; size -= kBlock, out += kBlock) {
    store(out, wide);
    store(out + 16, wide);
    store(out + 32, wide);
    store(out + 48, wide);
  }
  for (; out < end; out += kVector) store(out, wide);
  store(end, wide);
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
  for (; size != 0; --size, ++a, ++b)
    if (*a != *b) return *a - *b;
  return 0;
}

// What the kernel searches is short: words, names, paths.

void* memchr(const void* in, int value, usize size) {
  for (const auto* at = static_cast<const u8*>(in); size != 0; --size, ++at)
    if (*at == static_cast<u8>(value)) return const_cast<u8*>(at);
  return nullptr;
}

usize strlen(const char* text) {
  usize size = 0;
  while (text[size] != 0) ++size;
  return size;
}

}  // extern "C"
