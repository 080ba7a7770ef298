/* The real transform of int16 samples in the arithmetic of kiss_fft with 16 bits (Borgerding): fixed point,
 * radix 4 where it divides, every stage scaled down and rounded. */
typedef struct {
  int16_t real, imaginary;
} complex_i16;

typedef struct {
  const int16_t* samples;
  int32_t count, length; /* samples; points of the transform, those beyond the samples being zero */
  const int16_t* turns;  /* what rfft_turn reads */
} rfft_input;
