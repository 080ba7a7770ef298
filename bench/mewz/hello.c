/* The least an application does: a line, then nothing while its machine is looked at. */
#include <stdio.h>
#include <unistd.h>

int main(void) {
  puts("hello, world");
  fflush(stdout);
  sleep(3);
  return 0;
}
