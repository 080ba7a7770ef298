/* Exercises the SDK's allocator within PIPIT_MEMORY_BYTES: contents survive, blocks never overlap, freed
 * memory joins again, and too much is NULL. Returns 0, or the line that failed. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

size_t malloc_usable_size(void*);
extern unsigned char __heap_base[];

#define REQUIRE(condition)             \
  do {                                 \
    if (!(condition)) return __LINE__; \
  } while (0)

enum { kSlots = 40 };
static unsigned char* slot[kSlots];
static unsigned bytes[kSlots];
static unsigned seed = 12345;

static unsigned next(unsigned bound) {
  return (seed = seed * 1664525u + 1013904223u) % 65536u * bound / 65536u;
}

static int intact(int i) {
  for (unsigned k = 0; k < bytes[i]; ++k)
    if (slot[i][k] != (unsigned char)(i * 31 + (int)k)) return 0;
  return 1;
}
static void fill(int i) {
  for (unsigned k = 0; k < bytes[i]; ++k) slot[i][k] = (unsigned char)(i * 31 + (int)k);
}

static int churn(void) {
  for (int round = 0; round < 20000; ++round) {
    const int i = (int)next(kSlots);
    if (slot[i] == NULL) {
      bytes[i] = next(300);
      slot[i] = round % 7 == 0 ? aligned_alloc(64, bytes[i]) : malloc(bytes[i]);
      if (slot[i] == NULL) continue;
      REQUIRE((uintptr_t)slot[i] % (round % 7 == 0 ? 64 : 16) == 0);
      REQUIRE((uintptr_t)slot[i] >= (uintptr_t)__heap_base);
      REQUIRE((uintptr_t)slot[i] + malloc_usable_size(slot[i]) <= PIPIT_MEMORY_BYTES);
      REQUIRE(malloc_usable_size(slot[i]) >= bytes[i]);
      fill(i);
    } else if (round % 3 == 0) {
      REQUIRE(intact(i));
      const unsigned before = bytes[i], wanted = next(400);
      unsigned char* moved = realloc(slot[i], wanted);
      if (moved == NULL) continue;
      slot[i] = moved;
      bytes[i] = wanted < before ? wanted : before;
      REQUIRE(intact(i));
      bytes[i] = wanted;
      fill(i);
    } else {
      REQUIRE(intact(i));
      free(slot[i]);
      slot[i] = NULL;
    }
  }
  for (int i = 0; i < kSlots; ++i) {
    REQUIRE(slot[i] == NULL || intact(i));
    free(slot[i]);
    slot[i] = NULL;
  }
  return 0;
}

int main(void) {
  const unsigned room = PIPIT_MEMORY_BYTES - (unsigned)(uintptr_t)__heap_base - 64;
  void* all = malloc(room);
  REQUIRE(all != NULL);
  errno = 0;
  REQUIRE(malloc(64) == NULL && errno == ENOMEM);
  free(all);
  REQUIRE(malloc(PIPIT_MEMORY_BYTES) == NULL);
  REQUIRE(malloc((size_t)-1) == NULL && malloc((size_t)-8) == NULL);
  REQUIRE(calloc(65536, 65537) == NULL);
  volatile size_t odd = 3; /* the compiler would see through a constant */
  REQUIRE(aligned_alloc(odd, 8) == NULL && aligned_alloc(0x80000000u, 8) == NULL);
  void* out = NULL;
  REQUIRE(posix_memalign(&out, 2, 8) == EINVAL && posix_memalign(&out, 128, 8) == 0 &&
          (uintptr_t)out % 128 == 0);
  free(out);
  free(NULL);
  unsigned char* zero = calloc(10, 20);
  for (int i = 0; i < 200; ++i) REQUIRE(zero[i] == 0);
  free(zero);
  const int failed = churn();
  if (failed) return failed;
  all = malloc(room); /* everything joined again */
  REQUIRE(all != NULL);
  return 0;
}
