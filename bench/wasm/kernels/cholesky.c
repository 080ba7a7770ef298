/* PolyBench cholesky: A = L L^T for a symmetric positive definite A. */
#include "kernel.h"

enum { N = SIZE(190, 36) };
static double A[N][N];

/* Diagonally dominant, hence positive definite. */
void KERNEL(init)(void) {
  for (i32 i = 0; i < N; i++)
    for (i32 j = 0; j < N; j++) A[i][j] = i == j ? N : (double)((i * j) % N) / N;
}

static void cholesky(double A[N][N]) {
  for (i32 i = 0; i < N; i++) {
    for (i32 j = 0; j < i; j++) {
      for (i32 k = 0; k < j; k++) A[i][j] -= A[i][k] * A[j][k];
      A[i][j] /= A[j][j];
    }
    for (i32 k = 0; k < i; k++) A[i][i] -= A[i][k] * A[i][k];
    A[i][i] = __builtin_sqrt(A[i][i]);
  }
}

void KERNEL(run)(void) { cholesky(OPAQUE(A)); }

u64 KERNEL(checksum)(void) { return HASH(HASH_START, A); }
