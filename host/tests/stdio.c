/* Formatted output, sorting, strings and numbers; the same text natively and in the runner. */
#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_value(const void* a, const void* b) {
  const int x = *(const int*)a, y = *(const int*)b;
  return (x > y) - (x < y);
}

int main(int argc, char** argv) {
  printf("%d arguments\n", argc - 1);
  for (int i = 1; i < argc; ++i) printf("[%s]\n", argv[i]);
  const char* mode = getenv("MODE");
  printf("MODE=%s HOME=%s\n", mode ? mode : "(none)", getenv("NO_SUCH_NAME") ? "set" : "unset");
  printf("%5d|%-5d|%05d|%x|%o|%+d\n", 42, 42, 42, 0xBEEF, 8, 7);
  printf("%.3f|%10.2e|%g|%a\n", 3.14159, 12345.678, 1e-7, 1.5);
  printf("%" PRIu64 "|%" PRId64 "\n", UINT64_MAX, INT64_MIN);
  printf("%s|%.3s|%10s|%c\n", "text", "abcdef", "right", 'z');
  int numbers[200];
  unsigned seed = 1;
  for (int i = 0; i < 200; ++i) numbers[i] = (int)((seed = seed * 1103515245u + 12345u) >> 8) % 1000;
  qsort(numbers, 200, sizeof numbers[0], by_value);
  for (int i = 0; i < 200; i += 20) printf("%d ", numbers[i]);
  putchar('\n');
  double sum = 0;
  for (int i = 1; i <= 1000; ++i) sum += sqrt(i) / i;
  printf("%.12f %.6f %ld %lu\n", sum, strtod("2.5e3", NULL), strtol("-77", NULL, 10),
         strtoul("ff", NULL, 16));
  char line[64];
  int lines = 0, letters = 0;
  while (fgets(line, sizeof line, stdin)) {
    ++lines;
    for (char* at = line; *at; ++at) letters += isalpha((unsigned char)*at) != 0;
  }
  printf("%d lines, %d letters\n", lines, letters);
  fprintf(stderr, "to standard error\n");
  char* text = malloc(100000);
  memset(text, 'x', 99999);
  text[99999] = 0;
  printf("%zu\n", strlen(text));
  text = realloc(text, 2000000);
  text[1999999] = 'y';
  printf("%c%c\n", text[0], text[1999999]);
  free(text);
  return 7;
}
