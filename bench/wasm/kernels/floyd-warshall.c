/* PolyBench floyd-warshall: all shortest paths, with double distances. */
#include "kernel.h"

enum { N = SIZE(140, 36) };
static double path[N][N];

void KERNEL(init)(void) {
  for (i32 i = 0; i < N; i++)
    for (i32 j = 0; j < N; j++)
      path[i][j] = (i + j) % 13 == 0 || (i + j) % 7 == 0 || (i + j) % 11 == 0 ? 999 : i * j % 7 + 1;
}

static void floyd_warshall(double path[N][N]) {
  for (i32 k = 0; k < N; k++)
    for (i32 i = 0; i < N; i++)
      for (i32 j = 0; j < N; j++) {
        const double detour = path[i][k] + path[k][j];
        path[i][j] = path[i][j] < detour ? path[i][j] : detour;
      }
}

void KERNEL(run)(void) { floyd_warshall(OPAQUE(path)); }

u64 KERNEL(checksum)(void) { return HASH(HASH_START, path); }
