#pragma once
#include "wasm/register/handlers.h"

/// The check that every access of memory begins with.
namespace pipit::wasm::reg {

template <class T>
constexpr u32 log2_size() {
  return sizeof(T) == 1 ? 0 : sizeof(T) == 2 ? 1 : sizeof(T) == 4 ? 2 : 3;
}

/// Whether an access of T at `address` + `offset`, a sum that does not wrap, lies inside; `at` is where.
template <class T>
inline bool reaches(Machine* m, [[maybe_unused]] u8* memory, u32 address, u32 offset, u8*& at) {
  usize sum;
  bool wrapped = false;
  if constexpr (sizeof(usize) == 8)
    sum = usize{address} + offset;
  else
    wrapped = __builtin_add_overflow(address, offset, &sum);
  at = memory + sum;
  return !wrapped && sum < m->reach[log2_size<T>()];
}
template <class T>
inline bool reaches(Machine* m, [[maybe_unused]] u8* memory, u32 address, u8*& at) {
  at = memory + address;
  return address < m->reach[log2_size<T>()];
}

#define CHECKED(T, ...)                                                       \
  u8* at;                                                                     \
  if (!reaches<T>(PIPIT_MACHINE, PIPIT_MEMORY, __VA_ARGS__, at)) [[unlikely]] \
  PIPIT_TAIL(trap_out_of_bounds)

}  // namespace pipit::wasm::reg
