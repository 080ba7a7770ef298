/* Elementary functions of our own, the same bits on every processor. Who includes this uses some. */
#define ELEMENTARY __attribute__((unused)) static

ELEMENTARY inline float float_of_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}
ELEMENTARY inline uint32_t bits_of_float(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}
ELEMENTARY inline float magnitude_f32(float x) { return float_of_bits(bits_of_float(x) & 0x7FFFFFFFu); }
/* `magnitude` with the sign of x. */
ELEMENTARY inline float signed_as(float magnitude, float x) {
  return float_of_bits(bits_of_float(magnitude) | (bits_of_float(x) & 0x80000000u));
}

/* e^x = 2^n e^r with |r| <= ln 2 / 2; ln 2 in two parts, Taylor's series in r. */
ELEMENTARY float exp_f32(float x) {
  if (x != x) return x;
  if (x > 89.0f) return float_of_bits(0x7F800000u);
  if (x < -104.0f) return 0;
  const float turns = x * 1.44269504088896341f;
  const int32_t n = (int32_t)(turns + (x < 0 ? -0.5f : 0.5f));
  const float r = (x - (float)n * 0.693359375f) - (float)n * -2.12194440e-4f;
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  /* In two steps: 2^n alone may be no float. */
  const int32_t half = n / 2;
  return ((p * (r * r) + r) + 1.0f) * float_of_bits((uint32_t)(half + 127) << 23) *
         float_of_bits((uint32_t)(n - half + 127) << 23);
}
/* e^x - 1 without losing the digits of a small x. */
ELEMENTARY float expm1_f32(float x) {
  if (magnitude_f32(x) >= 0.125f) return exp_f32(x) - 1.0f;
  return x + x * x * (0.5f + x * (1.0f / 6 + x * (1.0f / 24 + x * (1.0f / 120 + x * (1.0f / 720)))));
}
/* x = 2^n m with m within sqrt(1/2) and sqrt(2); ln m = 2 artanh((m - 1) / (m + 1)). */
ELEMENTARY float log_f32(float x) {
  if (x != x || x == float_of_bits(0x7F800000u)) return x;
  if (x == 0) return float_of_bits(0xFF800000u);
  if (x < 0) return float_of_bits(0x7FC00000u);
  int32_t n = 0;
  if (x < 1.17549435e-38f) {
    x *= 16777216.0f;
    n = -24;
  }
  const uint32_t bits = bits_of_float(x);
  n += (int32_t)(bits >> 23) - 127;
  float m = float_of_bits((bits & 0x7FFFFFu) | 0x3F800000u);
  if (m > 1.41421356f) {
    m *= 0.5f;
    ++n;
  }
  const float s = (m - 1.0f) / (m + 1.0f), square = s * s;
  const float series = square * (1.0f / 3 + square * (1.0f / 5 + square * (1.0f / 7 + square * (1.0f / 9))));
  return (float)n * 0.693359375f + ((float)n * -2.12194440e-4f + 2.0f * (s + s * series));
}
/* ln(1 + x); the quotient makes good what the sum loses. */
ELEMENTARY float log1p_f32(float x) {
  const float sum = 1.0f + x;
  return sum == 1.0f ? x : sum - 1.0f == x ? log_f32(sum) : log_f32(sum) * x / (sum - 1.0f);
}
/* The nearest float, digit by digit: 25 binary digits of the root, the last of which rounds. */
ELEMENTARY float sqrt_f32(float x) {
  if (!(x > 0) || x == float_of_bits(0x7F800000u)) return x < 0 ? float_of_bits(0x7FC00000u) : x;
  int32_t n = 0;
  if (x < 1.17549435e-38f) {
    x *= 16777216.0f;
    n = -24;
  }
  const uint32_t bits = bits_of_float(x);
  n += (int32_t)(bits >> 23) - 127;
  uint64_t rest = (uint64_t)((bits & 0x7FFFFFu) | 0x800000u) << (25 + (n & 1)), root = 0;
  for (uint64_t digit = (uint64_t)1 << 48; digit != 0; digit >>= 2) {
    if (rest >= root + digit) {
      rest -= root + digit;
      root = (root >> 1) + digit;
    } else {
      root >>= 1;
    }
  }
  return float_of_bits(((uint32_t)(root + 1) >> 1) + ((uint32_t)((n - (n & 1)) / 2 + 126) << 23));
}
/* The error function: Taylor's series within 1, beyond that Hastings' approximation of its complement. */
ELEMENTARY float erf_f32(float x) {
  const float a = magnitude_f32(x), square = x * x;
  if (a < 1.0f) {
    float p = 1.0f / 918086400.0f;
    p = 1.0f / 76204800.0f - square * p;
    p = 1.0f / 6894720.0f - square * p;
    p = 1.0f / 685440.0f - square * p;
    p = 1.0f / 75600.0f - square * p;
    p = 1.0f / 9360.0f - square * p;
    p = 1.0f / 1320.0f - square * p;
    p = 1.0f / 216.0f - square * p;
    p = 1.0f / 42.0f - square * p;
    p = 1.0f / 10.0f - square * p;
    p = 1.0f / 3.0f - square * p;
    return 1.12837917f * (x - x * square * p);
  }
  const float t = 1.0f / (1.0f + 0.3275911f * a);
  const float tail =
      t * (0.254829592f + t * (-0.284496736f + t * (1.421413741f + t * (-1.453152027f + t * 1.061405429f))));
  return x != x ? x : signed_as(1.0f - tail * exp_f32(-square), x);
}

ELEMENTARY float sigmoid_of(float x) {
  const float power = exp_f32(-magnitude_f32(x));
  return x < 0 ? power / (1.0f + power) : 1.0f / (1.0f + power);
}
ELEMENTARY float tanh_of(float x) {
  const float power = expm1_f32(-2.0f * magnitude_f32(x));
  return signed_as(-power / (power + 2.0f), x);
}
ELEMENTARY float softplus_of(float x) { return (x > 0 ? x : 0) + log1p_f32(exp_f32(-magnitude_f32(x))); }
/* The whole number at or below x. */
ELEMENTARY float floor_of(float x) {
  if (!(magnitude_f32(x) < 8388608.0f)) return x;
  const float whole = (float)(int32_t)x;
  return signed_as(whole > x ? whole - 1.0f : whole, x);
}
