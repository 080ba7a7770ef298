/* A version that must not take over: canary MODE [PORT]
   trap     takes a connection, reads the request, traps
   mute     the same, and never answers
   early    traps before it listens
   later    answers one request, traps at the next connection's */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pipit/socket.h>

int main(int argc, char** argv) {
  const char* const mode = argc > 1 ? argv[1] : "trap";
  if (!strcmp(mode, "early")) __builtin_trap();
  const int listener = pipit_serve(argc > 2 ? (uint16_t)atoi(argv[2]) : 80, 16);
  if (listener < 0) return 1;
  for (int count = 0;; ++count) {
    static char request[4096];
    const int fd = pipit_accept(listener);
    if (fd < 0 || pipit_recv(fd, request, sizeof request) <= 0) continue;
    printf("canary: %.3s\n", request);
    fflush(stdout);
    if (!strcmp(mode, "mute")) sleep(3600);
    if (strcmp(mode, "later") || count > 0) __builtin_trap();
    static const char kAnswer[] = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nv5\n";
    pipit_send_all(fd, kAnswer, sizeof kAnswer - 1);
    close(fd);
  }
}
