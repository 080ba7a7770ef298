#pragma once
#include "base/types.h"

/// What the kind, ints[0], of unary, binary, reduce, pool and scatter functions stands for. Numbers are those
/// of the enumerators' places and stand in files: new ones go to the end.
namespace pipit::nn::general {

/// f(x), p and q being reals[0] and reals[1].
enum class Unary : i32 {
  absolute,
  negate,
  floor,
  ceil,
  round /* half to even */,
  sqrt,
  exp,
  log,
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  sinh,
  cosh,
  tanh,
  asinh,
  acosh,
  atanh,
  erf,
  reciprocal,
  sign,
  sigmoid,
  softplus,
  softsign,
  elu /* p (e^x − 1) below 0 */,
  selu /* p = α, q = γ */,
  celu /* p = α */,
  leaky /* p x below 0 */,
  thresholded /* x above p, else 0 */,
  hard_sigmoid /* p x + q within 0 and 1 */,
  hard_swish,
  shrink /* p = λ, q = bias */,
  gelu,
  gelu_tanh,
  mish,
  logical_not,
  bitwise_not,
  is_nan,
  is_inf /* p, q ≠ 0: whether −∞ and +∞ count */,
  copy,
  square,
  count_
};

/// f(a, b)
enum class Binary : i32 {
  add,
  subtract,
  multiply,
  divide,
  modulo /* sign of b */,
  remainder /* sign of a */,
  power,
  minimum,
  maximum,
  logical_and,
  logical_or,
  logical_xor,
  bitwise_and,
  bitwise_or,
  bitwise_xor,
  shift_left,
  shift_right,
  equal,
  less,
  less_equal,
  greater,
  greater_equal,
  prelu /* a below 0 times b */,
  count_
};

enum class Reduce : i32 {
  sum,
  mean,
  product,
  minimum,
  maximum,
  l1,
  l2,
  sum_square,
  log_sum,
  log_sum_exp,
  count_
};

enum class Pool : i32 { maximum, maximum_index, average, lp, count_ };

/// What a scattered element does to the one that is there.
enum class Scatter : i32 { replace, add, multiply, minimum, maximum, count_ };

/// Steps of a microphone's front end (audio.cpp).
enum class Audio : i32 {
  window,
  headroom,
  scale_up,
  rfft,
  energy,
  filter_bank,
  square_root,
  noise /* keeps a state */,
  subtract,
  pcan,
  logarithm,
  count_
};

enum class PadMode : i32 { constant, edge, reflect, wrap, count_ };

}  // namespace pipit::nn::general
