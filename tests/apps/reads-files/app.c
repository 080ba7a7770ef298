/* Says what the files of a ConfigMap say, again when they change, and counts its starts in an emptyDir. A
   file "order" with "exit N" or "trap" is obeyed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { kBytes = 256 };

/* The contents of a file, "none" when there is no such file. */
static void contents(const char* path, char text[kBytes]) {
  FILE* file = fopen(path, "r");
  size_t bytes = file != NULL ? fread(text, 1, kBytes - 1, file) : 0;
  text[bytes] = 0;
  if (file == NULL) strcpy(text, "none");
  if (file != NULL) fclose(file);
}

static int count_start(void) {
  char text[kBytes];
  contents("/cache/starts", text);
  const int starts = atoi(text) + 1;
  FILE* file = fopen("/cache/starts", "w");
  if (file == NULL) return -1;
  fprintf(file, "%d", starts);
  return fclose(file) == 0 ? starts : -1;
}

/* As many bytes as the emptyDir takes, in KB. */
static int room(void) {
  static char block[1024];
  int blocks = 0;
  FILE* file = fopen("/cache/all", "w");
  if (file == NULL) return -1;
  setvbuf(file, NULL, _IONBF, 0);
  while (blocks < 1 << 20 && fwrite(block, sizeof block, 1, file) == 1) ++blocks;
  fclose(file);
  remove("/cache/all");
  return blocks;
}

int main(void) {
  char said[kBytes] = "", text[kBytes], order[kBytes];
  printf("start %d\n", count_start());
  printf("room %d KB\n", room());
  FILE* file = fopen("/etc/app/new", "w");
  printf("the ConfigMap %s\n", file == NULL ? "is read only" : "CAN BE WRITTEN");
  for (;;) {
    contents("/etc/app/greeting", text);
    if (strcmp(text, said) != 0) printf("greeting: %s\n", strcpy(said, text));
    contents("/etc/app/order", order);
    if (strncmp(order, "exit ", 5) == 0) return atoi(order + 5);
    if (strcmp(order, "trap") == 0) __builtin_trap();
    fflush(stdout);
    usleep(200 * 1000);
  }
}
