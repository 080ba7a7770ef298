/* Preloaded into QEMU, so that wrk may open all its connections at once. QEMU's user network listens on a
   forwarded port with room for one connection that waits, and Linux drops what comes beyond: each such
   connection is tried again after a second, and the one that drew last is all that a run's 99th percentile
   tells of. */
#define _GNU_SOURCE
#include <dlfcn.h>

enum { kRoom = 128 };

int listen(int socket, int room) {
  int (*const real)(int, int) = (int (*)(int, int))dlsym(RTLD_NEXT, "listen");
  return real(socket, room < kRoom ? kRoom : room);
}
