/* PolyBench lu: A = L U without pivoting. */
#include "kernel.h"

enum { N = SIZE(150, 36) };
static double A[N][N];

void KERNEL(init)(void) {
  for (i32 i = 0; i < N; i++)
    for (i32 j = 0; j < N; j++) A[i][j] = i == j ? N : (double)((i * j) % N) / N;
}

static void lu(double A[N][N]) {
  for (i32 i = 0; i < N; i++) {
    for (i32 j = 0; j < i; j++) {
      for (i32 k = 0; k < j; k++) A[i][j] -= A[i][k] * A[k][j];
      A[i][j] /= A[j][j];
    }
    for (i32 j = i; j < N; j++)
      for (i32 k = 0; k < i; k++) A[i][j] -= A[i][k] * A[k][j];
  }
}

void KERNEL(run)(void) { lu(OPAQUE(A)); }

u64 KERNEL(checksum)(void) { return HASH(HASH_START, A); }
