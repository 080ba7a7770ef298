/* The state becomes x << shift smoothed, which is the output too. `how` is what the operator says: bits of
 * smoothing [1], coefficients of new and old for even channels [2, 3] and for odd ones [4, 5], whether the
 * estimate is bounded by the signal [6], bits of the coefficients [8]. */
static void audio_noise(const uint32_t* x, int32_t count, const int32_t* how, uint32_t* state,
                        uint32_t* out) {
  for (int32_t i = 0; i < count; ++i) {
    const uint64_t fresh = (uint64_t)how[i % 2 == 0 ? 2 : 4], old = (uint64_t)how[i % 2 == 0 ? 3 : 5];
    const uint32_t signal = x[i] << how[1];
    uint32_t noise = (uint32_t)((signal * fresh + state[i] * old) >> how[8]);
    if (how[6] != 0 && noise > signal) noise = signal;
    state[i] = out[i] = noise;
  }
}
