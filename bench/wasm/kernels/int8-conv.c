/* A quantised 3x3 convolution as inference runs it: int8 image and weights, int32 sums, a fixed-point
   multiplier and a shift back to int8. */
#include "kernel.h"

enum { SIDE = SIZE(32, 12), IN = 16, OUT = SIZE(32, 16) };
static i8 image[SIDE + 2][SIDE + 2][IN], weights[OUT][3][3][IN], result[SIDE][SIDE][OUT];
static i32 bias[OUT], multiplier[OUT];

void KERNEL(init)(void) {
  u32 seed = 12345;
  i8* const parts[] = {&image[0][0][0], &weights[0][0][0][0]};
  const u32 sizes[] = {sizeof image, sizeof weights};
  for (i32 part = 0; part < 2; part++)
    for (u32 i = 0; i < sizes[part]; i++) {
      seed = seed * 1664525u + 1013904223u;
      parts[part][i] = (i8)(seed >> 24);
    }
  for (i32 o = 0; o < OUT; o++) {
    bias[o] = o * 37 - 500;
    multiplier[o] = 1 << 20 | o << 10;
  }
}

static i8 requantise(i32 sum, i32 factor) {
  i32 value = (i32)(((long long)sum * factor + (1ll << 30)) >> 31);
  if (value < -128) value = -128;
  if (value > 127) value = 127;
  return (i8)value;
}

void KERNEL(run)(void) {
  for (i32 y = 0; y < SIDE; y++)
    for (i32 x = 0; x < SIDE; x++)
      for (i32 o = 0; o < OUT; o++) {
        i32 sum = bias[o];
        for (i32 dy = 0; dy < 3; dy++)
          for (i32 dx = 0; dx < 3; dx++)
            for (i32 c = 0; c < IN; c++) sum += image[y + dy][x + dx][c] * weights[o][dy][dx][c];
        result[y][x][o] = requantise(sum, multiplier[o]);
      }
}

u64 KERNEL(checksum)(void) { return HASH(HASH_START, result); }
