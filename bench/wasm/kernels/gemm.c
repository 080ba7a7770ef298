/* PolyBench gemm: C = alpha A B + beta C. */
#include "kernel.h"

enum { NI = SIZE(120, 20), NJ = SIZE(130, 22), NK = SIZE(140, 24) };
static double A[NI][NK], B[NK][NJ], C[NI][NJ];

void KERNEL(init)(void) {
  for (i32 i = 0; i < NI; i++)
    for (i32 j = 0; j < NJ; j++) C[i][j] = (double)((i * j + 1) % NI) / NI;
  for (i32 i = 0; i < NI; i++)
    for (i32 k = 0; k < NK; k++) A[i][k] = (double)(i * (k + 1) % NK) / NK;
  for (i32 k = 0; k < NK; k++)
    for (i32 j = 0; j < NJ; j++) B[k][j] = (double)(k * (j + 2) % NJ) / NJ;
}

static void gemm(double A[NI][NK], double B[NK][NJ], double C[NI][NJ]) {
  const double alpha = 1.5, beta = 1.2;
  for (i32 i = 0; i < NI; i++) {
    for (i32 j = 0; j < NJ; j++) C[i][j] *= beta;
    for (i32 k = 0; k < NK; k++)
      for (i32 j = 0; j < NJ; j++) C[i][j] += alpha * A[i][k] * B[k][j];
  }
}

void KERNEL(run)(void) { gemm(OPAQUE(A), OPAQUE(B), OPAQUE(C)); }

u64 KERNEL(checksum)(void) { return HASH(HASH_START, C); }
