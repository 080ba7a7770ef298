/* The first factor is that of values from 0 on, the second that of those below. */
static void leaky_relu_wide(const int16_t* x, int32_t count, const int32_t* factors, int16_t* out) {
  for (int32_t i = 0; i < count; ++i)
    out[i] = (int16_t)within(rescale_twice(x[i], factors + (x[i] >= 0 ? 0 : 2)), -32768, 32767);
}
