/* x less the noise, of which at least a share [7] of x remains; `how` as of audio_noise. */
static void audio_subtract(const uint32_t* x, int32_t count, const int32_t* how, const uint32_t* noise,
                           uint32_t* out) {
  for (int32_t i = 0; i < count; ++i) {
    const uint32_t signal = x[i] << how[1];
    const uint32_t left = (signal - (noise[i] > signal ? signal : noise[i])) >> how[1];
    const uint32_t at_least = (uint32_t)((x[i] * (uint64_t)how[7]) >> how[8]);
    out[i] = left > at_least ? left : at_least;
  }
}
