/* x / (bias + alpha * the mean of squares over `size` channels)^beta; images of `pixels` each, outermost
 * [batch, channels]. */
static void local_response_f32(const float* x, int32_t batch, int32_t channels, int32_t pixels, int32_t size,
                               float alpha, float beta, float bias, float* out) {
  for (int32_t n = 0; n < batch; ++n, x += channels * pixels)
    for (int32_t channel = 0; channel < channels; ++channel) {
      const int32_t low = channel - (size - 1) / 2, high = channel + size / 2;
      for (int32_t i = 0; i < pixels; ++i) {
        float squares = 0;
        for (int32_t c = low < 0 ? 0 : low; c <= high && c < channels; ++c)
          squares += x[c * pixels + i] * x[c * pixels + i];
        const float base = bias + alpha / (float)size * squares;
        *out++ = x[channel * pixels + i] * exp_f32(-beta * log_f32(base));
      }
    }
}
