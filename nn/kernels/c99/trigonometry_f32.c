/* Circular and hyperbolic functions and their inverses, computed in double precision and rounded once. Stands
   on functions_f32.c. */
#define HALF_PI 1.57079632679489661923

/* Quarter turns in x, modulo 4, and what is left, within an eighth of a turn; |x| finite. */
ELEMENTARY int32_t quarter_turns(float x, double* rest) {
  /* 2 / pi in binary, 32 digits a word, behind a word of zeros. */
  static const uint32_t kQuarters[] = {0,           0xA2F9836Eu, 0x4E441529u, 0xFC2757D1u,
                                       0xF534DDC0u, 0xDB629599u, 0x3C439041u, 0xFE5163ABu};
  if (magnitude_f32(x) < 1048576.0f) {
    const double turns = (double)x / HALF_PI;
    const int32_t n = (int32_t)(turns + (x < 0 ? -0.5 : 0.5));
    /* pi / 2 in two parts, the first of which leaves room for n. */
    *rest = ((double)x - n * 1.5707963109016418) - n * 1.5893254773528196e-08;
    return n & 3;
  }
  /* x = m 2^e: of m times 2 / pi only the digits around the point matter. */
  const uint32_t bits = bits_of_float(x), m = (bits & 0x7FFFFFu) | 0x800000u;
  const int32_t e = (int32_t)(bits >> 23 & 255) - 150, skipped = e + 30, word = skipped / 32,
                shift = skipped % 32;
  uint32_t window[3];
  for (int32_t i = 0; i < 3; ++i)
    window[i] = shift == 0 ? kQuarters[word + i]
                           : kQuarters[word + i] << shift | kQuarters[word + i + 1] >> (32 - shift);
  const uint64_t low = (uint64_t)m * window[2], middle = (uint64_t)m * window[1] + (low >> 32);
  const uint64_t turns = ((uint64_t)(m * window[0]) << 32) + middle;
  /* The upper two digits are whole quarters. */
  const int32_t n = (int32_t)((turns + ((uint64_t)1 << 61)) >> 62);
  const double left = (double)(int64_t)(turns - ((uint64_t)n << 62)) * (HALF_PI / 4611686018427387904.0);
  *rest = x < 0 ? -left : left;
  return x < 0 ? -n & 3 : n & 3;
}
ELEMENTARY double sine_within(double r) {
  const double s = r * r;
  return r +
         r * s *
             (-1.0 / 6 + s * (1.0 / 120 + s * (-1.0 / 5040 + s * (1.0 / 362880 + s * (-1.0 / 39916800)))));
}
ELEMENTARY double cosine_within(double r) {
  const double s = r * r;
  return 1 + s * (-0.5 + s * (1.0 / 24 + s * (-1.0 / 720 + s * (1.0 / 40320 + s * (-1.0 / 3628800 +
                                                                                   s * (1.0 / 479001600))))));
}
/* sin(x + quarters pi / 2), and sin x / cos x. */
ELEMENTARY float sine_turned(float x, int32_t quarters) {
  double rest;
  if (!(magnitude_f32(x) < float_of_bits(0x7F800000u))) return float_of_bits(0x7FC00000u);
  const int32_t n = (quarter_turns(x, &rest) + quarters) & 3;
  const double value = (n & 1) != 0 ? cosine_within(rest) : sine_within(rest);
  return (float)(n > 1 ? -value : value);
}
ELEMENTARY float sin_of(float x) { return x == 0 ? x : sine_turned(x, 0); }
ELEMENTARY float tan_of(float x) {
  double rest;
  if (!(magnitude_f32(x) < float_of_bits(0x7F800000u))) return float_of_bits(0x7FC00000u);
  if (x == 0) return x;
  const int32_t n = quarter_turns(x, &rest);
  return (float)((n & 1) != 0 ? -cosine_within(rest) / sine_within(rest)
                              : sine_within(rest) / cosine_within(rest));
}

/* One step of Newton's from a float's root. */
ELEMENTARY double root_wide(double x) {
  const double root = (double)sqrt_f32((float)x);
  return root == 0 ? 0 : 0.5 * (root + x / root);
}
/* tan^-1 of x >= 0: beyond 1 by 1 / x, beyond tan(pi / 8) by (x - 1) / (x + 1), then Taylor's series. */
ELEMENTARY double arctangent(double x) {
  if (x > 1) return HALF_PI - arctangent(1 / x);
  if (x > 0.41421356237309503) return HALF_PI / 2 + arctangent((x - 1) / (x + 1));
  const double s = x * x;
  double sum = 1.0 / 25;
  for (int32_t k = 23; k > 0; k -= 2) sum = 1.0 / k - s * sum;
  return x * sum;
}
ELEMENTARY float atan_of(float x) { return signed_as((float)arctangent((double)magnitude_f32(x)), x); }
/* sin^-1 of 0 <= x <= 1 */
ELEMENTARY double arcsine(double x) {
  const double across = root_wide((1 - x) * (1 + x));
  return across == 0 ? HALF_PI : arctangent(x / across);
}
ELEMENTARY float asin_of(float x) {
  if (!(magnitude_f32(x) <= 1.0f)) return float_of_bits(0x7FC00000u);
  return signed_as((float)arcsine((double)magnitude_f32(x)), x);
}
ELEMENTARY float acos_of(float x) {
  if (!(magnitude_f32(x) <= 1.0f)) return float_of_bits(0x7FC00000u);
  const double up = arcsine((double)magnitude_f32(x));
  return (float)(x < 0 ? HALF_PI + up : HALF_PI - up);
}

/* e^x of 0 <= x <= 100 */
ELEMENTARY double exp_wide(double x) {
  const int32_t n = (int32_t)(x * 1.44269504088896341 + 0.5);
  const double r = x - n * 0.69314718055994531;
  double sum = 1;
  for (int32_t k = 13; k > 0; --k) sum = 1 + r / k * sum;
  for (int32_t k = 0; k < n; ++k) sum += sum;
  return sum;
}
/* ln x of x >= 1 within a double: halved until it is within sqrt(2), then 2 artanh((x - 1) / (x + 1)). */
ELEMENTARY double log_wide(double x) {
  int32_t n = 0;
  for (; x > 1.4142135623730951; x *= 0.5) ++n;
  const double s = (x - 1) / (x + 1), square = s * s;
  double sum = 1.0 / 19;
  for (int32_t k = 17; k > 0; k -= 2) sum = 1.0 / k + square * sum;
  return n * 0.69314718055994531 + 2 * s * sum;
}
ELEMENTARY float sinh_of(float x) {
  const double a = (double)magnitude_f32(x), s = a * a;
  if (x != x) return x;
  if (a > 100) return signed_as(float_of_bits(0x7F800000u), x);
  if (a < 0.5)
    return signed_as((float)(a + a * s * (1.0 / 6 + s * (1.0 / 120 + s * (1.0 / 5040 + s * (1.0 / 362880))))),
                     x);
  const double power = exp_wide(a);
  return signed_as((float)((power - 1 / power) / 2), x);
}
ELEMENTARY float cosh_of(float x) {
  if (x != x) return x;
  if (magnitude_f32(x) > 100.0f) return float_of_bits(0x7F800000u);
  const double power = exp_wide((double)magnitude_f32(x));
  return (float)((power + 1 / power) / 2);
}
ELEMENTARY float asinh_of(float x) {
  const double a = (double)magnitude_f32(x);
  if (!(magnitude_f32(x) < float_of_bits(0x7F800000u))) return x;
  if (a < 0.001) return signed_as((float)(a - a * a * a / 6), x);
  return signed_as((float)log_wide(a + (a > 1e8 ? a : root_wide(a * a + 1))), x);
}
ELEMENTARY float acosh_of(float x) {
  const double a = (double)x;
  if (!(x >= 1.0f)) return float_of_bits(0x7FC00000u);
  if (x == float_of_bits(0x7F800000u)) return x;
  return (float)log_wide(a + (a > 1e8 ? a : root_wide((a - 1) * (a + 1))));
}
ELEMENTARY float atanh_of(float x) {
  const double a = (double)magnitude_f32(x);
  if (!(magnitude_f32(x) <= 1.0f)) return float_of_bits(0x7FC00000u);
  if (magnitude_f32(x) == 1.0f) return signed_as(float_of_bits(0x7F800000u), x);
  if (a < 0.001) return signed_as((float)(a + a * a * a / 3), x);
  return signed_as((float)(log_wide((1 + a) / (1 - a)) / 2), x);
}

FUNCTION(sin, sin_of(x))
FUNCTION(cos, sine_turned(x, 1))
FUNCTION(tan, tan_of(x))
FUNCTION(asin, asin_of(x))
FUNCTION(acos, acos_of(x))
FUNCTION(atan, atan_of(x))
FUNCTION(sinh, sinh_of(x))
FUNCTION(cosh, cosh_of(x))
FUNCTION(asinh, asinh_of(x))
FUNCTION(acosh, acosh_of(x))
FUNCTION(atanh, atanh_of(x))
