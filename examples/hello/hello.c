/* The smallest application: it says hello, wherever Pipit runs. */
#include <stdio.h>

int main(void) {
  puts("hello, world");
  return 0;
}
