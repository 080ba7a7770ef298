#include "base/crc32.h"

namespace pipit {

// Half a byte at a time: sixteen table entries instead of 256 are worth more on a microcontroller than speed
// is.
u32 crc32(Bytes bytes, u32 seed) {
  static constexpr u32 kNibbles[16] = {
      0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4, 0x4DB26158, 0x5005713C,
      0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C, 0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
  };
  u32 crc = ~seed;
  for (const u8 byte : bytes) {
    crc ^= byte;
    crc = crc >> 4 ^ kNibbles[crc & 15];
    crc = crc >> 4 ^ kNibbles[crc & 15];
  }
  return ~crc;
}

}  // namespace pipit
