static volatile int broken = 1;
__attribute__((noinline)) static void start_camera(void) {
  if (broken) __builtin_trap();
}
int main(void) {
  start_camera();
  return 0;
}
