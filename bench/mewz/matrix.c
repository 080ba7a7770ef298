/* Native code speed: multiplies matrices of 128 x 128 doubles as often as its argument says. */
#include <stdio.h>
#include <stdlib.h>

enum { N = 128 };
static double a[N][N], b[N][N], c[N][N];

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? atoi(argv[1]) : 1;
  for (int i = 0; i < N; ++i)
    for (int j = 0; j < N; ++j) a[i][j] = i + j, b[i][j] = i - j;
  for (int round = 0; round < rounds; ++round)
    for (int i = 0; i < N; ++i)
      for (int k = 0; k < N; ++k)
        for (int j = 0; j < N; ++j) c[i][j] += a[i][k] * b[k][j];
  printf("corner %.0f\n", c[N - 1][N - 1]);
  return 0;
}
