#include <pipit/socket.h>

#include <errno.h>
#include <string.h>
#include <wasi/api.h>

struct wasi_address {
  const void* bytes;
  uint32_t size;
};
struct wasi_sockaddr {
  uint8_t family;
  uint32_t size;
  uint8_t* data;
};
struct wasi_addrinfo {
  uint16_t flags;
  uint8_t family, type, protocol;
  uint32_t address_size;
  struct wasi_sockaddr* address;
  char* name;
  uint32_t name_size;
  struct wasi_addrinfo* next;
};

#define IMPORT(name) __attribute__((import_module("wasi_snapshot_preview1"), import_name(#name)))
IMPORT(sock_open) int32_t wasi_open(int32_t family, int32_t type, int32_t* fd);
IMPORT(sock_bind) int32_t wasi_bind(int32_t fd, const struct wasi_address* address, int32_t port);
IMPORT(sock_listen) int32_t wasi_listen(int32_t fd, int32_t backlog);
IMPORT(sock_connect) int32_t wasi_connect(int32_t fd, const struct wasi_address* address, int32_t port);
IMPORT(sock_recv_from)
int32_t wasi_recv_from(int32_t fd, const __wasi_iovec_t* vectors, int32_t count, struct wasi_address* from,
                       int32_t flags, uint32_t* port, uint32_t* size, uint32_t* out_flags);
IMPORT(sock_send_to)
int32_t wasi_send_to(int32_t fd, const __wasi_ciovec_t* vectors, int32_t count, const struct wasi_address* to,
                     int32_t port, int32_t flags, uint32_t* size);
IMPORT(sock_getlocaladdr)
int32_t wasi_local(int32_t fd, struct wasi_address* address, uint32_t* type, uint32_t* port);
IMPORT(sock_getpeeraddr)
int32_t wasi_peer(int32_t fd, struct wasi_address* address, uint32_t* type, uint32_t* port);
IMPORT(sock_getaddrinfo)
int32_t wasi_lookup(const char* node, uint32_t node_size, const char* service, uint32_t service_size,
                    const struct wasi_addrinfo* hints, struct wasi_addrinfo** list, uint32_t most,
                    uint32_t* count);

enum { kInet4 = 1, kInet6 = 2 };

static int result(int32_t error) {
  if (error == 0) return 0;
  errno = error; /* wasi-libc's numbers are preview 1's */
  return -1;
}

int pipit_socket(int type) {
  int32_t fd;
  return result(wasi_open(kInet4, type, &fd)) < 0 ? -1 : fd;
}

int pipit_bind(int fd, const struct pipit_address* address) {
  const struct wasi_address at = {address->ip, sizeof address->ip};
  return result(wasi_bind(fd, &at, address->port));
}

int pipit_listen(int fd, int backlog) { return result(wasi_listen(fd, backlog)); }

int pipit_serve(uint16_t port, int backlog) {
  const struct pipit_address any = {{0, 0, 0, 0}, port};
  const int fd = pipit_socket(PIPIT_STREAM);
  if (fd < 0) return -1;
  if (pipit_bind(fd, &any) == 0 && pipit_listen(fd, backlog) == 0) return fd;
  const int error = errno;
  (void)__wasi_fd_close(fd);
  errno = error;
  return -1;
}

int pipit_accept(int fd) {
  __wasi_fd_t connection;
  return result(__wasi_sock_accept(fd, 0, &connection)) < 0 ? -1 : connection;
}

int pipit_connect(int fd, const struct pipit_address* address) {
  const struct wasi_address at = {address->ip, sizeof address->ip};
  return result(wasi_connect(fd, &at, address->port));
}

long pipit_recv(int fd, void* data, size_t size) {
  const __wasi_iovec_t vector = {data, size};
  __wasi_size_t got;
  __wasi_roflags_t flags;
  return result(__wasi_sock_recv(fd, &vector, 1, 0, &got, &flags)) < 0 ? -1 : (long)got;
}

long pipit_send(int fd, const void* data, size_t size) {
  const __wasi_ciovec_t vector = {data, size};
  __wasi_size_t put;
  return result(__wasi_sock_send(fd, &vector, 1, 0, &put)) < 0 ? -1 : (long)put;
}

int pipit_send_all(int fd, const void* data, size_t size) {
  for (const char* at = data; size > 0;) {
    const long put = pipit_send(fd, at, size);
    if (put < 0) return -1;
    at += put;
    size -= (size_t)put;
  }
  return 0;
}

long pipit_recv_from(int fd, void* data, size_t size, struct pipit_address* from) {
  const __wasi_iovec_t vector = {data, size};
  uint8_t tagged[128]; /* u16 family, then the address */
  struct wasi_address at = {tagged, sizeof tagged};
  uint32_t port, got, flags;
  if (result(wasi_recv_from(fd, &vector, 1, &at, 0, &port, &got, &flags)) < 0) return -1;
  memcpy(from->ip, tagged + 2, sizeof from->ip);
  from->port = (uint16_t)port;
  return (long)got;
}

long pipit_send_to(int fd, const void* data, size_t size, const struct pipit_address* to) {
  const __wasi_ciovec_t vector = {data, size};
  const struct wasi_address at = {to->ip, sizeof to->ip};
  uint32_t put;
  return result(wasi_send_to(fd, &vector, 1, &at, to->port, 0, &put)) < 0 ? -1 : (long)put;
}

int pipit_end_sending(int fd) { return result(__wasi_sock_shutdown(fd, __WASI_SDFLAGS_WR)); }

static int ask(int32_t (*call)(int32_t, struct wasi_address*, uint32_t*, uint32_t*), int fd,
               struct pipit_address* out) {
  struct wasi_address at = {out->ip, sizeof out->ip};
  uint32_t type, port;
  if (result(call(fd, &at, &type, &port)) < 0) return -1;
  out->port = (uint16_t)port;
  return 0;
}
int pipit_local_address(int fd, struct pipit_address* out) { return ask(wasi_local, fd, out); }
int pipit_peer_address(int fd, struct pipit_address* out) { return ask(wasi_peer, fd, out); }

static int resolve(const char* host, uint8_t family, uint8_t* ip, size_t ip_size) {
  enum { kMost = 4, kBytes = 26 };
  uint8_t data[kMost][kBytes];
  struct wasi_sockaddr addresses[kMost];
  struct wasi_addrinfo infos[kMost];
  for (int i = 0; i < kMost; ++i) {
    addresses[i] = (struct wasi_sockaddr){family, kBytes, data[i]};
    infos[i] = (struct wasi_addrinfo){.family = family,
                                      .type = PIPIT_STREAM,
                                      .address = &addresses[i],
                                      .next = i + 1 < kMost ? &infos[i + 1] : NULL};
  }
  const struct wasi_addrinfo hints = {.family = family, .type = PIPIT_STREAM};
  struct wasi_addrinfo* list = infos;
  uint32_t count = 0;
  if (result(wasi_lookup(host, strlen(host), "", 0, &hints, &list, kMost, &count)) < 0) return -1;
  for (uint32_t i = 0; i < count; ++i)
    if (infos[i].family == family) {
      memcpy(ip, data[i] + 2, ip_size);
      return 0;
    }
  return result(__WASI_ERRNO_NOENT);
}
int pipit_resolve(const char* host, struct pipit_address* out) {
  return resolve(host, kInet4, out->ip, sizeof out->ip);
}
int pipit_resolve6(const char* host, struct pipit_address6* out) {
  return resolve(host, kInet6, out->ip, sizeof out->ip);
}

int pipit_socket6(int type) {
  int32_t fd;
  return result(wasi_open(kInet6, type, &fd)) < 0 ? -1 : fd;
}
int pipit_bind6(int fd, const struct pipit_address6* address) {
  const struct wasi_address at = {address->ip, sizeof address->ip};
  return result(wasi_bind(fd, &at, address->port));
}
int pipit_connect6(int fd, const struct pipit_address6* address) {
  const struct wasi_address at = {address->ip, sizeof address->ip};
  return result(wasi_connect(fd, &at, address->port));
}
static int ask6(int32_t (*call)(int32_t, struct wasi_address*, uint32_t*, uint32_t*), int fd,
                struct pipit_address6* out) {
  struct wasi_address at = {out->ip, sizeof out->ip};
  uint32_t type, port;
  if (result(call(fd, &at, &type, &port)) < 0) return -1;
  out->port = (uint16_t)port;
  return 0;
}
int pipit_local_address6(int fd, struct pipit_address6* out) { return ask6(wasi_local, fd, out); }
int pipit_peer_address6(int fd, struct pipit_address6* out) { return ask6(wasi_peer, fd, out); }

int pipit_set_nonblocking(int fd, int on) {
  return result(__wasi_fd_fdstat_set_flags(fd, on ? __WASI_FDFLAGS_NONBLOCK : 0));
}
