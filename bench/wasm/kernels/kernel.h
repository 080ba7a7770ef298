#pragma once
/* What every benchmark kernel offers, on every machine: one C file without a library, its data in static
   arrays.

   kernel_init      fills the data; kernel_run may consume them, so it comes before every run
   kernel_run       the work that is measured
   kernel_checksum  a hash of the result's bits; the same on every machine, because no kernel lets the
   compiler reassociate or contract floating-point arithmetic

   PIPIT_KERNEL_SMALL chooses sizes for microcontrollers: at most 16 KB of data. PIPIT_KERNEL_PREFIX=k_gemm
   names the functions k_gemm_init, k_gemm_run, k_gemm_checksum, for images that hold several kernels. */

#pragma STDC FP_CONTRACT OFF

typedef signed char i8;
typedef unsigned char u8;
typedef short i16;
typedef unsigned short u16;
typedef int i32;
typedef unsigned int u32;
typedef unsigned long long u64;

#ifndef PIPIT_KERNEL_PREFIX
#define PIPIT_KERNEL_PREFIX kernel
#endif
#define PIPIT_JOIN_(prefix, name) prefix##_##name
#define PIPIT_JOIN(prefix, name) PIPIT_JOIN_(prefix, name)
#ifdef __wasm__
#define PIPIT_EXPORT(name) __attribute__((export_name("kernel_" #name)))
#else
#define PIPIT_EXPORT(name) __attribute__((visibility("default")))
#endif
/* The name of a kernel's function: void KERNEL(run)(void) {…} */
#define KERNEL(name) PIPIT_EXPORT(name) PIPIT_JOIN(PIPIT_KERNEL_PREFIX, name)

void KERNEL(init)(void);
void KERNEL(run)(void);
u64 KERNEL(checksum)(void);

/* SIZE(large, small): an extent on computers and on microcontrollers. */
#ifdef PIPIT_KERNEL_SMALL
#define SIZE(large, small) (small)
#else
#define SIZE(large, small) (large)
#endif

/* The address of an array of which the compiler then knows no more than of one from malloc: not its size, its
   alignment nor whether it overlaps another. PolyBench's and every library's kernels see their data like
   this. */
#define OPAQUE(array)                         \
  ({                                          \
    __typeof__(&(array)[0]) start_ = (array); \
    __asm__("" : "+r"(start_));               \
    start_;                                   \
  })
/* A value the compiler cannot know, as a shape that comes with a model. */
#define RUNTIME(value)                  \
  ({                                    \
    __typeof__(value) known_ = (value); \
    __asm__("" : "+r"(known_));         \
    known_;                             \
  })

/* FNV-1a over 32-bit words. */
static inline u64 hash_word(u64 hash, u32 word) { return (hash ^ word) * 0x100000001b3ull; }
#define HASH_START 0xcbf29ce484222325ull

/* Continues `hash` over `bytes` of `data`, a multiple of four. */
static inline u64 hash_bytes(u64 hash, const void* data, u32 bytes) {
  const u8* p = (const u8*)data;
  for (u32 i = 0; i < bytes; i += 4)
    hash = hash_word(hash, p[i] | (u32)p[i + 1] << 8 | (u32)p[i + 2] << 16 | (u32)p[i + 3] << 24);
  return hash;
}
#define HASH(hash, object) hash_bytes(hash, &(object), sizeof(object))
