/* PolyBench durbin: the Yule-Walker equations by Levinson and Durbin. */
#include "kernel.h"

enum { N = SIZE(1200, 200) };
static double r[N], y[N], z[N];

void KERNEL(init)(void) {
  for (i32 i = 0; i < N; i++) r[i] = N + 1 - i;
}

static void durbin(double r[N], double y[N], double z[N]) {
  y[0] = -r[0];
  double alpha = -r[0], beta = 1;
  for (i32 k = 1; k < N; k++) {
    beta = (1 - alpha * alpha) * beta;
    double sum = 0;
    for (i32 i = 0; i < k; i++) sum += r[k - i - 1] * y[i];
    alpha = -(r[k] + sum) / beta;
    for (i32 i = 0; i < k; i++) z[i] = y[i] + alpha * y[k - i - 1];
    for (i32 i = 0; i < k; i++) y[i] = z[i];
    y[k] = alpha;
  }
}

void KERNEL(run)(void) { durbin(OPAQUE(r), OPAQUE(y), OPAQUE(z)); }

u64 KERNEL(checksum)(void) { return HASH(HASH_START, y); }
