/* PolyBench mvt: x1 += A y1 and x2 += A^T y2. */
#include "kernel.h"

enum { N = SIZE(400, 40) };
static double A[N][N], x1[N], x2[N], y1[N], y2[N];

void KERNEL(init)(void) {
  for (i32 i = 0; i < N; i++) {
    x1[i] = (double)(i % N) / N;
    x2[i] = (double)((i + 1) % N) / N;
    y1[i] = (double)((i + 3) % N) / N;
    y2[i] = (double)((i + 4) % N) / N;
    for (i32 j = 0; j < N; j++) A[i][j] = (double)(i * j % N) / N;
  }
}

static void mvt(double A[N][N], double x1[N], double x2[N], double y1[N], double y2[N]) {
  for (i32 i = 0; i < N; i++)
    for (i32 j = 0; j < N; j++) x1[i] += A[i][j] * y1[j];
  for (i32 i = 0; i < N; i++)
    for (i32 j = 0; j < N; j++) x2[i] += A[j][i] * y2[j];
}

void KERNEL(run)(void) { mvt(OPAQUE(A), OPAQUE(x1), OPAQUE(x2), OPAQUE(y1), OPAQUE(y2)); }

u64 KERNEL(checksum)(void) { return HASH(HASH(HASH_START, x1), x2); }
