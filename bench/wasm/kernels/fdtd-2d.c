/* PolyBench fdtd-2d: Maxwell's equations on a plane by finite differences in time. */
#include "kernel.h"

enum { NX = SIZE(150, 24), NY = SIZE(160, 26), STEPS = SIZE(30, 6) };
static double ex[NX][NY], ey[NX][NY], hz[NX][NY], source[STEPS];

void KERNEL(init)(void) {
  for (i32 t = 0; t < STEPS; t++) source[t] = t;
  for (i32 i = 0; i < NX; i++)
    for (i32 j = 0; j < NY; j++) {
      ex[i][j] = (double)i * (j + 1) / NX;
      ey[i][j] = (double)i * (j + 2) / NY;
      hz[i][j] = (double)i * (j + 3) / NX;
    }
}

static void fdtd_2d(double ex[NX][NY], double ey[NX][NY], double hz[NX][NY], double source[STEPS]) {
  for (i32 t = 0; t < STEPS; t++) {
    for (i32 j = 0; j < NY; j++) ey[0][j] = source[t];
    for (i32 i = 1; i < NX; i++)
      for (i32 j = 0; j < NY; j++) ey[i][j] = ey[i][j] - 0.5 * (hz[i][j] - hz[i - 1][j]);
    for (i32 i = 0; i < NX; i++)
      for (i32 j = 1; j < NY; j++) ex[i][j] = ex[i][j] - 0.5 * (hz[i][j] - hz[i][j - 1]);
    for (i32 i = 0; i < NX - 1; i++)
      for (i32 j = 0; j < NY - 1; j++)
        hz[i][j] = hz[i][j] - 0.7 * (ex[i][j + 1] - ex[i][j] + ey[i + 1][j] - ey[i][j]);
  }
}

void KERNEL(run)(void) { fdtd_2d(OPAQUE(ex), OPAQUE(ey), OPAQUE(hz), OPAQUE(source)); }

u64 KERNEL(checksum)(void) { return HASH(HASH(HASH(HASH_START, ex), ey), hz); }
