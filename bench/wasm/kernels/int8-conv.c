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

typedef struct Shape {
  i32 height, width, in, out, side;
} Shape;

/* `input` has a border of side / 2 on each edge. */
static void convolve(const Shape* shape, const i8* input, const i8* filter, const i32* offsets,
                     const i32* factors, i8* output) {
  const i32 in = shape->in, side = shape->side, row = (shape->width + side - 1) * in;
  for (i32 y = 0; y < shape->height; y++)
    for (i32 x = 0; x < shape->width; x++)
      for (i32 o = 0; o < shape->out; o++) {
        i32 sum = offsets[o];
        for (i32 dy = 0; dy < side; dy++)
          for (i32 dx = 0; dx < side; dx++) {
            const i8* const pixel = input + (y + dy) * row + (x + dx) * in;
            const i8* const weight = filter + ((o * side + dy) * side + dx) * in;
            for (i32 c = 0; c < in; c++) sum += pixel[c] * weight[c];
          }
        output[(y * shape->width + x) * shape->out + o] = requantise(sum, factors[o]);
      }
}

void KERNEL(run)(void) {
  const Shape shape = {RUNTIME((i32)SIDE), RUNTIME((i32)SIDE), RUNTIME((i32)IN), RUNTIME((i32)OUT),
                       RUNTIME(3)};
  convolve(&shape, OPAQUE(image[0][0]), OPAQUE(weights[0][0][0]), OPAQUE(bias), OPAQUE(multiplier),
           OPAQUE(result[0][0]));
}

u64 KERNEL(checksum)(void) { return HASH(HASH_START, result); }
