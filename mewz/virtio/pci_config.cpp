#include "mewz/virtio/pci_config.h"

#include "mewz/cpu/cpu.h"

namespace pipit::mewz::pci {
namespace {

constexpr u16 kAddressPort = 0xCF8, kDataPort = 0xCFC;
constexpr u32 kEnable = 1u << 31, kNobody = 0xFFFF'FFFF;
constexpr u32 kCommand = 0x04, kStatus = 0x06, kHeaderType = 0x0E, kBars = 0x10, kCapabilities = 0x34;
constexpr u16 kMemorySpace = 1u << 1, kHasCapabilities = 1u << 4;
constexpr u8 kSeveralFunctions = 0x80;
constexpr u32 kDevices = 32, kFunctions = 8, kBarCount = 6, kMostCapabilities = 48;

// Below the I/O APIC and above where a PC of less than 3.5 GB has memory: nothing else decodes it on the
// machines that come without firmware.
constexpr u64 kWindow = 0xE000'0000, kWindowEnd = 0xFEB0'0000, kPage = 4096;
constinit u64 g_next = kWindow;

void select(Function function, u32 offset) {
  cpu::out32(kAddressPort,
             kEnable | u32{function.device} << 11 | u32{function.number} << 8 | (offset & 0xFC));
}

/// Room for `bytes`, a power of two, on a multiple of them and on pages that nobody shares; 0 when there is
/// none.
u64 allot(u64 bytes) {
  const u64 step = bytes < kPage ? kPage : bytes;
  const u64 address = (g_next + step - 1) & ~(step - 1);
  if (address + step > kWindowEnd) return 0;
  g_next = address + step;
  return address;
}

}  // namespace

u32 read32(Function function, u32 offset) {
  select(function, offset);
  return cpu::in32(kDataPort);
}
u16 read16(Function function, u32 offset) {
  return static_cast<u16>(read32(function, offset) >> (offset & 2) * 8);
}
u8 read8(Function function, u32 offset) {
  return static_cast<u8>(read32(function, offset) >> (offset & 3) * 8);
}
void write32(Function function, u32 offset, u32 value) {
  select(function, offset);
  cpu::out32(kDataPort, value);
}
void write16(Function function, u32 offset, u16 value) {
  select(function, offset);
  cpu::out16(kDataPort + (offset & 2), value);
}

bool present() { return read32({0, 0}, 0) != kNobody; }

void each_function(void (*use)(void* context, Function function), void* context) {
  for (u8 device = 0; device < kDevices; ++device) {
    if (read32({device, 0}, 0) == kNobody) continue;
    const bool several = (read8({device, 0}, kHeaderType) & kSeveralFunctions) != 0;
    for (u8 number = 0; number < (several ? kFunctions : 1); ++number)
      if (number == 0 || read32({device, number}, 0) != kNobody) use(context, {device, number});
  }
}

Bar memory_bar(Function function, u32 index) {
  constexpr u32 kIsPort = 1, kTypeMask = 6, kIs64 = 4, kFlags = 0xF;
  if (index >= kBarCount) return {};
  const u32 at = kBars + 4 * index, low = read32(function, at);
  const bool wide = (low & kTypeMask) == kIs64;
  if ((low & kIsPort) != 0 || (wide && index + 1 == kBarCount)) return {};
  const u32 high = wide ? read32(function, at + 4) : 0;
  // All ones read back as the mask of what it decodes; not while it decodes anything.
  const u16 command = read16(function, kCommand);
  write16(function, kCommand, command & ~kMemorySpace);
  write32(function, at, ~u32{0});
  if (wide) write32(function, at + 4, ~u32{0});
  const u64 mask = u64{wide ? read32(function, at + 4) : ~u32{0}} << 32 | (read32(function, at) & ~kFlags);
  Bar bar{u64{high} << 32 | (low & ~kFlags), ~mask + 1};
  if (bar.bytes == 0 || (bar.bytes & (bar.bytes - 1)) != 0) bar = {};
  if (bar.bytes != 0 && bar.address == 0) bar.address = allot(bar.bytes);
  write32(function, at, static_cast<u32>(bar.address) | (low & kFlags));
  if (wide) write32(function, at + 4, static_cast<u32>(bar.address >> 32));
  write16(function, kCommand, command);
  return bar;
}

u32 find_capability(Function function, u8 id, u32 after) {
  if ((read16(function, kStatus) & kHasCapabilities) == 0) return 0;
  u32 at = read8(function, after == 0 ? kCapabilities : after + 1) & 0xFC;
  for (u32 i = 0; at >= 0x40 && i < kMostCapabilities; ++i) {  // a list that never ends is the device's lie
    if (read8(function, at) == id) return at;
    at = read8(function, at + 1) & 0xFC;
  }
  return 0;
}

}  // namespace pipit::mewz::pci
