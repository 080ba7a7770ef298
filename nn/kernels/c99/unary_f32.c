static void unary_f32(const float* x, int32_t count, float (*f)(float, float, float), float p, float q,
                      float* out) {
  for (int32_t i = 0; i < count; ++i) out[i] = f(x[i], p, q);
}
