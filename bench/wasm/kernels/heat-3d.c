/* PolyBench heat-3d: the heat equation in a cube. */
#include "kernel.h"

enum { N = SIZE(32, 10), STEPS = SIZE(20, 4) };
static double A[N][N][N], B[N][N][N];

void KERNEL(init)(void) {
  for (i32 i = 0; i < N; i++)
    for (i32 j = 0; j < N; j++)
      for (i32 k = 0; k < N; k++) A[i][j][k] = B[i][j][k] = (double)(i + j + (N - k)) * 10 / N;
}

static void step(double to[N][N][N], double from[N][N][N]) {
  for (i32 i = 1; i < N - 1; i++)
    for (i32 j = 1; j < N - 1; j++)
      for (i32 k = 1; k < N - 1; k++)
        to[i][j][k] = 0.125 * (from[i + 1][j][k] - 2.0 * from[i][j][k] + from[i - 1][j][k]) +
                      0.125 * (from[i][j + 1][k] - 2.0 * from[i][j][k] + from[i][j - 1][k]) +
                      0.125 * (from[i][j][k + 1] - 2.0 * from[i][j][k] + from[i][j][k - 1]) + from[i][j][k];
}

void KERNEL(run)(void) {
  for (i32 t = 0; t < STEPS; t++) {
    step(OPAQUE(B), OPAQUE(A));
    step(OPAQUE(A), OPAQUE(B));
  }
}

u64 KERNEL(checksum)(void) { return HASH(HASH_START, A); }
