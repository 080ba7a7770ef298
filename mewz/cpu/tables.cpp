// Global and interrupt descriptor tables and the task state segment (Intel SDM volume 3 §3.5, §6.14, §8.7).
#include "mewz/cpu/tables.h"

#include <array>

#include "mewz/cpu/stacks.h"
#include "mewz/interrupts/vectors.h"

namespace pipit::mewz {

[[gnu::section(".bss.stacks")]] Stacks mewz_stacks;

namespace {

constexpr u16 kCodeSelector = 8, kTaskSelector = 24;

struct [[gnu::packed]] TaskState {
  u32 reserved0;
  u64 ring_stack[3];
  u64 reserved1;
  u64 interrupt_stack[7];  ///< IST 1 to 7
  u64 reserved2;
  u16 reserved3;
  u16 io_map_base;
};
static_assert(sizeof(TaskState) == 104);

struct Gate {
  u16 offset_low, selector;
  u8 stack, type;
  u16 offset_middle;
  u32 offset_high, reserved;
};
static_assert(sizeof(Gate) == 16);

struct [[gnu::packed]] TablePointer {
  u16 limit;
  const void* base;
};

constexpr u8 kInterruptGate = 0x8E;  // present, ring 0, interrupts off while inside
enum Ist : u8 { kFault = 1, kDoubleFault, kNmi, kMachineCheck, kInterrupt };

constinit TaskState g_task{};
// The data segment without its B bit, which long mode ignores: QEMU tells code it has translated apart by it,
// and an interrupt's null stack segment has none, so that everything would be translated once more for
// interrupts.
constinit u64 g_segments[5] = {0, 0x00AF'9B00'0000'FFFF, 0x008F'9300'0000'FFFF, 0, 0};
Gate g_gates[256];

/// By vector; a table, since each of these gates is filled once.
constexpr auto kStackOf = [] {
  std::array<u8, vector::kCount> out{};
  for (u32 i = 0; i < vector::kCount; ++i) out[i] = i < vector::kFirstInterrupt ? kFault : kInterrupt;
  out[vector::kNonMaskable] = kNmi;
  out[vector::kDoubleFault] = kDoubleFault;
  out[vector::kMachineCheck] = kMachineCheck;
  return out;
}();

void fill_task() {
  g_task.interrupt_stack[kFault - 1] = mewz_stacks.fault.top();
  g_task.interrupt_stack[kDoubleFault - 1] = mewz_stacks.double_fault.top();
  g_task.interrupt_stack[kNmi - 1] = mewz_stacks.nmi.top();
  g_task.interrupt_stack[kMachineCheck - 1] = mewz_stacks.machine_check.top();
  g_task.interrupt_stack[kInterrupt - 1] = mewz_stacks.interrupt.top();
  g_task.io_map_base = sizeof(TaskState);
  constexpr u64 kTypeTaskPresent = 0x89;
  const u64 base = reinterpret_cast<usize>(&g_task);
  g_segments[3] =
      (sizeof(TaskState) - 1) | (base & 0xFF'FFFF) << 16 | kTypeTaskPresent << 40 | (base >> 24 & 0xFF) << 56;
  g_segments[4] = base >> 32;
}

}  // namespace

const StackRange (&stack_ranges()) [kStackCount] {
  static const StackRange kRanges[kStackCount] = {
      {mewz_stacks.main.bottom(), mewz_stacks.main.top()},
      {mewz_stacks.fault.bottom(), mewz_stacks.fault.top()},
      {mewz_stacks.interrupt.bottom(), mewz_stacks.interrupt.top()},
      {mewz_stacks.double_fault.bottom(), mewz_stacks.double_fault.top()},
      {mewz_stacks.nmi.bottom(), mewz_stacks.nmi.top()},
      {mewz_stacks.machine_check.bottom(), mewz_stacks.machine_check.top()},
  };
  return kRanges;
}

void load_descriptor_tables() {
  fill_task();
  for (u32 i = 0; i < vector::kCount; ++i) {
    const u64 entry = mewz_vector_entries[i];
    g_gates[i] = {static_cast<u16>(entry),
                  kCodeSelector,
                  kStackOf[i],
                  kInterruptGate,
                  static_cast<u16>(entry >> 16),
                  static_cast<u32>(entry >> 32),
                  0};
  }
  const TablePointer segments{sizeof g_segments - 1, g_segments};
  const TablePointer gates{sizeof g_gates - 1, g_gates};
  asm volatile("lgdt %0\n\tlidt %1\n\tltr %2" ::"m"(segments), "m"(gates), "r"(kTaskSelector) : "memory");
}

}  // namespace pipit::mewz
