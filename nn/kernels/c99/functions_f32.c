/* f(x) with up to two parameters, under one type so that a table may hold them. */
#define FUNCTION(name, expression)                            \
  ELEMENTARY float name##_of_f32(float x, float p, float q) { \
    (void)p;                                                  \
    (void)q;                                                  \
    return (expression);                                      \
  }
ELEMENTARY inline float within_unit(float x) { return x < 0 ? 0 : x > 1.0f ? 1.0f : x; }
/* Half to even. */
ELEMENTARY float nearest_of(float x) {
  const float down = floor_of(x), rest = x - down;
  if (rest < 0.5f || !(magnitude_f32(x) < 8388608.0f)) return signed_as(magnitude_f32(down), x);
  return signed_as(magnitude_f32(rest > 0.5f || ((int32_t)down & 1) != 0 ? down + 1.0f : down), x);
}
FUNCTION(absolute, magnitude_f32(x))
FUNCTION(negate, -x)
FUNCTION(floor, floor_of(x))
FUNCTION(ceil, -floor_of(-x))
FUNCTION(round, nearest_of(x))
FUNCTION(sqrt, sqrt_f32(x))
FUNCTION(exp, exp_f32(x))
FUNCTION(log, log_f32(x))
FUNCTION(tanh, tanh_of(x))
FUNCTION(erf, erf_f32(x))
FUNCTION(reciprocal, 1.0f / x)
FUNCTION(sign, x > 0 ? 1.0f : x < 0 ? -1.0f : x)
FUNCTION(square, x* x)
FUNCTION(sigmoid, sigmoid_of(x))
FUNCTION(softplus, softplus_of(x))
FUNCTION(softsign, x / (1.0f + magnitude_f32(x)))
FUNCTION(elu, x < 0 ? p * expm1_f32(x) : x)
FUNCTION(selu, q*(x > 0 ? x : p * expm1_f32(x)))
FUNCTION(celu, x > 0 ? x : p * expm1_f32(x / p))
FUNCTION(leaky, x < 0 ? p * x : x)
FUNCTION(thresholded, x > p ? x : 0)
FUNCTION(hard_sigmoid, within_unit(p* x + q))
FUNCTION(hard_swish, x* within_unit(x / 6.0f + 0.5f))
FUNCTION(shrink, x<-p ? x + q : x> p ? x - q : 0)
FUNCTION(gelu, x / 2.0f * (1.0f + erf_f32(x * 0.70710678f)))
FUNCTION(gelu_tanh, x / 2.0f * (1.0f + tanh_of(0.79788456f * (x + 0.044715f * x * x * x))))
FUNCTION(mish, x* tanh_of(softplus_of(x)))
FUNCTION(relu, x > 0 ? x : 0)
FUNCTION(affine, p* x + q)
FUNCTION(scaled_tanh, p* tanh_of(q* x))
