/* PolyBench 2mm: D = alpha A B C + beta D. */
#include "kernel.h"

enum { NI = SIZE(90, 17), NJ = SIZE(95, 18), NK = SIZE(105, 19), NL = SIZE(110, 20) };
static double T[NI][NJ], A[NI][NK], B[NK][NJ], C[NJ][NL], D[NI][NL];

void KERNEL(init)(void) {
  for (i32 i = 0; i < NI; i++)
    for (i32 k = 0; k < NK; k++) A[i][k] = (double)((i * k + 1) % NI) / NI;
  for (i32 k = 0; k < NK; k++)
    for (i32 j = 0; j < NJ; j++) B[k][j] = (double)(k * (j + 1) % NJ) / NJ;
  for (i32 j = 0; j < NJ; j++)
    for (i32 l = 0; l < NL; l++) C[j][l] = (double)((j * (l + 3) + 1) % NL) / NL;
  for (i32 i = 0; i < NI; i++)
    for (i32 l = 0; l < NL; l++) D[i][l] = (double)(i * (l + 2) % NK) / NK;
}

static void two_products(double T[NI][NJ], double A[NI][NK], double B[NK][NJ], double C[NJ][NL],
                         double D[NI][NL]) {
  const double alpha = 1.5, beta = 1.2;
  for (i32 i = 0; i < NI; i++)
    for (i32 j = 0; j < NJ; j++) {
      T[i][j] = 0;
      for (i32 k = 0; k < NK; k++) T[i][j] += alpha * A[i][k] * B[k][j];
    }
  for (i32 i = 0; i < NI; i++)
    for (i32 l = 0; l < NL; l++) {
      D[i][l] *= beta;
      for (i32 j = 0; j < NJ; j++) D[i][l] += T[i][j] * C[j][l];
    }
}

void KERNEL(run)(void) { two_products(OPAQUE(T), OPAQUE(A), OPAQUE(B), OPAQUE(C), OPAQUE(D)); }

u64 KERNEL(checksum)(void) { return HASH(HASH_START, D); }
