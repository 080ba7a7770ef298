/* A quantised fully connected layer: the dot product of one int8 vector with every row of a matrix. */
#include "kernel.h"

enum { ROWS = SIZE(256, 24), N = SIZE(1024, 512), ROUNDS = SIZE(8, 4) };
static i8 matrix[ROWS][N], vector[N];
static i32 sums[ROWS];

void KERNEL(init)(void) {
  u32 seed = 54321;
  for (i32 i = 0; i < N; i++) vector[i] = (i8)((seed = seed * 1664525u + 1013904223u) >> 24);
  for (i32 r = 0; r < ROWS; r++) {
    sums[r] = 0;
    for (i32 i = 0; i < N; i++) matrix[r][i] = (i8)((seed = seed * 1664525u + 1013904223u) >> 24);
  }
}

static i32 dot(const i8* a, const i8* b, i32 n) {
  i32 sum = 0;
  for (i32 i = 0; i < n; i++) sum += a[i] * b[i];
  return sum;
}

/* Each round's vector depends on the round before, so that none can be left out. */
void KERNEL(run)(void) {
  const i32 n = RUNTIME((i32)N);
  for (i32 round = 0; round < ROUNDS; round++)
    for (i32 r = 0; r < ROWS; r++) {
      sums[r] += dot(matrix[r], vector, n);
      vector[(r * 7 + round) % N] = (i8)sums[r];
    }
}

u64 KERNEL(checksum)(void) { return HASH(HASH_START, sums); }
