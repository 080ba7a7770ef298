#include "waiot/memory.h"

#include <cstring>

// Placed by boards/<name>/link.ld.
extern "C" {
extern pipit::u8 _ram_start[], _ram_end[], _stack_bottom[], _stack_top[];
extern pipit::u8 _data_start[], _data_end[], _bss_start[], _bss_end[];
extern const pipit::u8 _data_load[];
extern pipit::u8 _static_end[];
}

namespace pipit::waiot::memory {
namespace {

constexpr u32 kPaint = 0x5A5A'5A5A;
constexpr u32 kOwnFrameBytes = 128;  // below the current stack pointer, left to waiot_prepare_memory itself

u32 distance(const u8* from, const u8* to) {
  return reinterpret_cast<usize>(to) - reinterpret_cast<usize>(from);
}

}  // namespace

[[gnu::section(".noinit")]] u32 g_survivors[8];

extern "C" void waiot_prepare_memory() {
  std::memcpy(_data_start, _data_load, distance(_data_start, _data_end));
  std::memset(_bss_start, 0, distance(_bss_start, _bss_end));
  auto* const stop = static_cast<u8*>(__builtin_frame_address(0)) - kOwnFrameBytes;
  for (auto* word = reinterpret_cast<volatile u32*>(_stack_bottom); word < reinterpret_cast<u32*>(stop);
       ++word)
    *word = kPaint;
}

u32 ram_bytes() { return distance(_ram_start, _ram_end); }
u32 static_bytes() { return distance(_stack_top, _static_end); }
u32 stack_bytes() { return distance(_stack_bottom, _stack_top); }

u32 stack_peak_bytes() {
  auto* word = reinterpret_cast<const volatile u32*>(_stack_bottom);
  while (word < reinterpret_cast<const u32*>(_stack_top) && *word == kPaint) ++word;
  return distance(reinterpret_cast<const u8*>(const_cast<const u32*>(word)), _stack_top);
}

}  // namespace pipit::waiot::memory
