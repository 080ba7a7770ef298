/* What a program does with files below the directory it starts in; the same text natively and in the runner.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int by_name(const void* a, const void* b) { return strcmp(*(char* const*)a, *(char* const*)b); }

static void list(const char* path) {
  char* names[600];
  int count = 0;
  DIR* dir = opendir(path);
  if (!dir) {
    printf("%s: errno %s\n", path, errno == ENOENT ? "ENOENT" : errno == ENOTDIR ? "ENOTDIR" : "other");
    return;
  }
  for (struct dirent* entry; count < 600 && (entry = readdir(dir));)
    if (entry->d_name[0] != '.') names[count++] = strdup(entry->d_name);
  closedir(dir);
  qsort(names, (size_t)count, sizeof names[0], by_name);
  printf("%s has %d:", path, count);
  for (int i = 0; i < count; ++i) {
    if (i < 5) printf(" %s", names[i]);
    free(names[i]);
  }
  printf("\n");
}

static void show(const char* path) {
  char buffer[256];
  FILE* file = fopen(path, "r");
  if (!file) {
    printf("%s: %s\n", path, errno == ENOENT ? "ENOENT" : "cannot open");
    return;
  }
  size_t got = fread(buffer, 1, sizeof buffer - 1, file);
  buffer[got] = 0;
  fclose(file);
  printf("%s: \"%s\"\n", path, buffer);
}

int main(void) {
  FILE* file = fopen("a.txt", "w+");
  fprintf(file, "hello %d\n", 1);
  fputs("world\n", file);
  fseek(file, 6, SEEK_SET);
  fputc('9', file);
  fseek(file, -6, SEEK_END);
  printf("at %ld, reads %c\n", ftell(file), fgetc(file));
  fclose(file);
  show("a.txt");

  file = fopen("a.txt", "a");
  fputs("more\n", file);
  fclose(file);
  show("a.txt");

  struct stat info;
  printf("stat %d size %lld regular %d\n", stat("a.txt", &info), (long long)info.st_size,
         S_ISREG(info.st_mode) != 0);
  printf("mkdir %d again %d\n", mkdir("d", 0755), mkdir("d", 0755) < 0 && errno == EEXIST);
  printf("rename %d\n", rename("a.txt", "d/b.txt"));
  show("a.txt");
  show("d/b.txt");
  show("d/../d/./b.txt");
  printf("rmdir full %d\n", rmdir("d") < 0 && errno == ENOTEMPTY);
  printf("link %d symlink %d\n", link("d/b.txt", "hard.txt"), symlink("d/b.txt", "soft.txt"));
  show("soft.txt");
  char target[64] = {0};
  printf("readlink %d", (int)readlink("soft.txt", target, sizeof target));
  printf(" %s\n", target);
  printf("lstat %d link %d\n", lstat("soft.txt", &info), S_ISLNK(info.st_mode) != 0);
  printf("open excl %d\n", open("hard.txt", O_CREAT | O_EXCL | O_WRONLY, 0644) < 0 && errno == EEXIST);

  int fd = open("hard.txt", O_RDWR | O_TRUNC);
  printf("pwrite %d", (int)pwrite(fd, "abcdef", 6, 2));
  char back[8] = {0};
  printf(" pread %d %s", (int)pread(fd, back, 4, 4), back);
  printf(" truncate %d size %d\n", ftruncate(fd, 5), fstat(fd, &info) == 0 ? (int)info.st_size : -1);
  printf("read only %d\n", fcntl(fd, F_GETFL) >= 0);
  close(fd);
  printf("closed %d\n", read(fd, back, 1) < 0 && errno == EBADF);
  fd = open("hard.txt", O_RDONLY);
  printf("write to read-only %d\n", write(fd, "x", 1) < 0 && errno == EBADF);
  close(fd);

  mkdir("many", 0755);
  for (int i = 0; i < 300; ++i) {
    char name[64];
    snprintf(name, sizeof name, "many/a-rather-long-file-name-%03d.txt", i);
    fclose(fopen(name, "w"));
  }
  list("many");
  list("d");
  list("nowhere");
  list("d/b.txt");
  printf("unlink %d again %d\n", unlink("soft.txt"), unlink("soft.txt") < 0 && errno == ENOENT);
  printf("unlink directory fails %d\n", unlink("d") < 0);
  printf("access %d %d\n", access("d/b.txt", R_OK), access("nothing", F_OK) < 0);
  printf("notdir %d\n", open("d/b.txt/x", O_RDONLY) < 0 && errno == ENOTDIR);
  return 0;
}
