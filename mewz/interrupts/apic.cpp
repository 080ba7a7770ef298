#include "mewz/interrupts/apic.h"

#include "mewz/cpu/cpu.h"
#include "mewz/interrupts/vectors.h"
#include "mewz/memory/kernel_map.h"
#include "mewz/memory/page.h"

namespace pipit::mewz {
namespace {

constexpr usize kLocalApic = 0xFEE0'0000, kIoApic = 0xFEC0'0000;
constexpr u32 kEndOfInterrupt = 0xB0, kSpuriousVector = 0xF0, kTimerEntry = 0x320, kTimerInitial = 0x380,
              kTimerCurrent = 0x390, kTimerDivide = 0x3E0;
constexpr u32 kApicOn = 1u << 8, kMasked = 1u << 16, kPeriodic = 1u << 17, kLevelTriggered = 1u << 15;
constexpr u32 kDivideBy16 = 3;
// Intel 8254, channel 0: counts 65,536 down at 1.193182 MHz, over and over. Line 2 of the I/O APIC is its.
constexpr u16 kBeatControl = 0x43, kBeatData = 0x40;
constexpr u8 kRateGenerator = 0x34;
constexpr u32 kBeatLine = 2, kNonMaskable = 4u << 8;
constexpr u32 kIoRedirection = 0x10, kIoVersion = 0x01;
constexpr u16 kFirstControllerMask = 0x21, kSecondControllerMask = 0xA1;
constexpr u32 kDeviceVectors = vector::kSpurious - vector::kFirstDevice;

struct Route {
  InterruptHandler handler;
  void* context;
};
constinit Route g_routes[kDeviceVectors] = {};
constinit u32 g_route_count = 0;
constinit volatile u64 g_ticks = 0;
constinit u64 g_counting_since = 0;  // time stamp when the timer began to count the bus clock

volatile u32& local(u32 offset) { return *reinterpret_cast<volatile u32*>(kLocalApic + offset); }

/// The I/O APIC's registers are reached through a window: select, then data.
u32 read_io(u32 index) {
  *reinterpret_cast<volatile u32*>(kIoApic) = index;
  return *reinterpret_cast<volatile u32*>(kIoApic + 0x10);
}
void write_io(u32 index, u32 value) {
  *reinterpret_cast<volatile u32*>(kIoApic) = index;
  *reinterpret_cast<volatile u32*>(kIoApic + 0x10) = value;
}

Result<u32> new_vector(InterruptHandler handler, void* context) {
  if (g_route_count == kDeviceVectors)
    return Error{Code::out_of_memory, "more devices than interrupt vectors"};
  g_routes[g_route_count] = {handler, context};
  return vector::kFirstDevice + g_route_count++;
}

}  // namespace

Status start_apic() {
  cpu::out8(kFirstControllerMask, 0xFF);
  cpu::out8(kSecondControllerMask, 0xFF);
  // The first devices: nothing maps them yet, so nobody has to look.
  for (const usize registers : {kLocalApic, kIoApic})
    TRY(address_space().map(registers, registers, kPageBytes, Access::device));
  local(kTimerEntry) = kMasked;
  local(kSpuriousVector) = kApicOn | vector::kSpurious;
  local(kEndOfInterrupt) = 0;
  local(kTimerDivide) = kDivideBy16;
  local(kTimerInitial) = ~u32{0};
  g_counting_since = cpu::read_tsc();
  return {};
}

void start_tick(u64 tsc_hz) {
  // The bus clock differs between hypervisors: it has been counted since start_apic().
  const u64 wait = tsc_hz / 20'000;
  while (cpu::read_tsc() - g_counting_since < wait) cpu::pause();
  const u64 counted = ~u32{0} - local(kTimerCurrent), took = cpu::read_tsc() - g_counting_since;
  const u64 per_tick = counted * (tsc_hz / 1000 * kTickMs) / (took != 0 ? took : 1);
  local(kTimerEntry) = vector::kTimer | kPeriodic;
  local(kTimerInitial) = static_cast<u32>(per_tick != 0 ? per_tick : 1);
  cpu::out8(kBeatControl, kRateGenerator);
  cpu::out8(kBeatData, 0);
  cpu::out8(kBeatData, 0);
  write_io(kIoRedirection + 2 * kBeatLine + 1, 0);  // to the first processor
  write_io(kIoRedirection + 2 * kBeatLine, kNonMaskable);
}

u64 ticks() { return g_ticks; }

Status route_interrupt(u32 line, InterruptHandler handler, void* context) {
  const u32 lines = (read_io(kIoVersion) >> 16 & 0xFF) + 1;
  if (line >= lines) return Error{Code::out_of_range, "the I/O APIC has no such interrupt line", line};
  const u32 vector = TRY(new_vector(handler, context));
  const u32 entry = kIoRedirection + 2 * line;
  write_io(entry + 1, 0);  // to the first processor
  write_io(entry, vector | kLevelTriggered);
  return {};
}

Result<Message> route_message(InterruptHandler handler, void* context) {
  const u32 vector = TRY(new_vector(handler, context));
  return Message{kLocalApic, vector};  // to the first processor, once
}

bool handle_interrupt(u32 vector) {
  if (vector == vector::kSpurious) return true;
  if (vector == vector::kTimer) {
    g_ticks = g_ticks + 1;
  } else {
    const u32 route = vector - vector::kFirstDevice;
    if (vector < vector::kFirstDevice || route >= g_route_count) return false;
    g_routes[route].handler(g_routes[route].context);
  }
  local(kEndOfInterrupt) = 0;
  return true;
}

}  // namespace pipit::mewz
