/* e^(-2 pi i index / length), from the table of the transform. */
static inline complex_i16 rfft_turn(const rfft_input* in, int32_t index) {
  complex_i16 turn;
  memcpy(&turn, in->turns + 2 * index, sizeof turn);
  return turn;
}
