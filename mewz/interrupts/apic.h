#pragma once
#include "base/result.h"
#include "base/types.h"

/// Local and I/O APIC by memory (Intel SDM volume 3 §11; 82093AA data sheet), the periodic tick, and devices'
/// interrupts.
namespace pipit::mewz {

constexpr u32 kTickMs = 10, kBeatMs = 55;

/// Masks the old interrupt controllers and starts the local one, which begins to count the bus clock. The
/// tick is armed by start_tick().
Status start_apic();
/// A tick every kTickMs; `tsc_hz` measures what was counted since start_apic(). And, where the machine has an
/// 8254 timer, a beat every kBeatMs: a non-maskable interrupt, which arrives when ticks cannot.
void start_tick(u64 tsc_hz);
/// Ticks since start_tick(). May fall behind when the host was busy: no clock.
u64 ticks();

using InterruptHandler = void (*)(void* context);
/// Lets global interrupt `line` (as virtio_mmio.device on the command line numbers it) call `handler` with
/// interrupts off. Level triggered: the handler must quieten its device.
Status route_interrupt(u32 line, InterruptHandler handler, void* context);

/// What a device writes where to interrupt (MSI; SDM volume 3 §11.11).
struct Message {
  u64 address;
  u32 data;
};
/// A message that calls `handler` with interrupts off.
Result<Message> route_message(InterruptHandler handler, void* context);

/// From mewz_interrupt: true when the vector was the timer's or a device's.
bool handle_interrupt(u32 vector);

}  // namespace pipit::mewz
