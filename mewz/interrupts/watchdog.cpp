#include "mewz/interrupts/watchdog.h"

#include "mewz/interrupts/apic.h"
#include "mewz/interrupts/fault.h"

namespace pipit::mewz::watchdog {
namespace {
constinit volatile u64 g_deadline = 0;
constinit u32 g_patience_ms = 0;
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

}  // namespace pipit::mewz::watchdog
