#pragma once
#include "mewz/memory/page.h"

/// The kernel's stacks. Each has a page below it that stays unmapped, so that an overflow faults instead of
/// overwriting data; exceptions and interrupts come in on stacks of their own (IST), so that they survive
/// one.
namespace pipit::mewz {

template <usize N>
struct alignas(kPageBytes) GuardedStack {
  u8 guard[kPageBytes];
  u8 bytes[N];

  usize bottom() const { return reinterpret_cast<usize>(bytes); }
  usize top() const { return bottom() + N; }
};

struct Stacks {
  GuardedStack<65536> main;  ///< start.S knows that it comes first and how large it is
  GuardedStack<16384> fault, interrupt;
  GuardedStack<8192> double_fault, nmi, machine_check;
};
extern "C" Stacks mewz_stacks;

struct StackRange {
  usize bottom, top;
  bool contains(usize address) const { return address >= bottom && address < top; }
};
/// All of them; the guard page of each is the one right below `bottom`.
inline constexpr u32 kStackCount = 6;
const StackRange (&stack_ranges())[kStackCount];

}  // namespace pipit::mewz
