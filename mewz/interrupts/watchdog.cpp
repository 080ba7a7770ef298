#include "mewz/interrupts/watchdog.h"

#include "mewz/interrupts/apic.h"
#include "mewz/interrupts/fault.h"

namespace pipit::mewz::watchdog {
namespace {
constinit volatile u64 g_deadline = 0;
constinit u32 g_patience_ms = 0;
constinit u64 g_last_tick = 0;
constinit u32 g_beats = 0;  // since that tick
}  // namespace

void feed(u32 patience_ms) {
  g_patience_ms = patience_ms;
  g_deadline = patience_ms == 0 ? 0 : ticks() + patience_ms / kTickMs;
}

void progress() { feed(g_patience_ms); }

void check(const InterruptFrame& frame) {
  if (g_deadline == 0 || ticks() < g_deadline) return;
  report_fault(frame, "watchdog: no progress", StopCode::watchdog);
}

// Beats are counted, not time: a machine that the host held up meets neither ticks nor beats.
void beat(const InterruptFrame& frame) {
  if (ticks() != g_last_tick) {
    g_last_tick = ticks();
    g_beats = 0;
    return;
  }
  const u32 patience_ms = g_patience_ms != 0 ? g_patience_ms : kPatienceMs;
  if (++g_beats * kBeatMs > patience_ms)
    report_fault(frame, "watchdog: interrupts stay off", StopCode::watchdog);
}

}  // namespace pipit::mewz::watchdog
