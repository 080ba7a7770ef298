/* Traps before it asks for a frame. */
static __attribute__((noinline)) void explode(void) { __builtin_trap(); }

int main(void) {
  explode();
  return 0;
}
