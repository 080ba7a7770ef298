#pragma once
/* lwIP's view of compiler and platform. */

#ifdef __cplusplus
extern "C" {
#endif
unsigned int waiot_lwip_random(void);
void waiot_lwip_assert(int line) __attribute__((noreturn));
#ifdef __cplusplus
}
#endif

#define LWIP_RAND() waiot_lwip_random()
#define LWIP_NO_STDINT_H 0
#define LWIP_PLATFORM_DIAG(message)
#define LWIP_PLATFORM_ASSERT(message) waiot_lwip_assert(__LINE__)
