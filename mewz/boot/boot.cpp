#include "mewz/boot/boot.h"

#include "base/text.h"
#include "mewz/clock.h"
#include "mewz/cpu/cpu.h"
#include "mewz/cpu/tables.h"
#include "mewz/devices/power.h"
#include "mewz/devices/uart16550.h"
#include "mewz/interrupts/apic.h"
#include "mewz/interrupts/watchdog.h"
#include "mewz/log.h"
#include "mewz/memory/kernel_map.h"

/// The linker's SHA-1 of the image, behind a note's header.
extern "C" const pipit::u8 _build_id[];

namespace pipit::mewz {
namespace {

constexpr u32 kDigestAt = 16;

constexpr u64 kMappedByLoader = u64{1} << 30;  // by start.S
constinit Machine g_machine{};

void require(std::string_view what, const Status& status) {
  if (status.ok()) return;
  Line() << what << ": " << status.error();
  stop(StopCode::misconfigured);
}

}  // namespace

Machine& boot(u64 start_info_address) {
  Machine& machine = g_machine;
  machine.main_tsc = cpu::read_tsc();
  console().init();
  load_descriptor_tables();  // from here on a fault is reported
  require("processor", enable_features(machine.cpu));
  require("loader", read_start_info(start_info_address, kMappedByLoader, machine.info));
  require("memory", take_memory(machine.info, machine.cpu.large_pages));
  require("interrupts", start_apic());
  clock().init();
  start_tick(clock().tsc_hz());
  watchdog::feed();
  cpu::enable_interrupts();
  return machine;
}

void describe(const Machine& machine) {
  const CpuFeatures& cpu = machine.cpu;
  char build[17];
  TextWriter digest(build);
  digest.hex(Bytes{_build_id + kDigestAt, 8});
  Line() << PIPIT_VERSION ", image " << digest.text() << ", " << (machine.info.ram_bytes >> 20) << " MB, "
         << (pages().free_bytes() >> 10) << " KB free; "
         << (cpu.avx512 ? "AVX-512"
             : cpu.avx2 ? "AVX2"
                        : "SSE4.2")
         << (cpu.smep ? " SMEP" : "") << (cpu.smap ? " SMAP" : "") << (cpu.umip ? " UMIP" : "")
         << "; time stamp " << clock().tsc_hz() / 1'000'000 << " MHz";
}

}  // namespace pipit::mewz
