#include "pipit/print.h"

#include <stdint.h>
#include <string.h>
#include <wasi/api.h>

enum { kLineBytes = 255 };

struct line {
  char text[kLineBytes];
  size_t used;
};

static void put(struct line* line, char c) {
  if (line->used < kLineBytes) line->text[line->used++] = c;
}

static void put_number(struct line* line, uint32_t value, uint32_t base) {
  char digits[10];
  int count = 0;
  do digits[count++] = "0123456789abcdef"[value % base];
  while ((value /= base) != 0);
  while (count > 0) put(line, digits[--count]);
}

static void put_signed(struct line* line, int32_t value) {
  if (value < 0) put(line, '-');
  put_number(line, value < 0 ? 0u - (uint32_t)value : (uint32_t)value, 10);
}

void pipit_print(const char* format, ...) {
  struct line line;
  line.used = 0;
  va_list arguments;
  va_start(arguments, format);
  for (; *format != 0; ++format) {
    if (*format != '%') {
      put(&line, *format);
      continue;
    }
    switch (*++format) {
      case 's':
        for (const char* text = va_arg(arguments, const char*); *text != 0; ++text) put(&line, *text);
        break;
      case 'c': put(&line, (char)va_arg(arguments, int)); break;
      case 'd': put_signed(&line, va_arg(arguments, int32_t)); break;
      case 'u': put_number(&line, va_arg(arguments, uint32_t), 10); break;
      case 'x': put_number(&line, va_arg(arguments, uint32_t), 16); break;
      case 0: --format; break; /* a lone % at the end */
      default: put(&line, *format);
    }
  }
  va_end(arguments);
  const __wasi_ciovec_t all = {(const uint8_t*)line.text, line.used};
  __wasi_size_t written;
  (void)__wasi_fd_write(1, &all, 1, &written);
}
