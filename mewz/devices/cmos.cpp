#include "mewz/devices/cmos.h"

#include "mewz/cpu/cpu.h"

namespace pipit::mewz {
namespace {

constexpr u16 kIndex = 0x70, kData = 0x71;
constexpr u8 kSecond = 0, kMinute = 2, kHour = 4, kDay = 7, kMonth = 8, kYear = 9, kStatusA = 0x0A,
             kStatusB = 0x0B, kCentury = 0x32;
constexpr u8 kUpdating = 0x80, kBinary = 0x04, k24Hours = 0x02;
constexpr u32 kPatience = 20'000;

u8 read(u8 index) {
  cpu::out8(kIndex, index);
  return cpu::in8(kData);
}

/// Days since 1970 of a date in the Gregorian calendar (Fliegel and Van Flandern, 1968).
u64 days(u32 year, u32 month, u32 day) {
  const i64 y = year, m = month, d = day;
  const i64 a = (m - 14) / 12;
  return static_cast<u64>(1461 * (y + 4800 + a) / 4 + 367 * (m - 2 - 12 * a) / 12 -
                          3 * ((y + 4900 + a) / 100) / 4 + d - 32075 - 2'440'588);
}

}  // namespace

u64 read_cmos_time() {
  for (u32 i = 0; i < kPatience && (read(kStatusA) & kUpdating) != 0; ++i) cpu::pause();
  const u8 status = read(kStatusB);
  const auto number = [&](u8 index) -> u32 {
    const u8 raw = read(index);
    return (status & kBinary) != 0 ? raw : (raw >> 4) * 10u + (raw & 15u);
  };
  const u32 month = number(kMonth), day = number(kDay), year = number(kCentury) * 100 + number(kYear);
  const bool plausible = month >= 1 && month <= 12 && day >= 1 && day <= 31 && year >= 1970 && year < 2200;
  if (!plausible || (status & k24Hours) == 0) return 0;
  return ((days(year, month, day) * 24 + number(kHour)) * 60 + number(kMinute)) * 60 + number(kSecond);
}

}  // namespace pipit::mewz
