static void audio_scale_up(const int16_t* x, int32_t count, const int32_t* bits, int16_t* out) {
  for (int32_t i = 0; i < count; ++i) out[i] = (int16_t)(uint16_t)((uint32_t)(uint16_t)x[i] << (*bits & 15));
}
