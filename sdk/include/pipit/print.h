#pragma once
#include <stdarg.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Prints to standard output with one write a call; text beyond 255 bytes is dropped. Understands %s %c %d %u
 * %x %%, nothing else: printf costs ten times the code. */
__attribute__((format(printf, 1, 2))) void pipit_print(const char* format, ...);

#ifdef __cplusplus
}
#endif
