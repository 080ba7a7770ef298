/* Clocks, sleeping, random bytes. Prints only what holds on every machine. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int main(void) {
  struct timespec before, after, wall, nap = {0, 30 * 1000 * 1000};
  clock_gettime(CLOCK_MONOTONIC, &before);
  printf("nanosleep %d\n", nanosleep(&nap, NULL));
  clock_gettime(CLOCK_MONOTONIC, &after);
  const long long slept = (after.tv_sec - before.tv_sec) * 1000000000LL + (after.tv_nsec - before.tv_nsec);
  printf("long enough %d, not too long %d\n", slept >= 29000000LL, slept < 5000000000LL);
  clock_gettime(CLOCK_REALTIME, &wall);
  printf("after 2024 %d\n", wall.tv_sec > 1704067200);
  unsigned char a[16], b[16];
  printf("getentropy %d %d, differ %d\n", getentropy(a, 16), getentropy(b, 16), memcmp(a, b, 16) != 0);
  return 0;
}
