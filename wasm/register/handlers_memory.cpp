// Loads and stores.
#include "wasm/register/access.h"

namespace pipit::wasm::reg {

/// One load: `finish` uses `loaded`.
#define LOAD_HANDLER(name, T, finish, ...) \
  HANDLER(name) {                          \
    CHECKED(T, __VA_ARGS__);               \
    const T loaded = read<T>(at);          \
    finish;                                \
  }
#define FINISH32(bytes) PIPIT_NEXT_ACC(bytes, static_cast<u32>(loaded))
#define FINISH32_D(bytes)                  \
  SLOT(2).u32_ = static_cast<u32>(loaded); \
  PIPIT_NEXT_ACC(bytes, static_cast<u32>(loaded))
#define LOAD32(op, T)                                                        \
  LOAD_HANDLER(op##_s_a, T, FINISH32(6), SLOT(2).u32_, read_u16(pc + 4))     \
  LOAD_HANDLER(op##_a_a, T, FINISH32(4), acc, read_u16(pc + 2))              \
  LOAD_HANDLER(op##_w_a, T, FINISH32(8), SLOT(2).u32_ + read<u32>(pc + 4))   \
  LOAD_HANDLER(op##_x_a, T, FINISH32(4), SLOT(2).u32_ + SLOT(3).u32_)        \
  LOAD_HANDLER(op##_s_d, T, FINISH32_D(6), SLOT(3).u32_, read_u16(pc + 4))   \
  LOAD_HANDLER(op##_a_d, T, FINISH32_D(6), acc, read_u16(pc + 4))            \
  LOAD_HANDLER(op##_w_d, T, FINISH32_D(8), SLOT(3).u32_ + read<u32>(pc + 4)) \
  LOAD_HANDLER(op##_x_d, T, FINISH32_D(6), SLOT(3).u32_ + SLOT(4).u32_)
LOAD32(load, u32)
LOAD32(load8_s, i8)
LOAD32(load8_u, u8)
LOAD32(load16_s, i16)
LOAD32(load16_u, u16)

// The accumulator is free after an access: what was loaded or stored may stay in its register.
#define FINISH_f32(bytes) PIPIT_GO(pc + (bytes), PIPIT_UNUSED(__builtin_bit_cast(u32, loaded)), loaded, fd)
#define FINISH_f64(bytes) PIPIT_GO(pc + (bytes), PIPIT_UNUSED(__builtin_bit_cast(u64, loaded)), fs, loaded)
#define LOADF(T)                                                                  \
  LOAD_HANDLER(load##T##_s_a, T, FINISH_##T(6), SLOT(2).u32_, read_u16(pc + 4))   \
  LOAD_HANDLER(load##T##_a_a, T, FINISH_##T(4), acc, read_u16(pc + 2))            \
  LOAD_HANDLER(load##T##_w_a, T, FINISH_##T(8), SLOT(2).u32_ + read<u32>(pc + 4)) \
  LOAD_HANDLER(load##T##_x_a, T, FINISH_##T(4), SLOT(2).u32_ + SLOT(3).u32_)
LOADF(f32)
LOADF(f64)

#define FINISH64(bytes)  \
  SLOT(2).u64_ = loaded; \
  PIPIT_NEXT_ACC(bytes, PIPIT_UNUSED(loaded))
LOAD_HANDLER(load64_s_d, u64, FINISH64(6), SLOT(3).u32_, read_u16(pc + 4))
LOAD_HANDLER(load64_a_d, u64, FINISH64(6), acc, read_u16(pc + 4))
LOAD_HANDLER(load64_w_d, u64, FINISH64(8), SLOT(3).u32_ + read<u32>(pc + 4))

/// One store of the first bytes of `source`.
#define STORE_HANDLER(name, T, source, bytes, ...)                  \
  HANDLER(name) {                                                   \
    CHECKED(T, __VA_ARGS__);                                        \
    const T stored = read<T>(reinterpret_cast<const u8*>(&source)); \
    std::memcpy(at, &stored, sizeof stored);                        \
    PIPIT_NEXT_ACC(bytes, PIPIT_UNUSED(stored));                    \
  }
#define STORE(op, T)                                                     \
  STORE_HANDLER(op##_s_s, T, SLOT(2), 6, SLOT(3).u32_, read_u16(pc + 4)) \
  STORE_HANDLER(op##_a_s, T, SLOT(2), 6, acc, read_u16(pc + 4))          \
  STORE_HANDLER(op##_w_s, T, SLOT(2), 8, SLOT(3).u32_ + read<u32>(pc + 4))
STORE(store, u32)
STORE(store8, u8)
STORE(store16, u16)
STORE(store64, u64)
#define STOREA(op, T)                                                \
  STORE_HANDLER(op##_s_a, T, acc, 6, SLOT(2).u32_, read_u16(pc + 4)) \
  STORE_HANDLER(op##_w_a, T, acc, 8, SLOT(2).u32_ + read<u32>(pc + 4))
STOREA(store, u32)
STOREA(store8, u8)
STOREA(store16, u16)
#define STOREF(T, Bits, accumulator)                                                  \
  STORE_HANDLER(store##T##_s_a, Bits, accumulator, 6, SLOT(2).u32_, read_u16(pc + 4)) \
  STORE_HANDLER(store##T##_a_a, Bits, accumulator, 4, acc, read_u16(pc + 2))          \
  STORE_HANDLER(store##T##_w_a, Bits, accumulator, 8, SLOT(2).u32_ + read<u32>(pc + 4))
STOREF(f32, u32, fs)
STOREF(f64, u64, fd)

#define FAR_HANDLER(name, address, at, bytes)                                     \
  HANDLER(name) {                                                                 \
    u32 sum;                                                                      \
    if (__builtin_add_overflow(address, read<u32>(pc + (at)), &sum)) [[unlikely]] \
      PIPIT_TAIL(trap_out_of_bounds);                                             \
    PIPIT_NEXT_ACC(bytes, sum);                                                   \
  }
FAR_HANDLER(far_s, SLOT(2).u32_, 4, 8)
FAR_HANDLER(far_a, acc, 2, 6)

}  // namespace pipit::wasm::reg
