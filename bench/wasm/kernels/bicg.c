/* PolyBench bicg: s = r A and q = A p. */
#include "kernel.h"

enum { M = SIZE(390, 38), N = SIZE(410, 42) };
static double A[N][M], s[M], q[N], p[M], r[N];

void KERNEL(init)(void) {
  for (i32 j = 0; j < M; j++) p[j] = (double)(j % M) / M;
  for (i32 i = 0; i < N; i++) {
    r[i] = (double)(i % N) / N;
    for (i32 j = 0; j < M; j++) A[i][j] = (double)(i * (j + 1) % N) / N;
  }
}

static void bicg(double A[N][M], double s[M], double q[N], double p[M], double r[N]) {
  for (i32 j = 0; j < M; j++) s[j] = 0;
  for (i32 i = 0; i < N; i++) {
    q[i] = 0;
    for (i32 j = 0; j < M; j++) {
      s[j] += r[i] * A[i][j];
      q[i] += A[i][j] * p[j];
    }
  }
}

void KERNEL(run)(void) { bicg(OPAQUE(A), OPAQUE(s), OPAQUE(q), OPAQUE(p), OPAQUE(r)); }

u64 KERNEL(checksum)(void) { return HASH(HASH(HASH_START, s), q); }
