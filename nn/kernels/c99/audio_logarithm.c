/* ln x * scale, for x >= 1: log2 by its integer part and a table of the fraction. */
static inline uint32_t audio_log(uint32_t x, uint32_t scale) {
  /* log2(1 + i / 128) - i / 128 in 16 bits behind the point. */
  static const uint16_t curve[129] = {
      0,    224,  442,  654,  861,  1063, 1259, 1450, 1636, 1817, 1992, 2163, 2329, 2490, 2646, 2797, 2944,
      3087, 3224, 3358, 3487, 3611, 3732, 3848, 3960, 4068, 4172, 4272, 4368, 4460, 4549, 4633, 4714, 4791,
      4864, 4934, 5001, 5063, 5123, 5178, 5231, 5280, 5326, 5368, 5408, 5444, 5477, 5507, 5533, 5557, 5578,
      5595, 5610, 5622, 5631, 5637, 5640, 5641, 5638, 5633, 5626, 5615, 5602, 5586, 5568, 5547, 5524, 5498,
      5470, 5439, 5406, 5370, 5332, 5291, 5249, 5203, 5156, 5106, 5054, 5000, 4944, 4885, 4825, 4762, 4697,
      4630, 4561, 4490, 4416, 4341, 4264, 4184, 4103, 4020, 3935, 3848, 3759, 3668, 3575, 3481, 3384, 3286,
      3186, 3084, 2981, 2875, 2768, 2659, 2549, 2437, 2323, 2207, 2090, 1971, 1851, 1729, 1605, 1480, 1353,
      1224, 1094, 963,  830,  695,  559,  421,  282,  142,  0};
  const uint32_t half = 1 << 15, ln_2 = 45426;
  const int32_t power = bits_of(x) - 1;
  const uint32_t above = x - ((uint32_t)1 << power);
  const int32_t fraction = (int32_t)(power < 16 ? above << (16 - power) : above >> (power - 16));
  const int32_t segment = fraction >> 9, from = curve[segment], to = curve[segment + 1];
  const int32_t bent = from + ((to - from) * (fraction - (segment << 9)) >> 16);
  const uint32_t log2 = ((uint32_t)power << 16) + (uint32_t)(fraction + bent);
  const uint32_t natural = (uint32_t)(((uint64_t)ln_2 * log2 + half) >> 16);
  return (scale * natural + half) >> 16;
}
/* The logarithm of x << shift, 0 for 0 and 1. */
static void audio_logarithm(const uint32_t* x, int32_t count, int32_t shift, uint32_t scale, int16_t* out) {
  for (int32_t i = 0; i < count; ++i) {
    const uint32_t scaled = x[i] << shift, value = scaled > 1 ? audio_log(scaled, scale) : 0;
    out[i] = (int16_t)(value < 32767 ? value : 32767);
  }
}
