#pragma once
#include "nn/general/kinds.h"

/// Functions of single precision that are C99 of our own (nn/kernels/c99), the same bits on every processor
/// and in generated C.
namespace pipit::nn::general {

// clang-format off: it moves these lines each time it is asked.
/// Those of `unary`; what is not here is the platform's library's and no part of generated C.
#define PIPIT_NN_FLOAT_FUNCTIONS(X)                                                        \
  X(absolute) X(negate) X(floor) X(ceil) X(round) X(sqrt) X(exp) X(log) X(tanh) X(erf)     \
  X(reciprocal) X(sign) X(sigmoid) X(softplus) X(softsign) X(elu) X(selu) X(celu) X(leaky) \
  X(thresholded) X(hard_sigmoid) X(hard_swish) X(shrink) X(gelu) X(gelu_tanh) X(mish) X(square) \
  X(sin) X(cos) X(tan) X(asin) X(acos) X(atan) X(sinh) X(cosh) X(asinh) X(acosh) X(atanh)
/// A recurrent layer's, by their numbers.
#define PIPIT_NN_ACTIVATIONS(X)                                                  \
  X(sigmoid) X(tanh) X(relu) X(affine) X(leaky) X(thresholded) X(scaled_tanh)    \
  X(hard_sigmoid) X(elu) X(softsign) X(softplus)
// clang-format on

/// f(x) with its two parameters.
using FloatFunction = f32 (*)(f32 x, f32 p, f32 q);
/// A function and the name of its kernel; nothing where there is none.
struct NamedFunction {
  FloatFunction f = nullptr;
  const char* name = nullptr;
};
NamedFunction float_function(Unary kind);
NamedFunction activation_function(i32 kind);

f32 power(f32 x, f32 y);
/// What a division leaves, with the sign of x, and with that of y.
f32 remainder(f32 x, f32 y);
f32 modulo(f32 x, f32 y);
/// Root and logarithm of a sum taken in double precision; e^(x - top).
f32 root_of_sum(f64 sum);
f32 log_of_sum(f64 sum);
f32 exp_below(f32 x, f32 top);

}  // namespace pipit::nn::general
