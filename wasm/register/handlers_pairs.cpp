// Pairs of instructions. The second one's operands stand first.
#include "wasm/register/access.h"

namespace pipit::wasm::reg {

#define R32(n) SLOT(n).u32_
#define I16(n) static_cast<u32>(static_cast<i32>(read_i16(pc + (n))))

HANDLER(copy32_then_back) {
  R32(4) = R32(5);
  PIPIT_TAKE_BRANCH_BACK();
}
HANDLER(const_d_then_br) {
  SLOT(4).i32_ = read_i16(pc + 6);
  PIPIT_TAKE_BRANCH();
}
#define STEP_HANDLER(name, limit)                 \
  HANDLER(add_si_d_then_##name) {                 \
    acc = R32(7) + I16(8);                        \
    R32(6) = acc;                                 \
    if (acc != (limit)) PIPIT_TAKE_BRANCH_BACK(); \
    PIPIT_NEXT(10);                               \
  }
STEP_HANDLER(back_ne_ai, I16(4))
STEP_HANDLER(back_ne_as, R32(4))
HANDLER(add_si_d_then_copy32) {
  acc = R32(5) + I16(6);
  R32(4) = acc;
  PIPIT_ONE_AFTER_THE_OTHER();
  R32(2) = R32(3);
  PIPIT_NEXT(8);
}
HANDLER(add_si_d_then_const_d) {
  acc = R32(7) + I16(8);
  R32(6) = acc;
  PIPIT_ONE_AFTER_THE_OTHER();
  SLOT(2).i32_ = read_i16(pc + 4);
  PIPIT_NEXT(10);
}
HANDLER(const_d_then_select_a) {
  SLOT(6).i32_ = read_i16(pc + 8);
  SLOT(2) = acc != 0 ? SLOT(3) : SLOT(4);
  PIPIT_NEXT(10);
}
HANDLER(mul_as_d_then_bits_a_d) {
  acc *= R32(9);
  R32(8) = acc;
  PIPIT_ONE_AFTER_THE_OTHER();
  acc = acc >> (read_u16(pc + 4) & 31) & read_u16(pc + 6);
  R32(2) = acc;
  PIPIT_NEXT(10);
}
HANDLER(bits_s_a_then_madd_d) {
  acc = R32(6) >> (read_u16(pc + 8) & 31) & read_u16(pc + 10);
  acc = acc * R32(3) + R32(4);
  R32(2) = acc;
  PIPIT_NEXT(12);
}

HANDLER(copy32_then_br_ge_s_si) {
  R32(8) = R32(9);
  PIPIT_ONE_AFTER_THE_OTHER();
  acc = R32(4);
  if (static_cast<i32>(acc) >= read_i16(pc + 6)) PIPIT_TAKE_BRANCH();
  PIPIT_NEXT(10);
}
HANDLER(and_si_a_then_br_ge_u_ai) {
  acc = R32(6) & I16(8);
  if (acc >= I16(4)) PIPIT_TAKE_BRANCH();
  PIPIT_NEXT(10);
}

// One that accesses memory, and one that does not.

HANDLER(load_s_d_then_back_ne_ai) {
  CHECKED(u32, R32(7), read_u16(pc + 8));
  acc = read<u32>(at);
  R32(6) = acc;
  if (acc != I16(4)) PIPIT_TAKE_BRANCH_BACK();
  PIPIT_NEXT(10);
}
HANDLER(store_s_s_then_back_ne_si) {
  CHECKED(u32, R32(9), read_u16(pc + 10));
  std::memcpy(at, &R32(8), sizeof(u32));
  PIPIT_ONE_AFTER_THE_OTHER();
  acc = R32(4);
  if (acc != I16(6)) PIPIT_TAKE_BRANCH_BACK();
  PIPIT_NEXT(12);
}
HANDLER(copy32_2_then_load_s_d) {
  R32(6) = R32(7);
  PIPIT_ONE_AFTER_THE_OTHER();
  R32(8) = R32(9);
  PIPIT_ONE_AFTER_THE_OTHER();
  CHECKED(u32, R32(3), read_u16(pc + 4));
  acc = read<u32>(at);
  R32(2) = acc;
  PIPIT_NEXT(10);
}

HANDLER(load_s_d_then_copy32) {
  CHECKED(u32, R32(5), read_u16(pc + 6));
  acc = read<u32>(at);
  R32(4) = acc;
  PIPIT_ONE_AFTER_THE_OTHER();
  R32(2) = R32(3);
  PIPIT_NEXT(8);
}
HANDLER(load8_u_s_d_then_br_eq_ai) {
  CHECKED(u8, R32(7), read_u16(pc + 8));
  acc = *at;
  R32(6) = acc;
  if (acc == I16(4)) PIPIT_TAKE_BRANCH();
  PIPIT_NEXT(10);
}
HANDLER(shl_si_d_then_load_a_a) {
  acc = R32(5) << (I16(6) & 31);
  R32(4) = acc;
  CHECKED(u32, acc, read_u16(pc + 2));
  PIPIT_NEXT_ACC(8, read<u32>(at));
}
HANDLER(add_ai_a_then_store_s_a) {
  acc += I16(6);
  CHECKED(u32, R32(2), read_u16(pc + 4));
  std::memcpy(at, &acc, sizeof acc);
  PIPIT_NEXT(8);
}
HANDLER(store_s_s_then_add_si_d) {
  CHECKED(u32, R32(7), read_u16(pc + 8));
  std::memcpy(at, &R32(6), sizeof(u32));
  PIPIT_ONE_AFTER_THE_OTHER();
  acc = R32(3) + I16(4);
  R32(2) = acc;
  PIPIT_NEXT(10);
}
HANDLER(store_s_a_then_add_si_d) {
  CHECKED(u32, R32(6), read_u16(pc + 8));
  std::memcpy(at, &acc, sizeof acc);
  PIPIT_ONE_AFTER_THE_OTHER();
  acc = R32(3) + I16(4);
  R32(2) = acc;
  PIPIT_NEXT(10);
}

}  // namespace pipit::wasm::reg
