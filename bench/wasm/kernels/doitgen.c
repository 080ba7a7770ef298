/* PolyBench doitgen: each row of a three-dimensional array times a matrix. */
#include "kernel.h"

enum { NR = SIZE(30, 8), NQ = SIZE(35, 9), NP = SIZE(45, 16) };
static double A[NR][NQ][NP], C4[NP][NP], sum[NP];

void KERNEL(init)(void) {
  for (i32 r = 0; r < NR; r++)
    for (i32 q = 0; q < NQ; q++)
      for (i32 p = 0; p < NP; p++) A[r][q][p] = (double)((r * q + p) % NP) / NP;
  for (i32 s = 0; s < NP; s++)
    for (i32 p = 0; p < NP; p++) C4[s][p] = (double)(s * p % NP) / NP;
}

static void doitgen(double A[NR][NQ][NP], double C4[NP][NP], double sum[NP]) {
  for (i32 r = 0; r < NR; r++)
    for (i32 q = 0; q < NQ; q++) {
      for (i32 p = 0; p < NP; p++) {
        sum[p] = 0;
        for (i32 s = 0; s < NP; s++) sum[p] += A[r][q][s] * C4[s][p];
      }
      for (i32 p = 0; p < NP; p++) A[r][q][p] = sum[p];
    }
}

void KERNEL(run)(void) { doitgen(OPAQUE(A), OPAQUE(C4), OPAQUE(sum)); }

u64 KERNEL(checksum)(void) { return HASH(HASH_START, A); }
