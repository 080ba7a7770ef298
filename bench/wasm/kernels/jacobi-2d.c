/* PolyBench jacobi-2d: five-point stencil between two grids. */
#include "kernel.h"

enum { N = SIZE(180, 30), STEPS = SIZE(30, 6) };
static double A[N][N], B[N][N];

void KERNEL(init)(void) {
  for (i32 i = 0; i < N; i++)
    for (i32 j = 0; j < N; j++) {
      A[i][j] = ((double)i * (j + 2) + 2) / N;
      B[i][j] = ((double)i * (j + 3) + 3) / N;
    }
}

static void jacobi_2d(double A[N][N], double B[N][N]) {
  for (i32 t = 0; t < STEPS; t++) {
    for (i32 i = 1; i < N - 1; i++)
      for (i32 j = 1; j < N - 1; j++)
        B[i][j] = 0.2 * (A[i][j] + A[i][j - 1] + A[i][1 + j] + A[1 + i][j] + A[i - 1][j]);
    for (i32 i = 1; i < N - 1; i++)
      for (i32 j = 1; j < N - 1; j++)
        A[i][j] = 0.2 * (B[i][j] + B[i][j - 1] + B[i][1 + j] + B[1 + i][j] + B[i - 1][j]);
  }
}

void KERNEL(run)(void) { jacobi_2d(OPAQUE(A), OPAQUE(B)); }

u64 KERNEL(checksum)(void) { return HASH(HASH_START, A); }
