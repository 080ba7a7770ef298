#pragma once
/* lwIP's view of compiler and platform. */

#ifdef __cplusplus
extern "C" {
#endif
unsigned int mewz_lwip_random(void);
unsigned int mewz_lwip_sequence(const void* local, unsigned short local_port, const void* remote,
                                unsigned short remote_port);
unsigned short mewz_lwip_checksum(const void* data, int bytes); /* net/checksum.h */
void mewz_lwip_assert(int line) __attribute__((noreturn));
#ifdef __cplusplus
}
#endif

#define LWIP_NO_CTYPE_H 1 /* their table is the C library's own affair */
#define LWIP_RAND() mewz_lwip_random()
#define LWIP_PLATFORM_DIAG(message)
#define LWIP_PLATFORM_ASSERT(message) mewz_lwip_assert(__LINE__)
/* Its memory comes last in the image (boot/link.ld). */
#define LWIP_DECLARE_MEMORY_ALIGNED(name, size) \
  __attribute__((section(".bss.LARGE"))) u8_t name[LWIP_MEM_ALIGN_BUFFER(size)]
