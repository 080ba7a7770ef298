/* PolyBench trmm: B = alpha A^T B, A unit lower triangular. */
#include "kernel.h"

enum { M = SIZE(130, 28), N = SIZE(150, 30) };
static double A[M][M], B[M][N];

void KERNEL(init)(void) {
  for (i32 i = 0; i < M; i++) {
    for (i32 j = 0; j < i; j++) A[i][j] = (double)((i + j) % M) / M;
    A[i][i] = 1;
    for (i32 j = 0; j < N; j++) B[i][j] = (double)((N + i - j) % N) / N;
  }
}

static void trmm(double A[M][M], double B[M][N]) {
  const double alpha = 1.5;
  for (i32 i = 0; i < M; i++)
    for (i32 j = 0; j < N; j++) {
      for (i32 k = i + 1; k < M; k++) B[i][j] += A[k][i] * B[k][j];
      B[i][j] = alpha * B[i][j];
    }
}

void KERNEL(run)(void) { trmm(OPAQUE(A), OPAQUE(B)); }

u64 KERNEL(checksum)(void) { return HASH(HASH_START, B); }
