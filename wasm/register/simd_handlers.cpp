// SIMD instructions of the register machine. What each computes is in simd_semantics.h; here is where
// operands come from: always slots, of which a v128 takes two.
#include <array>
#include <tuple>

#include "wasm/register/handlers.h"
#include "wasm/register/simd.h"
#include "wasm/simd_semantics.h"

namespace pipit::wasm::reg {

namespace {

using simd::V128;

template <class T>
T read_slots(const Value& at) {
  T value;
  std::memcpy(&value, &at, sizeof value);
  return value;
}
template <class T>
void write_slots(Value& at, T value) {
  std::memcpy(static_cast<void*>(&at), &value, sizeof value);
}

#define RUN() PIPIT_PLACED static void run(PIPIT_ARGS)

/// Handler<immediate, bytes, F>::run: rd ra rb rc, or a lane in rc's place.
template <Immediate kind, u32 bytes, auto F>
struct SimdHandler;

template <u32 bytes, class R, class A, R (*F)(A)>
struct SimdHandler<Immediate::none, bytes, F> {
  RUN() {
    write_slots(SLOT(2), F(read_slots<A>(SLOT(3))));
    PIPIT_NEXT(6);
  }
};
template <u32 bytes, class R, class A, class B, R (*F)(A, B)>
struct SimdHandler<Immediate::none, bytes, F> {
  RUN() {
    write_slots(SLOT(2), F(read_slots<A>(SLOT(3)), read_slots<B>(SLOT(4))));
    PIPIT_NEXT(6);
  }
};
template <u32 bytes, V128 (*F)(V128, V128, V128)>
struct SimdHandler<Immediate::none, bytes, F> {
  RUN() {
    write_slots(SLOT(2), F(read_slots<V128>(SLOT(3)), read_slots<V128>(SLOT(4)), read_slots<V128>(SLOT(5))));
    PIPIT_NEXT(6);
  }
};
template <u32 bytes, class R, R (*F)(V128, u32)>
struct SimdHandler<Immediate::lane, bytes, F> {
  RUN() {
    write_slots(SLOT(2), F(read_slots<V128>(SLOT(3)), pc[5]));
    PIPIT_NEXT(6);
  }
};
template <u32 bytes, class T, V128 (*F)(V128, T, u32)>
struct SimdHandler<Immediate::lane, bytes, F> {
  RUN() {
    write_slots(SLOT(2), F(read_slots<V128>(SLOT(3)), read_slots<T>(SLOT(4)), pc[5]));
    PIPIT_NEXT(6);
  }
};
template <u32 bytes, V128 (*F)(V128, V128, const u8*)>
struct SimdHandler<Immediate::shuffle, bytes, F> {
  RUN() {
    write_slots(SLOT(2), F(read_slots<V128>(SLOT(3)), read_slots<V128>(SLOT(4)), pc + 6));
    PIPIT_NEXT(22);
  }
};
template <u32 bytes, V128 (*F)(const u8*)>
struct SimdHandler<Immediate::v128, bytes, F> {
  RUN() {
    write_slots(SLOT(2), F(pc + 4));
    PIPIT_NEXT(20);
  }
};

/// Where an access of `bytes` at slot address ra + offset goes, or null when it must trap.
inline u8* access(Machine* m, u8* memory, u32 address, u32 offset, u32 log2_bytes) {
  usize sum;
  if (__builtin_add_overflow(usize{address}, usize{offset}, &sum) || sum >= m->reach[log2_bytes])
    return nullptr;
  return memory + sum;
}
#define PIPIT_SIMD_ACCESS(offset_at)                                                                    \
  constexpr u32 kLog2 = bytes == 1 ? 0 : bytes == 2 ? 1 : bytes == 4 ? 2 : bytes == 8 ? 3 : 4;          \
  u8* const at = access(PIPIT_MACHINE, PIPIT_MEMORY, SLOT(3).u32_, read<u32>(pc + (offset_at)), kLog2); \
  if (at == nullptr) [[unlikely]]                                                                       \
  PIPIT_TAIL(trap_out_of_bounds)

template <u32 bytes, V128 (*F)(const u8*)>
struct SimdHandler<Immediate::memarg, bytes, F> {
  RUN() {
    PIPIT_SIMD_ACCESS(4);
    write_slots(SLOT(2), F(at));
    PIPIT_NEXT(8);
  }
};
template <u32 bytes, void (*F)(u8*, V128)>
struct SimdHandler<Immediate::memarg, bytes, F> {
  RUN() {
    PIPIT_SIMD_ACCESS(4);
    F(at, read_slots<V128>(SLOT(2)));
    PIPIT_NEXT(8);
  }
};
template <u32 bytes, V128 (*F)(const u8*, V128, u32)>
struct SimdHandler<Immediate::memarg_lane, bytes, F> {
  RUN() {
    PIPIT_SIMD_ACCESS(6);
    write_slots(SLOT(2), F(at, read_slots<V128>(SLOT(4)), pc[5]));
    PIPIT_NEXT(10);
  }
};
template <u32 bytes, void (*F)(u8*, V128, u32)>
struct SimdHandler<Immediate::memarg_lane, bytes, F> {
  RUN() {
    PIPIT_SIMD_ACCESS(6);
    F(at, read_slots<V128>(SLOT(4)), pc[5]);
    PIPIT_NEXT(10);
  }
};

PIPIT_HANDLER global_get(PIPIT_ARGS) {
  write_slots(SLOT(2), read_slots<V128>(*PIPIT_MACHINE->globals[read_u16(pc + 4)]));
  PIPIT_NEXT(6);
}
PIPIT_HANDLER global_set(PIPIT_ARGS) {
  write_slots(*PIPIT_MACHINE->globals[read_u16(pc + 4)], read_slots<V128>(SLOT(2)));
  PIPIT_NEXT(6);
}
PIPIT_HANDLER select(PIPIT_ARGS) {
  write_slots(SLOT(2), read_slots<V128>(SLOT(5).u32_ != 0 ? SLOT(3) : SLOT(4)));
  PIPIT_NEXT(6);
}
PIPIT_HANDLER not_an_instruction(PIPIT_ARGS) {
  PIPIT_CHECK(!"translated code contains only known instructions");
}

constexpr std::array<Handler, kWideCodes> make_table() {
  std::array<Handler, kWideCodes> table{};
  for (Handler& entry : table) entry = not_an_instruction;
#define OP(code, id, name, immediate, signature, alignment) \
  table[code - kFirstSimd] = SimdHandler<Immediate::immediate, 1u << (alignment), simd::id>::run;
#include "wasm/opcodes_simd.def"
#undef OP
  table[static_cast<u32>(WideCode::global_get)] = global_get;
  table[static_cast<u32>(WideCode::global_set)] = global_set;
  table[static_cast<u32>(WideCode::select)] = select;
  return table;
}

}  // namespace

extern const std::array<Handler, kWideCodes> kWideHandlers;
constinit const std::array<Handler, kWideCodes> kWideHandlers = make_table();

}  // namespace pipit::wasm::reg
