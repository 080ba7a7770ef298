// f32's instructions that inner loops consist of; the others are numeric (handlers_numeric.cpp, numeric.cpp).
#include "wasm/register/handlers.h"

namespace pipit::wasm::reg {

#define NEXT(bytes, value) PIPIT_GO(pc + (bytes), acc, (value), fd)
#define F(n) SLOT(n).f32_

/// One handler: computes an expression of a and b into fs.
#define BINARY_HANDLER(name, a_, b_, bytes, store, ...) \
  HANDLER(name) {                                       \
    const f32 a = (a_), b = (b_);                       \
    const f32 result = __VA_ARGS__;                     \
    store;                                              \
    NEXT(bytes, result);                                \
  }
#define TO_SLOT F(2) = result
#define BINARYF(op, ...)                                         \
  BINARY_HANDLER(op##_ss_a, F(2), F(3), 4, , __VA_ARGS__)        \
  BINARY_HANDLER(op##_as_a, fs, F(2), 4, , __VA_ARGS__)          \
  BINARY_HANDLER(op##_sa_a, F(2), fs, 4, , __VA_ARGS__)          \
  BINARY_HANDLER(op##_ss_d, F(3), F(4), 6, TO_SLOT, __VA_ARGS__) \
  BINARY_HANDLER(op##_as_d, fs, F(3), 4, TO_SLOT, __VA_ARGS__)   \
  BINARY_HANDLER(op##_sa_d, F(3), fs, 4, TO_SLOT, __VA_ARGS__)
BINARYF(f32_add, a + b)
BINARYF(f32_sub, a - b)
BINARYF(f32_mul, a* b)
BINARYF(f32_div, a / b)

#define COMPAREF(op, ...)                             \
  HANDLER(op) {                                       \
    const f32 a = F(2), b = F(3);                     \
    PIPIT_NEXT_ACC(4, static_cast<u32>(__VA_ARGS__)); \
  }
COMPAREF(f32_eq, a == b)
COMPAREF(f32_ne, a != b)
COMPAREF(f32_lt, a < b)
COMPAREF(f32_gt, a > b)
COMPAREF(f32_le, a <= b)
COMPAREF(f32_ge, a >= b)

HANDLER(f32_madd_a) {
  const f32 product = F(2) * fs;
  PIPIT_ONE_AFTER_THE_OTHER();
  NEXT(4, F(3) + product);
}
HANDLER(f32_madd_d) {
  const f32 product = F(3) * fs;
  PIPIT_ONE_AFTER_THE_OTHER();
  const f32 result = F(4) + product;
  F(2) = result;
  NEXT(6, result);
}

}  // namespace pipit::wasm::reg
