/* PolyBench trisolv: L x = b by forward substitution. */
#include "kernel.h"

enum { N = SIZE(600, 40) };
static double L[N][N], x[N], b[N];

void KERNEL(init)(void) {
  for (i32 i = 0; i < N; i++) {
    b[i] = i;
    for (i32 j = 0; j <= i; j++) L[i][j] = (double)(i + N - j + 1) * 2 / N;
  }
}

static void trisolv(double L[N][N], double x[N], double b[N]) {
  for (i32 i = 0; i < N; i++) {
    x[i] = b[i];
    for (i32 j = 0; j < i; j++) x[i] -= L[i][j] * x[j];
    x[i] = x[i] / L[i][i];
  }
}

void KERNEL(run)(void) { trisolv(OPAQUE(L), OPAQUE(x), OPAQUE(b)); }

u64 KERNEL(checksum)(void) { return HASH(HASH_START, x); }
