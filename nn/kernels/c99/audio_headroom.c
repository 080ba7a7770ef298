/* By how many bits the largest sample can be shifted up. */
static int32_t audio_headroom(const int16_t* x, int32_t count) {
  int32_t largest = 0;
  for (int32_t i = 0; i < count; ++i)
    if (x[i] > largest || -x[i] > largest) largest = x[i] < 0 ? -x[i] : x[i];
  const int32_t used = bits_of((uint32_t)largest);
  return used == 0 || used > 15 ? 0 : 15 - used;
}
