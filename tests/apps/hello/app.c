/* Says hello, with its arguments. */
#include <pipit/print.h>

int main(int argc, char** argv) {
  pipit_print("hello from %s\n", PIPIT_APP_VERSION);
  for (int i = 1; i < argc; ++i) pipit_print("%d: %s\n", i, argv[i]);
  return argc > 1 ? argc - 1 : 0;
}
