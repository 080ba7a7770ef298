/* C = A B in single precision, each element a sum in order of k. */
#include "kernel.h"

enum { M = SIZE(160, 32), N = SIZE(160, 32), K = SIZE(160, 32) };
static float A[M][K], B[K][N], C[M][N];

void KERNEL(init)(void) {
  for (i32 i = 0; i < M; i++)
    for (i32 k = 0; k < K; k++) A[i][k] = (float)((i * k + 1) % 31) / 31 - 0.5f;
  for (i32 k = 0; k < K; k++)
    for (i32 j = 0; j < N; j++) B[k][j] = (float)((k + j * 3) % 29) / 29 - 0.5f;
}

static void matmul(i32 m, i32 n, i32 k, const float* a, const float* b, float* c) {
  for (i32 i = 0; i < m; i++) {
    for (i32 j = 0; j < n; j++) c[i * n + j] = 0;
    for (i32 p = 0; p < k; p++)
      for (i32 j = 0; j < n; j++) c[i * n + j] += a[i * k + p] * b[p * n + j];
  }
}

void KERNEL(run)(void) {
  matmul(RUNTIME((i32)M), RUNTIME((i32)N), RUNTIME((i32)K), OPAQUE(A[0]), OPAQUE(B[0]), OPAQUE(C[0]));
}

u64 KERNEL(checksum)(void) { return HASH(HASH_START, C); }
