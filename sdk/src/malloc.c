/* The allocator of small applications: first fit over one address-ordered list of free blocks, neighbours
 * joined on free. It lives between the end of the program's data and PIPIT_MEMORY_BYTES, the memory that the
 * package's manifest asks for and the engine allots, and never calls memory.grow. It replaces wasi-libc's,
 * whose steps are whole pages. Freeing a pointer twice is not found out, as with any small malloc. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifndef PIPIT_MEMORY_BYTES
#error "PIPIT_MEMORY_BYTES is the linear memory of the application; pipit build defines it"
#endif

/* Ahead of every block, so that payloads lie at multiples of kUnit. */
struct block {
  size_t bytes;       /* the whole block with this header, a multiple of kUnit */
  struct block* next; /* of a free block: the next free one, at a higher address */
};
enum { kUnit = 16, kHeader = sizeof(struct block) };
_Static_assert(kHeader == 8, "blocks start kHeader below a multiple of kUnit");

extern unsigned char __heap_base[];
static struct block* first_free;
static unsigned char started;

static void start(void) {
  started = 1;
  const size_t begin = (((size_t)__heap_base + kHeader + kUnit - 1) & ~(size_t)(kUnit - 1)) - kHeader;
  const size_t end = (((size_t)PIPIT_MEMORY_BYTES + kHeader) & ~(size_t)(kUnit - 1)) - kHeader;
  if (begin + kUnit > end) return; /* data and stack fill the memory: every allocation fails */
  first_free = (struct block*)begin;
  first_free->bytes = end - begin;
  first_free->next = NULL;
}

static struct block* block_of(void* payload) { return (struct block*)((char*)payload - kHeader); }

/* Cuts the tail off a block and yields it. */
static struct block* split(struct block* block, size_t bytes) {
  struct block* tail = (struct block*)((char*)block + bytes);
  tail->bytes = block->bytes - bytes;
  block->bytes = bytes;
  return tail;
}

/* `align` is a power of two of at least kUnit. */
static void* take(size_t bytes, size_t align) {
  if (!started) start();
  /* Nothing larger can fit, and no sum below overflows. */
  if (bytes < PIPIT_MEMORY_BYTES && align < PIPIT_MEMORY_BYTES) {
    const size_t need = (bytes + kHeader + kUnit - 1) & ~(size_t)(kUnit - 1);
    for (struct block** link = &first_free; *link != NULL; link = &(*link)->next) {
      struct block* found = *link;
      const size_t payload = ((size_t)found + kHeader + align - 1) & ~(align - 1);
      const size_t gap = payload - kHeader - (size_t)found;
      if (found->bytes < gap || found->bytes - gap < need) continue;
      if (gap != 0) { /* what lies ahead of the aligned block stays free */
        struct block* aligned = split(found, gap);
        aligned->next = found->next;
        link = &found->next;
        found = aligned;
      }
      if (found->bytes - need >= kUnit) {
        struct block* rest = split(found, need);
        rest->next = found->next;
        *link = rest;
      } else {
        *link = found->next;
      }
      return (void*)payload;
    }
  }
  errno = ENOMEM;
  return NULL;
}

/* Joins `left` with its successor in the list when they touch. */
static void join(struct block* left) {
  struct block* right = left->next;
  if (right == NULL || (char*)left + left->bytes != (char*)right) return;
  left->bytes += right->bytes;
  left->next = right->next;
}

void* malloc(size_t bytes) { return take(bytes, kUnit); }

void free(void* payload) {
  if (payload == NULL) return;
  struct block* block = block_of(payload);
  struct block* before = NULL;
  for (struct block* at = first_free; at != NULL && at < block; at = at->next) before = at;
  struct block** link = before == NULL ? &first_free : &before->next;
  block->next = *link;
  *link = block;
  join(block);
  if (before != NULL) join(before);
}

void* calloc(size_t count, size_t bytes) {
  if (bytes != 0 && count > (size_t)-1 / bytes) {
    errno = ENOMEM;
    return NULL;
  }
  void* payload = take(count * bytes, kUnit); /* malloc and memset would be made one call: of calloc */
  return payload == NULL ? NULL : memset(payload, 0, count * bytes);
}

size_t malloc_usable_size(void* payload) { return payload == NULL ? 0 : block_of(payload)->bytes - kHeader; }

void* realloc(void* payload, size_t bytes) {
  if (payload == NULL) return malloc(bytes);
  const size_t usable = malloc_usable_size(payload);
  if (bytes <= usable) {
    const size_t keep = (bytes + kHeader + kUnit - 1) & ~(size_t)(kUnit - 1);
    if (block_of(payload)->bytes - keep >= kUnit) free((char*)split(block_of(payload), keep) + kHeader);
    return payload;
  }
  void* moved = malloc(bytes);
  if (moved == NULL) return NULL;
  memcpy(moved, payload, usable);
  free(payload);
  return moved;
}

void* aligned_alloc(size_t align, size_t bytes) {
  if (align == 0 || (align & (align - 1)) != 0) {
    errno = EINVAL;
    return NULL;
  }
  return take(bytes, align < kUnit ? kUnit : align);
}

int posix_memalign(void** out, size_t align, size_t bytes) {
  if (align < sizeof(void*) || (align & (align - 1)) != 0) return EINVAL;
  const int before = errno;
  void* payload = take(bytes, align < kUnit ? kUnit : align);
  errno = before; /* POSIX: the result says it, errno stays */
  if (payload == NULL) return ENOMEM;
  *out = payload;
  return 0;
}

/* The names by which members of wasi-libc (atexit, locales) call the allocator. */
void* __libc_malloc(size_t bytes) { return malloc(bytes); }
void* __libc_calloc(size_t count, size_t bytes) { return calloc(count, bytes); }
void __libc_free(void* payload) { free(payload); }
