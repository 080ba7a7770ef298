#include "mewz/clock.h"

#include "mewz/cpu/cpu.h"
#include "mewz/devices/cmos.h"

namespace pipit::mewz {
namespace {

// Intel 8254, channel 2: counts 65,536 down at 1.193182 MHz, over and over.
constexpr u64 kTimerHz = 1'193'182;
constexpr u16 kTimerData = 0x42, kTimerControl = 0x43, kTimerGate = 0x61;
constexpr u8 kRateGenerator = 0xB4, kLatch = 0x80;
constexpr u32 kFirstSpan = 120;  // counts, 0.1 ms
constexpr u32 kMaxPolls = 100'000;

constinit TscClock g_clock;

struct Reading {
  u64 tsc;
  u32 count;  ///< upwards
};

Reading read_timer() {
  const u64 before = cpu::read_tsc();
  cpu::out8(kTimerControl, kLatch);
  const u64 after = cpu::read_tsc();
  const u32 low = cpu::in8(kTimerData);
  return {before + (after - before) / 2, 0xFFFFu & ~(low | u32{cpu::in8(kTimerData)} << 8)};
}

/// value × numerator ÷ denominator without losing bits in between; the result must fit.
u64 scale(u64 value, u64 numerator, u64 denominator) {
  u64 low, high, rest;
  asm("mulq %3" : "=a"(low), "=d"(high) : "a"(value), "r"(numerator));
  asm("divq %4" : "=a"(low), "=d"(rest) : "a"(low), "d"(high), "r"(denominator));
  return low;
}

u64 scale(u64 value, u64 factor) {
  return static_cast<u64>(static_cast<unsigned __int128>(value) * factor >> 32);
}

}  // namespace

TscClock& clock() { return g_clock; }

void TscClock::set_rate(u64 now, u64 hz) {
  if (factor_ != 0) base_ns_ += scale(now - start_, factor_);
  start_ = now;
  hz_ = hz;
  factor_ = scale(1'000'000'000, u64{1} << 32, hz);
}

void TscClock::init() {
  cpu::out8(kTimerGate, (cpu::in8(kTimerGate) & 0xFC) | 1);  // gate on, speaker off
  cpu::out8(kTimerControl, kRateGenerator);
  cpu::out8(kTimerData, 0);
  cpu::out8(kTimerData, 0);
  const Reading first = read_timer();
  Reading last = first;
  for (u32 i = 0; i < kMaxPolls && (last.count - first.count & 0xFFFF) < kFirstSpan; ++i) last = read_timer();
  const u64 counts = last.count - first.count & 0xFFFF;
  constexpr u64 kGuess = 1'000'000'000;  // a machine without the timer: time passes, at some rate
  set_rate(first.tsc, counts < kFirstSpan ? kGuess : (last.tsc - first.tsc) * kTimerHz / counts);
  first_tsc_ = first.tsc;
  first_count_ = first.count;
  next_refine_ns_ = counts < kFirstSpan ? ~u64{0} : 10'000'000;
}

void TscClock::refine() {
  if (uptime_ns() < next_refine_ns_) return;
  const Reading now = read_timer();
  // The rate so far tells how often the timer has come round; each time the span may be 16 times as long.
  const u64 estimate = scale(now.tsc - first_tsc_, kTimerHz, hz_);
  const auto error = static_cast<i16>(now.count - first_count_ - estimate);
  const u64 counts = estimate + static_cast<u64>(static_cast<i64>(error));
  set_rate(now.tsc, scale(now.tsc - first_tsc_, kTimerHz, counts));
  next_refine_ns_ = uptime_ns() * (uptime_ns() < 60'000'000'000 ? 16 : 2);
}

u64 TscClock::realtime_ns() {
  if (!dated_) {
    const u64 now = read_cmos_time() * 1'000'000'000, uptime = uptime_ns();
    boot_realtime_ns_ = now > uptime ? now - uptime : 0;
    dated_ = true;
  }
  return boot_realtime_ns_ + uptime_ns();
}

u64 TscClock::uptime_ns() { return base_ns_ + scale(cpu::read_tsc() - start_, factor_); }

}  // namespace pipit::mewz
