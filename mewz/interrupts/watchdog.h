#pragma once
#include "mewz/interrupts/vectors.h"

/// Turns a kernel that got stuck into an error: whoever is responsible for progress says so, and the tick
/// looks.
namespace pipit::mewz::watchdog {

/// The kernel is alive. Silence for `patience_ms` from now on is an error; 0 suspends the watchdog (while the
/// application's own native code runs, which may compute as long as it likes).
constexpr u32 kPatienceMs = 10'000;
void feed(u32 patience_ms = kPatienceMs);
/// Something was achieved: as feed() with the patience of the last time, nothing while the watchdog is off.
void progress();

/// From the beat; reports a fault when interrupts have been off for longer than patience.
void beat(const InterruptFrame& frame);

/// From the tick; reports a fault when patience is over.
void check(const InterruptFrame& frame);

}  // namespace pipit::mewz::watchdog
