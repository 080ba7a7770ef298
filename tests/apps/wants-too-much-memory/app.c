/* Sound, but larger than a board: its table fills sixteen pages. */
#include <pipit/print.h>

static unsigned char table[1000 * 1000];

int main(void) {
  for (unsigned i = 0; i < sizeof table; ++i) table[i] = (unsigned char)(i * 7);
  unsigned sum = 0;
  for (unsigned i = 0; i < sizeof table; ++i) sum += table[i];
  pipit_print("sum %u\n", sum);
  return 0;
}
