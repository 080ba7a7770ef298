// Integer instructions, comparisons with their branches, moves and constants.
#include <bit>
#include <limits>

#include "wasm/register/handlers.h"

namespace pipit::wasm::reg {

#define R32(n) SLOT(n).u32_
#define I16(n) static_cast<u32>(static_cast<i32>(read_i16(pc + (n))))

/// One handler: computes `expression` of a and b.
#define BINARY_HANDLER(name, a_, b_, bytes, store, ...) \
  HANDLER(name) {                                       \
    const u32 a = (a_), b = (b_);                       \
    const u32 result = static_cast<u32>(__VA_ARGS__);   \
    store;                                              \
    PIPIT_NEXT_ACC(bytes, result);                      \
  }
#define TO_SLOT SLOT(2).u32_ = result

#define BINARY32_(op, imm_a, imm_b, acc_a, acc_b, ...)               \
  BINARY_HANDLER(op##_ss_a, R32(2), R32(3), 4, , __VA_ARGS__)        \
  BINARY_HANDLER(op##_as_a, acc, R32(2), 4, , __VA_ARGS__)           \
  BINARY_HANDLER(op##_si_a, imm_a, imm_b, 6, , __VA_ARGS__)          \
  BINARY_HANDLER(op##_ai_a, acc_a, acc_b, 4, , __VA_ARGS__)          \
  BINARY_HANDLER(op##_ss_d, R32(3), R32(4), 6, TO_SLOT, __VA_ARGS__) \
  BINARY_HANDLER(op##_as_d, acc, R32(3), 4, TO_SLOT, __VA_ARGS__)
#define BINARY32(op, ...)                                            \
  BINARY32_(op, R32(2), I16(4), acc, I16(2), __VA_ARGS__)            \
  BINARY_HANDLER(op##_si_d, R32(3), I16(4), 6, TO_SLOT, __VA_ARGS__) \
  BINARY_HANDLER(op##_ai_d, acc, I16(4), 6, TO_SLOT, __VA_ARGS__)

BINARY32(add, a + b)
BINARY32(mul, a* b)
BINARY32(and, a& b)
BINARY32(or, a | b)
BINARY32(xor, a ^ b)
BINARY32(shl, a << (b & 31))
BINARY32(shr_s, static_cast<i32>(a) >> (b & 31))
BINARY32(shr_u, a >> (b & 31))
// Immediate - source.
BINARY32_(sub, I16(4), R32(2), I16(2), acc, a - b)
BINARY_HANDLER(sub_si_d, I16(4), R32(3), 6, TO_SLOT, a - b)
BINARY_HANDLER(sub_ai_d, I16(4), acc, 6, TO_SLOT, a - b)

/// A conditional branch: `keep` is what the accumulator holds afterwards. The displacement stands first.
#define BRANCH_HANDLER(name, a_, b_, bytes, keep, ...) \
  HANDLER(br_##name) {                                 \
    const u32 a = (a_), b = (b_);                      \
    acc = keep;                                        \
    if (__VA_ARGS__) PIPIT_TAKE_BRANCH();              \
    PIPIT_NEXT(bytes);                                 \
  }                                                    \
  HANDLER(back_##name) {                               \
    const u32 a = (a_), b = (b_);                      \
    acc = keep;                                        \
    if (__VA_ARGS__) PIPIT_TAKE_BRANCH_BACK();         \
    PIPIT_NEXT(bytes);                                 \
  }

#define COMPARE32(op, ...)                                    \
  BINARY_HANDLER(op##_ss_a, R32(2), R32(3), 4, , __VA_ARGS__) \
  BINARY_HANDLER(op##_as_a, acc, R32(2), 4, , __VA_ARGS__)    \
  BINARY_HANDLER(op##_si_a, R32(2), I16(4), 6, , __VA_ARGS__) \
  BINARY_HANDLER(op##_ai_a, acc, I16(2), 4, , __VA_ARGS__)    \
  BRANCH_HANDLER(op##_ss, R32(4), R32(5), 6, a, __VA_ARGS__)  \
  BRANCH_HANDLER(op##_as, acc, R32(4), 6, a, __VA_ARGS__)     \
  BRANCH_HANDLER(op##_si, R32(4), I16(6), 8, a, __VA_ARGS__)  \
  BRANCH_HANDLER(op##_ai, acc, I16(4), 6, a, __VA_ARGS__)

COMPARE32(eq, (a == b))
COMPARE32(ne, (a != b))
COMPARE32(lt_s, (static_cast<i32>(a) < static_cast<i32>(b)))
COMPARE32(ge_s, (static_cast<i32>(a) >= static_cast<i32>(b)))
COMPARE32(lt_u, (a < b))
COMPARE32(ge_u, (a >= b))

#define UNARY_HANDLER(name, a_, bytes, store, ...)    \
  HANDLER(name) {                                     \
    const u32 a = (a_);                               \
    const u32 result = static_cast<u32>(__VA_ARGS__); \
    store;                                            \
    PIPIT_NEXT_ACC(bytes, result);                    \
  }
#define EXTEND32(op, ...)                                  \
  UNARY_HANDLER(op##_s_a, R32(2), 4, , __VA_ARGS__)        \
  UNARY_HANDLER(op##_a_a, acc, 2, , __VA_ARGS__)           \
  UNARY_HANDLER(op##_s_d, R32(3), 4, TO_SLOT, __VA_ARGS__) \
  UNARY_HANDLER(op##_a_d, acc, 4, TO_SLOT, __VA_ARGS__)
EXTEND32(extend8_s, i32{static_cast<i8>(a)})
EXTEND32(extend16_s, static_cast<i16>(a))
EXTEND32(extend16_u, static_cast<u16>(a))
BINARY_HANDLER(rotl, R32(2), R32(3), 4, , std::rotl(a, static_cast<int>(b & 31)))

#define DIVIDE32(name, T, overflows, ...)                                         \
  HANDLER(name) {                                                                 \
    const T a = static_cast<T>(R32(2)), b = static_cast<T>(R32(3));               \
    if (b == 0) [[unlikely]]                                                      \
      return stop_with_trap(PIPIT_MACHINE, pc, TrapKind::integer_divide_by_zero); \
    if (overflows) [[unlikely]]                                                   \
      return stop_with_trap(PIPIT_MACHINE, pc, TrapKind::integer_overflow);       \
    PIPIT_NEXT_ACC(4, static_cast<u32>(__VA_ARGS__));                             \
  }
DIVIDE32(div_s, i32, a == std::numeric_limits<i32>::min() && b == -1, a / b)
DIVIDE32(div_u, u32, false, a / b)
DIVIDE32(rem_s, i32, false, b == -1 ? 0 : a % b)
DIVIDE32(rem_u, u32, false, a % b)

#define BITS_HANDLER(name, a_, where, bytes, store)                                        \
  HANDLER(name) {                                                                          \
    const u32 result = (a_) >> (read_u16(pc + (where)) & 31) & read_u16(pc + (where) + 2); \
    store;                                                                                 \
    PIPIT_NEXT_ACC(bytes, result);                                                         \
  }
BITS_HANDLER(bits_s_a, R32(2), 4, 8, )
BITS_HANDLER(bits_a_a, acc, 2, 6, )
BITS_HANDLER(bits_s_d, R32(3), 4, 8, TO_SLOT)
BITS_HANDLER(bits_a_d, acc, 4, 8, TO_SLOT)
HANDLER(madd_a) { PIPIT_NEXT_ACC(4, acc * R32(2) + R32(3)); }
HANDLER(madd_d) {
  const u32 result = acc * R32(3) + R32(4);
  SLOT(2).u32_ = result;
  PIPIT_NEXT_ACC(6, result);
}
// Moves and constants.

HANDLER(copy) {
  move(SLOT(2), SLOT(3));
  PIPIT_NEXT(4);
}
HANDLER(copy_2) {
  move(SLOT(2), SLOT(3));
  PIPIT_ONE_AFTER_THE_OTHER();
  move(SLOT(4), SLOT(5));
  PIPIT_NEXT(6);
}
HANDLER(copy32) {
  SLOT(2).u32_ = SLOT(3).u32_;
  PIPIT_NEXT(4);
}
HANDLER(copy32_2) {
  SLOT(2).u32_ = SLOT(3).u32_;
  PIPIT_ONE_AFTER_THE_OTHER();
  SLOT(4).u32_ = SLOT(5).u32_;
  PIPIT_NEXT(6);
}
HANDLER(copy_far) {
  move(fp[read_u16(pc + 2)], fp[read_u16(pc + 4)]);
  PIPIT_NEXT(6);
}
/// Makes room for slots that instructions can name, below parameters that they cannot.
HANDLER(shift_up) {
  Value* const from = fp + read_u16(pc + 2);
  std::memmove(static_cast<void*>(from + kScratchSlots), from, read_u16(pc + 4) * sizeof(Value));
  PIPIT_NEXT(6);
}
HANDLER(put) {
  SLOT(2).u32_ = acc;
  PIPIT_NEXT(4);
}
HANDLER(put_f32) {
  SLOT(2).f32_ = fs;
  PIPIT_NEXT(4);
}
HANDLER(put_f64) {
  SLOT(2).f64_ = fd;
  PIPIT_NEXT(4);
}
HANDLER(const_a) { PIPIT_NEXT_ACC(4, I16(2)); }
HANDLER(const_a32) { PIPIT_NEXT_ACC(6, read<u32>(pc + 2)); }
HANDLER(const_f32) { PIPIT_GO(pc + 6, acc, read<f32>(pc + 2), fd); }
HANDLER(const_f64) { PIPIT_GO(pc + 10, acc, fs, read<f64>(pc + 2)); }
HANDLER(const_d) {
  SLOT(2).i32_ = read_i16(pc + 4);
  PIPIT_NEXT(6);
}
HANDLER(const_wide) {
  SLOT(2).i64_ = read_i16(pc + 4);
  PIPIT_NEXT(6);
}
HANDLER(const_d32) {
  SLOT(2).i32_ = read<i32>(pc + 4);
  PIPIT_NEXT(8);
}
HANDLER(const_d64) {
  std::memcpy(&SLOT(2), pc + 4, 8);
  PIPIT_NEXT(12);
}
HANDLER(select_s) {
  move(SLOT(2), SLOT(SLOT(5).u32_ != 0 ? 3 : 4));
  PIPIT_NEXT(6);
}
HANDLER(select_a) {
  move(SLOT(2), SLOT(acc != 0 ? 3 : 4));
  PIPIT_NEXT(6);
}
HANDLER(global_get) {
  const Value value = *PIPIT_MACHINE->globals[read_u16(pc + 4)];
  SLOT(2) = value;
  PIPIT_NEXT_ACC(6, value.u32_);
}
HANDLER(global_set) {
  *PIPIT_MACHINE->globals[read_u16(pc + 4)] = SLOT(2);
  PIPIT_NEXT(6);
}
HANDLER(global_set_a) {
  PIPIT_MACHINE->globals[read_u16(pc + 2)]->u32_ = acc;
  PIPIT_NEXT(4);
}

}  // namespace pipit::wasm::reg
