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

void KERNEL(run)(void) {
  for (i32 i = 0; i < M; i++) {
    for (i32 j = 0; j < N; j++) C[i][j] = 0;
    for (i32 k = 0; k < K; k++)
      for (i32 j = 0; j < N; j++) C[i][j] += A[i][k] * B[k][j];
  }
}

u64 KERNEL(checksum)(void) { return HASH(HASH_START, C); }
