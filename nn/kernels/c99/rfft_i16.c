static inline int16_t rfft_rounded(int32_t value) { return (int16_t)((value + (1 << 14)) >> 15); }
static inline int16_t rfft_wrapped(int32_t value) { return (int16_t)(uint16_t)value; }
static inline complex_i16 rfft_of(int32_t real, int32_t imaginary) {
  complex_i16 made;
  made.real = rfft_wrapped(real);
  made.imaginary = rfft_wrapped(imaginary);
  return made;
}
static inline complex_i16 rfft_times(complex_i16 a, complex_i16 b) {
  return rfft_of(rfft_rounded(a.real * b.real - a.imaginary * b.imaginary),
                 rfft_rounded(a.real * b.imaginary + a.imaginary * b.real));
}
static inline complex_i16 rfft_plus(complex_i16 a, complex_i16 b) {
  return rfft_of(a.real + b.real, a.imaginary + b.imaginary);
}
static inline complex_i16 rfft_minus(complex_i16 a, complex_i16 b) {
  return rfft_of(a.real - b.real, a.imaginary - b.imaginary);
}
static inline complex_i16 rfft_divided(complex_i16 a, int32_t by) {
  return rfft_of(rfft_rounded(a.real * (32767 / by)), rfft_rounded(a.imaginary * (32767 / by)));
}

/* A complex sample is two real ones. */
static inline int16_t rfft_sample(const rfft_input* in, int32_t index) {
  return index < in->count ? in->samples[index] : 0;
}

/* One stage: `part` butterflies of 2 or 4 of the points at x. Its turns lie 2 * stride apart in a circle of
 * `length`. */
static void rfft_stage(const rfft_input* in, complex_i16* x, int32_t radix, int32_t part, int32_t stride) {
  for (int32_t k = 0; k < part; ++k, ++x) {
    complex_i16 y[4];
    for (int32_t i = 0; i < radix; ++i) {
      y[i] = rfft_divided(x[i * part], radix);
      if (i > 0) y[i] = rfft_times(y[i], rfft_turn(in, 2 * i * k * stride));
    }
    if (radix == 2) {
      x[part] = rfft_minus(y[0], y[1]);
      x[0] = rfft_plus(y[0], y[1]);
      continue;
    }
    const complex_i16 even = rfft_plus(y[0], y[2]), odd = rfft_minus(y[0], y[2]);
    const complex_i16 sum = rfft_plus(y[1], y[3]), difference = rfft_minus(y[1], y[3]);
    x[0] = rfft_plus(even, sum);
    x[2 * part] = rfft_minus(even, sum);
    x[part] = rfft_of(odd.real + difference.imaginary, odd.imaginary - difference.real);
    x[3 * part] = rfft_of(odd.real - difference.imaginary, odd.imaginary + difference.real);
  }
}

/* Every `stride`-th complex sample from `first` on, transformed: in order of frequency. */
static void rfft_complex(const rfft_input* in, int32_t first, int32_t stride, complex_i16* out) {
  const int32_t points = in->length / 2 / stride;
  if (points == 1) {
    *out = rfft_of(rfft_sample(in, 2 * first), rfft_sample(in, 2 * first + 1));
    return;
  }
  const int32_t radix = points % 4 == 0 ? 4 : 2, part = points / radix;
  for (int32_t i = 0; i < radix; ++i) rfft_complex(in, first + i * stride, stride * radix, out + i * part);
  rfft_stage(in, out, radix, part, stride);
}

/* length / 2 + 1 complex numbers, divided by `length`, a power of two from 4 on. */
static void rfft_i16(const int16_t* samples, int32_t count, int32_t length, const int16_t* turns,
                     int16_t* out) {
  const rfft_input in = {samples, count, length, turns};
  const int32_t points = length / 2;
  complex_i16* bins = (complex_i16*)out;
  rfft_complex(&in, 0, 1, bins);
  /* The halves of the spectrum of pairs are taken apart into the spectrum of the samples. */
  const complex_i16 zero = rfft_divided(bins[0], 2);
  for (int32_t k = 1; k <= points / 2; ++k) {
    const complex_i16 mirrored = rfft_of(bins[points - k].real, -bins[points - k].imaginary);
    const complex_i16 a = rfft_divided(bins[k], 2), b = rfft_divided(mirrored, 2);
    const complex_i16 sum = rfft_plus(a, b),
                      turn = rfft_times(rfft_minus(a, b), rfft_turn(&in, k + points / 2));
    bins[k] = rfft_of((sum.real + turn.real) >> 1, (sum.imaginary + turn.imaginary) >> 1);
    bins[points - k] = rfft_of((sum.real - turn.real) >> 1, (turn.imaginary - sum.imaginary) >> 1);
  }
  bins[0] = rfft_of(zero.real + zero.imaginary, 0);
  bins[points] = rfft_of(zero.real - zero.imaginary, 0);
}
