static void fully_connected_f32(const float* x, int32_t batch, int32_t inputs, const float* w,
                                const float* bias, int32_t outputs, float low, float high, float* out) {
  for (; batch > 0; --batch, x += inputs)
    for (int32_t o = 0; o < outputs; ++o)
      *out++ = bounded(dot_f32(x, w + o * inputs, inputs, bias[o]), low, high);
}
