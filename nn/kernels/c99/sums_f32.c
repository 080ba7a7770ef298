/* Of sums that were taken in double precision: their root and logarithm, and the terms of a sum of powers. */
ELEMENTARY float root_of_sum(double sum) {
  /* Times 2^80 or 2^-80 where a float would not hold it. */
  if (sum > 1e30) return sqrt_f32((float)(sum * 8.271806125530277e-25)) * 1099511627776.0f;
  if (sum < 1e-30) return sqrt_f32((float)(sum * 1.2089258196146292e24)) * 9.094947017729282e-13f;
  return sqrt_f32((float)sum);
}
ELEMENTARY float log_of_sum(double sum) {
  if (sum > 1e30) return log_f32((float)(sum * 8.271806125530277e-25)) + 55.4517744f;
  return log_f32((float)sum);
}
/* e^(x - top), top being the largest of all x; infinite ones count as 1. */
ELEMENTARY float exp_below(float x, float top) {
  if (magnitude_f32(top) == float_of_bits(0x7F800000u)) return x == top ? 1.0f : 0.0f;
  return exp_f32(x - top);
}
