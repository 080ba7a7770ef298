/* Sums of energies by bands: a bin counts for its band by its weight and for the next one by the complement.
 * The first of the channels + 1 bands is dropped, since only its complements count. Bins and weights outside
 * their tables end a band. */
static void audio_filter_bank(const uint32_t* x, int32_t bins, const int16_t* weights,
                              const int16_t* complements, int32_t weight_count, const int16_t* first_bins,
                              const int16_t* first_weights, const int16_t* widths, int32_t channels,
                              uint64_t* out) {
  uint64_t carried = 0;
  for (int32_t band = 0; band <= channels; ++band) {
    uint64_t sum = carried, next = 0;
    for (int32_t j = 0; j < widths[band]; ++j) {
      const int32_t bin = first_bins[band] + j, weight = first_weights[band] + j;
      if (bin < 0 || bin >= bins || weight < 0 || weight >= weight_count) break;
      sum += (uint64_t)(int64_t)weights[weight] * x[bin];
      next += (uint64_t)(int64_t)complements[weight] * x[bin];
    }
    if (band > 0) out[band - 1] = sum;
    carried = next;
  }
}
