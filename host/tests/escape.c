/* Tries to leave the directory it was given; prints one line an attempt. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void attempt(const char* path) {
  const int fd = open(path, O_RDONLY);
  struct stat info;
  const int known = stat(path, &info) == 0;
  printf("%s: %s\n", path, fd >= 0 || known ? "reached" : "refused");
  if (fd >= 0) close(fd);
}

int main(void) {
  attempt("inside.txt");
  attempt("link-inside");
  attempt("sub/../inside.txt");
  attempt("sub/up/inside.txt"); /* a link to .. */
  attempt("../secret.txt");
  attempt("sub/../../secret.txt");
  attempt("link-absolute");
  attempt("link-outside");
  attempt("link-to-link");
  attempt("sub/up/../secret.txt");
  attempt("/etc/passwd");
  attempt("loop");
  printf("mkdir %d\n", mkdir("../made", 0755) < 0);
  printf("symlink %d\n", symlink("/etc", "made-link") < 0);
  printf("rename %d\n", rename("inside.txt", "../stolen.txt") < 0);
  printf("create %d\n", open("link-dangling", O_CREAT | O_WRONLY, 0644) < 0);
  printf("unlink %d\n", unlink("../secret.txt") < 0);
  return 0;
}
