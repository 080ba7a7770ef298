/* sum + x[0] w[0] + x[1] w[1] + ..., rounded after every product and every sum. */
static float dot_f32(const float* x, const float* w, int32_t count, float sum) {
  for (int32_t k = 0; k < count; ++k) sum += x[k] * w[k];
  return sum;
}
