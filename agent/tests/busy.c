/* Never asks for a frame and never ends. */
int main(void) {
  for (volatile unsigned i = 0;; ++i) {
  }
}
