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

void KERNEL(run)(void) {
  for (i32 i = 0; i < N; i++)
    for (i32 j = 0; j < N; j++) x1[i] += A[i][j] * y1[j];
  for (i32 i = 0; i < N; i++)
    for (i32 j = 0; j < N; j++) x2[i] += A[j][i] * y2[j];
}

u64 KERNEL(checksum)(void) { return HASH(HASH(HASH_START, x1), x2); }
