/* PolyBench covariance: the covariance matrix of M variables in N observations. */
#include "kernel.h"

enum { M = SIZE(120, 22), N = SIZE(140, 26) };
static double data[N][M], mean[M], cov[M][M];

void KERNEL(init)(void) {
  for (i32 i = 0; i < N; i++)
    for (i32 j = 0; j < M; j++) data[i][j] = (double)(i * j) / M;
}

static void covariance(double data[N][M], double mean[M], double cov[M][M]) {
  for (i32 j = 0; j < M; j++) {
    mean[j] = 0;
    for (i32 i = 0; i < N; i++) mean[j] += data[i][j];
    mean[j] /= N;
  }
  for (i32 i = 0; i < N; i++)
    for (i32 j = 0; j < M; j++) data[i][j] -= mean[j];
  for (i32 i = 0; i < M; i++)
    for (i32 j = i; j < M; j++) {
      cov[i][j] = 0;
      for (i32 k = 0; k < N; k++) cov[i][j] += data[k][i] * data[k][j];
      cov[i][j] /= N - 1.0;
      cov[j][i] = cov[i][j];
    }
}

void KERNEL(run)(void) { covariance(OPAQUE(data), OPAQUE(mean), OPAQUE(cov)); }

u64 KERNEL(checksum)(void) { return HASH(HASH_START, cov); }
