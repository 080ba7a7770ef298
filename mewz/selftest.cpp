// A second kernel from the same parts, for rig/mewz_test.cpp on the host: shows that memory, time and
// interrupts work, or fails on purpose in the way its command line names.
#include <cmath>

#include "base/check.h"
#include "mewz/boot/boot.h"
#include "mewz/clock.h"
#include "mewz/cpu/cpu.h"
#include "mewz/devices/power.h"
#include "mewz/interrupts/apic.h"
#include "mewz/interrupts/watchdog.h"
#include "mewz/log.h"
#include "mewz/memory/kernel_map.h"

extern "C" const pipit::u8 _kernel_start[], _rodata_start[];

namespace pipit::mewz {
namespace {

/// The Wasm reservation: memory where it is touched, small and large pages, all given back.
Status check_reservation() {
  constexpr usize kBytes = usize{8} << 30, kTouched = usize{6} << 20;
  const usize before = pages().free_bytes();
  Reservation* const reservation = TRY(Reservation::create(kBytes));
  const MutBytes memory = reservation->memory();
  for (usize at = 0; at < kTouched; at += 4096) {
    if (memory[at] != 0) return Error{Code::internal, "fresh memory is not zero"};
    memory[at] = static_cast<u8>(at >> 12);
  }
  memory[kBytes - 1] = 1;
  for (usize at = 0; at < kTouched; at += 4096)
    if (memory[at] != static_cast<u8>(at >> 12)) return Error{Code::internal, "memory forgets"};
  Line() << "selftest: touched " << u64{kTouched} << " committed " << u64{reservation->committed_bytes()};
  reservation->release();
  const usize lost = before - pages().free_bytes();
  if (lost > 16 * 4096)
    return Error{Code::internal, "memory was lost", static_cast<u32>(lost)};  // page tables stay
  return {};
}

void check_time() {
  const u64 start_ns = clock().uptime_ns(), start_ticks = ticks();
  while (ticks() - start_ticks < 20) cpu::wait_for_interrupt();
  clock().refine();
  const u64 took_ms = (clock().uptime_ns() - start_ns) / 1'000'000;
  Line() << "selftest: 20 ticks took " << took_ms << " ms, realtime "
         << clock().realtime_ns() / 1'000'000'000;
}

[[gnu::noinline]] u32 recurse(u32 depth) {
  volatile u8 frame[512] = {};
  return depth == 0 ? 0 : recurse(depth - 1) + frame[depth % sizeof frame] + 1;
}

[[gnu::noinline]] void smash() {
  volatile u8 small[16];
  volatile u8* const out = small;
  for (u32 i = 0; i < 64; ++i) out[i] = 0x41;
}

void write_to(usize address) { *reinterpret_cast<volatile u8*>(address) = 1; }
void jump_to(usize address) { reinterpret_cast<void (*)()>(address)(); }

/// One bug each; all end in a report, but for the first.
void fail(std::string_view how) {
  alignas(4096) static u8 data[16] = {0xC3};
  if (how == "null") write_to(0);
  if (how == "text") write_to(reinterpret_cast<usize>(_kernel_start));
  if (how == "rodata") write_to(reinterpret_cast<usize>(_rodata_start));
  if (how == "execute") jump_to(reinterpret_cast<usize>(data));
  if (how == "overflow") Line() << "selftest: recursed to " << recurse(1000);
  if (how == "canary") smash();
  if (how == "check") PIPIT_CHECK(how.empty());
  if (how == "opcode") asm volatile("ud2");
  if (how == "hang") {
    watchdog::feed(200);
    for (;;) cpu::pause();
  }
  if (how == "deaf") {
    watchdog::feed(200);
    cpu::disable_interrupts();
    for (;;) cpu::pause();
  }
  if (how == "exhaust") {
    auto reservation = Reservation::create(usize{8} << 30);
    for (usize at = 0;; at += 4096) reservation.value()->memory()[at] = 1;
  }
  if (how == "beyond") {
    auto reservation = Reservation::create(65536);
    write_to(reinterpret_cast<usize>(reservation.value()->memory().data()) + 65536);
  }
}

void run(const Machine& machine) {
  fail(machine.info.arguments().substr(0, machine.info.arguments().find(' ')));
  const Status status = check_reservation();
  if (status.ok())
    Line() << "selftest: reservation ok";
  else
    Line() << "selftest: reservation: " << status.error();
  check_time();
  volatile f64 one = 1;
  Line() << "selftest: e is " << static_cast<u64>(std::exp(one) * 1e9) << " over 10^9";
}

}  // namespace
}  // namespace pipit::mewz

extern "C" [[noreturn]] void mewz_main(pipit::u64 start_info_address) {
  using namespace pipit::mewz;
  const Machine& machine = boot(start_info_address);
  describe(machine);
  run(machine);
  stop(0);
}
