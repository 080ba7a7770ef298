/* launch REPEATS COMMAND…: runs the command so often with its output dropped and prints the milliseconds of
   each run, a line each, then "peak KILOBYTES". Small and static, because a child's peak counts the memory of
   who started it. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
}

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const int out = open("/dev/null", O_WRONLY | O_CLOEXEC);
  for (int i = atoi(argv[1]); i > 0; i--) {
    const double started = now_ms();
    const pid_t child = vfork();
    if (child == 0) {
      dup2(out, STDOUT_FILENO);
      dup2(out, STDERR_FILENO);
      execvp(argv[2], argv + 2);
      _exit(127);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) < 0) return 1;
    if (status != 0) return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    dprintf(STDOUT_FILENO, "%.4f\n", now_ms() - started);
  }
  struct rusage usage;
  getrusage(RUSAGE_CHILDREN, &usage);
  dprintf(STDOUT_FILENO, "peak %ld\n", usage.ru_maxrss);
}
