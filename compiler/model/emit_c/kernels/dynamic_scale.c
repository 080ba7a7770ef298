/* The scale of each row by the range that it has just now, 0 in it. */
static void dynamic_scale(const float* x, int32_t rows, int32_t columns, int symmetric, float* out) {
  for (; rows > 0; --rows, x += columns, out += 2) {
    float low = 0, high = 0;
    for (int32_t i = 0; i < columns; ++i) {
      if (x[i] < low) low = x[i];
      if (x[i] > high) high = x[i];
    }
    if (low < -1e30f) low = -1e30f;
    if (high > 1e30f) high = 1e30f;
    const float magnitude = -low > high ? -low : high;
    out[0] = 1;
    out[1] = 0;
    if (magnitude < 1e-30f) continue;
    out[0] = symmetric ? magnitude / 127.0f : (high - low) / 255.0f;
    if (symmetric) continue;
    /* both ends suggest a zero point; the one nearer to zero is rounded less */
    const float from_low = -128.0f - low / out[0], from_high = 127.0f - high / out[0];
    const float zero = 128.0f - low / out[0] < 127.0f + high / out[0] ? from_low : from_high;
    out[1] = zero <= -128.0f ? -128.0f : zero >= 127.0f ? 127.0f : (float)round_away(zero);
  }
}
