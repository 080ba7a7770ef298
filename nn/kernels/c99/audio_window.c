/* The microphone front end of TensorFlow Lite Micro, step by step, in its integers: x * window >> shift,
 * saturated; the window repeats along x. */
static void audio_window(const int16_t* x, int32_t count, const int16_t* window_of_row, int32_t length,
                         int32_t shift, int16_t* out) {
  for (int32_t i = 0; i < count; ++i) {
    const int32_t value = x[i] * window_of_row[i % length] >> shift;
    out[i] = (int16_t)(value < -32768 ? -32768 : value > 32767 ? 32767 : value);
  }
}
