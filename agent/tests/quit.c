/* Ends by itself, leaving a line without an end. */
#include <pipit/print.h>

int main(void) {
  pipit_print("good bye");
  return 3;
}
