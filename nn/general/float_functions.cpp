#include "nn/general/float_functions.h"

#include <cstdint>
#include <cstring>

namespace pipit::nn::general {
namespace c99 {
namespace {
// clang-format off: each stands on those before it
#include "nn/kernels/c99/elementary_f32.c"
#include "nn/kernels/c99/functions_f32.c"
#include "nn/kernels/c99/trigonometry_f32.c"
#include "nn/kernels/c99/power_f32.c"
#include "nn/kernels/c99/remainder_f32.c"
#include "nn/kernels/c99/sums_f32.c"
// clang-format on
}  // namespace
}  // namespace c99

NamedFunction float_function(Unary kind) {
  switch (kind) {
#define X(name) \
  case Unary::name: return {c99::name##_of_f32, #name "_of_f32"};
    PIPIT_NN_FLOAT_FUNCTIONS(X)
#undef X
    default: return {};
  }
}

NamedFunction activation_function(i32 kind) {
  static constexpr NamedFunction kAll[] = {
#define X(name) {c99::name##_of_f32, #name "_of_f32"},
      PIPIT_NN_ACTIVATIONS(X)
#undef X
  };
  return kind >= 0 && static_cast<u32>(kind) < sizeof kAll / sizeof kAll[0] ? kAll[kind] : NamedFunction{};
}

f32 power(f32 x, f32 y) { return c99::power_f32(x, y); }
f32 remainder(f32 x, f32 y) { return c99::remainder_f32(x, y); }
f32 modulo(f32 x, f32 y) { return c99::modulo_f32(x, y); }
f32 root_of_sum(f64 sum) { return c99::root_of_sum(sum); }
f32 log_of_sum(f64 sum) { return c99::log_of_sum(sum); }
f32 exp_below(f32 x, f32 top) { return c99::exp_below(x, top); }

}  // namespace pipit::nn::general
