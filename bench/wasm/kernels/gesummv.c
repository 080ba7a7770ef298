/* PolyBench gesummv: y = alpha A x + beta B x. */
#include "kernel.h"

enum { N = SIZE(360, 30) };
static double A[N][N], B[N][N], t[N], x[N], y[N];

void KERNEL(init)(void) {
  for (i32 i = 0; i < N; i++) {
    x[i] = (double)(i % N) / N;
    for (i32 j = 0; j < N; j++) {
      A[i][j] = (double)((i * j + 1) % N) / N;
      B[i][j] = (double)((i * j + 2) % N) / N;
    }
  }
}

static void gesummv(double A[N][N], double B[N][N], double t[N], double x[N], double y[N]) {
  const double alpha = 1.5, beta = 1.2;
  for (i32 i = 0; i < N; i++) {
    t[i] = 0;
    y[i] = 0;
    for (i32 j = 0; j < N; j++) {
      t[i] += A[i][j] * x[j];
      y[i] += B[i][j] * x[j];
    }
    y[i] = alpha * t[i] + beta * y[i];
  }
}

void KERNEL(run)(void) { gesummv(OPAQUE(A), OPAQUE(B), OPAQUE(t), OPAQUE(x), OPAQUE(y)); }

u64 KERNEL(checksum)(void) { return HASH(HASH_START, y); }
