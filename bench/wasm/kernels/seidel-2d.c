/* PolyBench seidel-2d: nine-point stencil in place. */
#include "kernel.h"

enum { N = SIZE(140, 40), STEPS = SIZE(16, 4) };
static double A[N][N];

void KERNEL(init)(void) {
  for (i32 i = 0; i < N; i++)
    for (i32 j = 0; j < N; j++) A[i][j] = ((double)i * (j + 2) + 2) / N;
}

static void seidel_2d(double A[N][N]) {
  for (i32 t = 0; t < STEPS; t++)
    for (i32 i = 1; i < N - 1; i++)
      for (i32 j = 1; j < N - 1; j++)
        A[i][j] = (A[i - 1][j - 1] + A[i - 1][j] + A[i - 1][j + 1] + A[i][j - 1] + A[i][j] + A[i][j + 1] +
                   A[i + 1][j - 1] + A[i + 1][j] + A[i + 1][j + 1]) /
                  9.0;
}

void KERNEL(run)(void) { seidel_2d(OPAQUE(A)); }

u64 KERNEL(checksum)(void) { return HASH(HASH_START, A); }
