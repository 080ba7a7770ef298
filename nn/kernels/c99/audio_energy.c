/* Squares of the complex numbers whose place in their row of `bins` is in [first, end), 0 elsewhere. */
static void audio_energy(const int16_t* x, int32_t count, int32_t bins, int32_t first, int32_t end,
                         uint32_t* out) {
  for (int32_t i = 0; i < count; ++i) {
    const int32_t real = x[2 * i], imaginary = x[2 * i + 1];
    const int32_t inside = i % bins >= first && i % bins < end;
    out[i] = inside ? (uint32_t)(real * real) + (uint32_t)(imaginary * imaginary) : 0;
  }
}
