/* Descends as deep as it is told, and reads outside of memory at the bottom. */
#include <stdlib.h>

__attribute__((noinline)) int descend(int depth, const int* steps) {
  if (depth == 0) return *(volatile int*)0xFFFFFFF0u;
  return descend(depth - 1, steps) + steps[depth & 1];
}

__attribute__((noinline)) int measure(int depth) {
  const int steps[2] = {1, 2};
  return descend(depth, steps) * 2;
}

int main(int argc, char** argv) { return measure(argc > 1 ? atoi(argv[1]) : 3); }
