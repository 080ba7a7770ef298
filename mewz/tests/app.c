/* What the tests run in a machine: does what its first argument says. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <wasi/api.h>

static int say(int argc, char** argv) {
  const char* home = getenv("HOME");
  printf("app:");
  for (int i = 2; i < argc; ++i) printf(" [%s]", argv[i]);
  printf(" HOME=%s\n", home ? home : "");
  return 0;
}

static int numbers(void) {
  unsigned char bytes[16] = {0}, again[16] = {0};
  if (getentropy(bytes, sizeof bytes) || getentropy(again, sizeof again)) return 1;
  struct timespec date;
  clock_gettime(CLOCK_REALTIME, &date);
  printf("random %s, year %d\n", memcmp(bytes, again, sizeof bytes) ? "differs" : "repeats",
         1970 + (int)(date.tv_sec / 31556952));
  return 0;
}

static int nap(void) {
  struct timespec before, after, wish = {0, 100 * 1000 * 1000};
  clock_gettime(CLOCK_MONOTONIC, &before);
  nanosleep(&wish, NULL);
  clock_gettime(CLOCK_MONOTONIC, &after);
  long ms = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
  printf("napped %s\n", ms >= 100 && ms < 5000 ? "well" : "badly");
  return 0;
}

/* For measurements: one line, then nothing for a while. */
static int mark(void) {
  printf("app:\n");
  fflush(stdout);
  sleep(3);
  return 0;
}

/* Takes memory until there is none; it must end in a refusal, not in the end of the machine. */
static int grow(void) {
  size_t megabytes = 0;
  static char* volatile block; /* seen from outside, so that nothing of this is optimised away */
  while ((block = malloc(1 << 20)) != NULL) {
    memset(block, 1, 1 << 20);
    ++megabytes;
  }
  printf("grew by %s\n", megabytes > 4 && megabytes < 16 ? "what there was" : "something else");
  return 0;
}

/* Writes behind all memory there is. */
static int wild(void) {
  *(volatile int*)0xF0000000u = 1;
  return 0;
}

/* The first descriptor that could be a directory. */
static int third(void) {
  __wasi_fdstat_t status;
  printf("descriptor 3: error %d\n", (int)__wasi_fd_fdstat_get(3, &status));
  return 0;
}

int main(int argc, char** argv) {
  const char* what = argc > 1 ? argv[1] : "";
  if (!strcmp(what, "say")) return say(argc, argv);
  if (!strcmp(what, "numbers")) return numbers();
  if (!strcmp(what, "nap")) return nap();
  if (!strcmp(what, "mark")) return mark();
  if (!strcmp(what, "grow")) return grow();
  if (!strcmp(what, "third")) return third();
  if (!strcmp(what, "wild")) return wild();
  if (!strcmp(what, "trap")) __builtin_trap();
  if (!strcmp(what, "spin"))
    for (volatile int i = 0;; ++i) continue;
  return atoi(what);
}
