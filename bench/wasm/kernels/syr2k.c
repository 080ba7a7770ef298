/* PolyBench syr2k: the lower half of C = alpha (A B^T + B A^T) + beta C. */
#include "kernel.h"

enum { N = SIZE(120, 24), M = SIZE(100, 22) };
static double A[N][M], B[N][M], C[N][N];

void KERNEL(init)(void) {
  for (i32 i = 0; i < N; i++) {
    for (i32 j = 0; j < M; j++) {
      A[i][j] = (double)((i * j + 1) % N) / N;
      B[i][j] = (double)((i * j + 2) % M) / M;
    }
    for (i32 j = 0; j < N; j++) C[i][j] = (double)((i * j + 3) % N) / M;
  }
}

static void syr2k(double A[N][M], double B[N][M], double C[N][N]) {
  const double alpha = 1.5, beta = 1.2;
  for (i32 i = 0; i < N; i++) {
    for (i32 j = 0; j <= i; j++) C[i][j] *= beta;
    for (i32 k = 0; k < M; k++)
      for (i32 j = 0; j <= i; j++) C[i][j] += A[j][k] * alpha * B[i][k] + B[j][k] * alpha * A[i][k];
  }
}

void KERNEL(run)(void) { syr2k(OPAQUE(A), OPAQUE(B), OPAQUE(C)); }

u64 KERNEL(checksum)(void) { return HASH(HASH_START, C); }
