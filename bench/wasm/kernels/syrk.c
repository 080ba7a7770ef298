/* PolyBench syrk: the lower half of C = alpha A A^T + beta C. */
#include "kernel.h"

enum { N = SIZE(140, 28), M = SIZE(120, 26) };
static double A[N][M], C[N][N];

void KERNEL(init)(void) {
  for (i32 i = 0; i < N; i++) {
    for (i32 j = 0; j < M; j++) A[i][j] = (double)((i * j + 1) % N) / N;
    for (i32 j = 0; j < N; j++) C[i][j] = (double)((i * j + 2) % M) / M;
  }
}

static void syrk(double A[N][M], double C[N][N]) {
  const double alpha = 1.5, beta = 1.2;
  for (i32 i = 0; i < N; i++) {
    for (i32 j = 0; j <= i; j++) C[i][j] *= beta;
    for (i32 k = 0; k < M; k++)
      for (i32 j = 0; j <= i; j++) C[i][j] += alpha * A[i][k] * A[j][k];
  }
}

void KERNEL(run)(void) { syrk(OPAQUE(A), OPAQUE(C)); }

u64 KERNEL(checksum)(void) { return HASH(HASH_START, C); }
