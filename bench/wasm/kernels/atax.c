/* PolyBench atax: y = A^T (A x). */
#include "kernel.h"

enum { M = SIZE(380, 38), N = SIZE(420, 42) };
static double A[M][N], x[N], y[N], t[M];

void KERNEL(init)(void) {
  for (i32 j = 0; j < N; j++) x[j] = 1 + (double)j / N;
  for (i32 i = 0; i < M; i++)
    for (i32 j = 0; j < N; j++) A[i][j] = (double)((i + j) % N) / (5 * M);
}

static void atax(double A[M][N], double x[N], double y[N], double t[M]) {
  for (i32 j = 0; j < N; j++) y[j] = 0;
  for (i32 i = 0; i < M; i++) {
    t[i] = 0;
    for (i32 j = 0; j < N; j++) t[i] += A[i][j] * x[j];
    for (i32 j = 0; j < N; j++) y[j] += A[i][j] * t[i];
  }
}

void KERNEL(run)(void) { atax(OPAQUE(A), OPAQUE(x), OPAQUE(y), OPAQUE(t)); }

u64 KERNEL(checksum)(void) { return HASH(HASH_START, y); }
