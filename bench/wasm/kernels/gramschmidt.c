/* PolyBench gramschmidt: A = Q R by the modified Gram-Schmidt process. */
#include "kernel.h"

enum { M = SIZE(100, 22), N = SIZE(120, 24) };
static double A[M][N], R[N][N], Q[M][N];

void KERNEL(init)(void) {
  for (i32 i = 0; i < M; i++)
    for (i32 j = 0; j < N; j++) {
      A[i][j] = (double)(i * j % M) / M * 100 + 10 + (i == j ? M : 0);
      Q[i][j] = 0;
    }
  for (i32 i = 0; i < N; i++)
    for (i32 j = 0; j < N; j++) R[i][j] = 0;
}

static void gramschmidt(double A[M][N], double R[N][N], double Q[M][N]) {
  for (i32 k = 0; k < N; k++) {
    double norm = 0;
    for (i32 i = 0; i < M; i++) norm += A[i][k] * A[i][k];
    R[k][k] = __builtin_sqrt(norm) + 1e-9;
    for (i32 i = 0; i < M; i++) Q[i][k] = A[i][k] / R[k][k];
    for (i32 j = k + 1; j < N; j++) {
      R[k][j] = 0;
      for (i32 i = 0; i < M; i++) R[k][j] += Q[i][k] * A[i][j];
      for (i32 i = 0; i < M; i++) A[i][j] -= Q[i][k] * R[k][j];
    }
  }
}

void KERNEL(run)(void) { gramschmidt(OPAQUE(A), OPAQUE(R), OPAQUE(Q)); }

u64 KERNEL(checksum)(void) { return HASH(HASH(HASH_START, R), Q); }
