static volatile unsigned turns;
int main(void) {
  for (;;) ++turns;
}
