#include "mewz/app/native_code.h"

#include <cstring>

#include "base/check.h"
#include "mewz/interrupts/fault.h"
#include "mewz/memory/kernel_map.h"
#include "mewz/memory/page.h"
#include "wasm/native/context.h"

namespace pipit::mewz {
namespace {

namespace native = wasm::native;

constexpr usize kKernelShare = usize{512} << 10;  // of memory that a growing application leaves alone

constinit native::NativeRun* g_running = nullptr;

/// Goes on where Instance::resume() left off, with the trap recorded, when native code is at fault.
bool trap_instead(InterruptFrame& frame) {
  if (g_running == nullptr) return false;
  void* const to = native::take_fault(*g_running, {.pc = reinterpret_cast<const void*>(frame.rip),
                                                   .sp = reinterpret_cast<const void*>(frame.rsp)});
  if (to == nullptr) return false;
  frame.rip = reinterpret_cast<usize>(native::pipit_native_abandon);
  frame.rdi = reinterpret_cast<usize>(to);
  return true;
}

void running(native::NativeRun* run) { g_running = run; }

/// `base`, where there is one, is told.
u8* reserve(void* base) {
  auto reservation = Reservation::create(native::kGuardedSpace);
  if (!reservation.ok()) return nullptr;
  (*reservation)->set_limit(0);
  if (base != nullptr) *static_cast<u8**>(base) = (*reservation)->base();
  return (*reservation)->base();
}

/// Memory comes when it is touched; here it is only promised, as far as there is some.
bool commit(void*, u8* base, usize from, usize to) {
  const usize free = pages().free_bytes();
  if (to - from > (free > kKernelShare ? free - kKernelShare : 0)) return false;
  Reservation* const reservation = Reservation::at(base);
  PIPIT_CHECK(reservation != nullptr);
  reservation->set_limit(to);
  return true;
}

constexpr wasm::MemorySpace kMemories{reserve, commit, nullptr};
constexpr native::FaultPort kFaults{running};

const native::NativeModule& native_of(const native::NativeModule& module) { return module; }
const native::NativeModule& native_of(const native::NativeModule::Loaded& loaded) { return loaded.native; }

/// A copy of `file` in pages of its own, verified by `load`, its code executable and nothing of it writable.
template <class Load>
auto in_own_pages(Bytes file, const Load& load) -> decltype(load(file)) {
  Reservation* const room = TRY(Reservation::create(file.size(), Reservation::Pages::small));
  std::memcpy(room->memory().data(), file.data(), file.size());
  auto loaded = load(room->memory());
  if (!loaded.ok()) {
    room->release();
    return loaded.take_error();
  }
  const native::NativeModule& module = native_of(*loaded);
  const usize code_bytes = module.header().code_bytes;
  room->seal();
  address_space().protect(reinterpret_cast<usize>(module.image()),
                          (code_bytes + mewz::kPageBytes - 1) & ~(mewz::kPageBytes - 1), Access::execute);
  set_fault_recovery(trap_instead);
  return loaded;
}

}  // namespace

native::Machine native_machine(const CpuFeatures& cpu) {
  u32 features = native::kSse42;
  if (cpu.level3) features |= native::kAvx2;
  if (cpu.level3 && cpu.avx512) features |= native::kAvx512;
  if (cpu.avx512 && cpu.avx512_vnni) features |= native::kAvx512Vnni;
  return {native::Target::x86_64_mewz, features};
}

Result<native::NativeModule> load_native(Bytes file, const wasm::ValidModule& module,
                                         const CpuFeatures& cpu) {
  return in_own_pages(
      file, [&](Bytes placed) { return native::NativeModule::load(placed, module, native_machine(cpu)); });
}

Result<native::NativeModule::Loaded> load_native_alone(Bytes file, Bytes code, const CpuFeatures& cpu,
                                                       Arena& arena) {
  return in_own_pages(file, [&](Bytes placed) {
    return native::NativeModule::load_alone(placed, code, native_machine(cpu), arena);
  });
}

void unload_native(const native::NativeModule& module) {
  const auto* const file = module.image() - module.header().image_at;
  Reservation* const place = Reservation::at(file);
  PIPIT_CHECK(place != nullptr);
  place->release();
}

const wasm::MemorySpace& GuardedMemory::space() {
  space_ = {reserve, commit, &base_};
  return space_;
}

void GuardedMemory::release() {
  if (base_ == nullptr) return;
  Reservation::at(base_)->release();
  base_ = nullptr;
}

const wasm::MemorySpace& guarded_memories() { return kMemories; }
const native::FaultPort& native_faults() { return kFaults; }

}  // namespace pipit::mewz
