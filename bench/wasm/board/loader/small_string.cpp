// memcpy and its like as loops, for an image that is to be small: a tenth of picolibc's, which unroll. The
// Arm run-time ABI's names (IHI 0043, §4.3.4) come with them; its memset has its arguments in another order.
#include "base/types.h"

extern "C" {

using namespace pipit;

[[gnu::used]] void* memmove(void* to, const void* from, usize count) {
  auto* out = static_cast<u8*>(to);
  auto* in = static_cast<const u8*>(from);
  if (out <= in) {
    for (usize i = 0; i < count; ++i) out[i] = in[i];
  } else {
    while (count-- != 0) out[count] = in[count];
  }
  return to;
}
[[gnu::used]] void* memset(void* to, int value, usize count) {
  auto* out = static_cast<u8*>(to);
  for (usize i = 0; i < count; ++i) out[i] = static_cast<u8>(value);
  return to;
}
[[gnu::used]] int memcmp(const void* left, const void* right, usize count) {
  auto* a = static_cast<const u8*>(left);
  auto* b = static_cast<const u8*>(right);
  for (usize i = 0; i < count; ++i)
    if (a[i] != b[i]) return a[i] - b[i];
  return 0;
}
[[gnu::used]] usize strlen(const char* text) {
  usize count = 0;
  while (text[count] != 0) ++count;
  return count;
}
[[gnu::used]] void __aeabi_memset(void* to, usize count, int value) { memset(to, value, count); }
[[gnu::used]] void __aeabi_memclr(void* to, usize count) { memset(to, 0, count); }

#define ALIAS(name, of) decltype(of) name [[gnu::alias(#of)]];
ALIAS(memcpy, memmove)
ALIAS(__aeabi_memcpy, memmove)
ALIAS(__aeabi_memcpy4, memmove)
ALIAS(__aeabi_memcpy8, memmove)
ALIAS(__aeabi_memmove, memmove)
ALIAS(__aeabi_memmove4, memmove)
ALIAS(__aeabi_memmove8, memmove)
ALIAS(__aeabi_memset4, __aeabi_memset)
ALIAS(__aeabi_memset8, __aeabi_memset)
ALIAS(__aeabi_memclr4, __aeabi_memclr)
ALIAS(__aeabi_memclr8, __aeabi_memclr)

}  // extern "C"
