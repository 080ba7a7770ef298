#include "mewz/net/checksum.h"

#include "base/endian.h"

/// Sums 32-bit words: what carries out of their 16-bit halves is folded in at the end, and 64 bits hold the
/// sum of all there can be.
extern "C" unsigned short mewz_lwip_checksum(const void* data, int bytes) {
  using namespace pipit;
  const u8* at = static_cast<const u8*>(data);
  u64 sum = 0;
  for (; bytes >= 16; bytes -= 16, at += 16)
    sum += u64{load_le<u32>(at)} + load_le<u32>(at + 4) + load_le<u32>(at + 8) + load_le<u32>(at + 12);
  for (; bytes >= 4; bytes -= 4, at += 4) sum += load_le<u32>(at);
  if (bytes >= 2) sum += load_le<u16>(at);
  if (bytes % 2 == 1) sum += at[bytes - 1];
  sum = (sum & 0xFFFF'FFFF) + (sum >> 32);
  sum = (sum & 0xFFFF) + (sum >> 16 & 0xFFFF) + (sum >> 32);
  sum = (sum & 0xFFFF) + (sum >> 16);
  return static_cast<unsigned short>((sum & 0xFFFF) + (sum >> 16));
}
