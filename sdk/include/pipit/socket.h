#ifndef PIPIT_SOCKET_H
#define PIPIT_SOCKET_H
#include <stddef.h>
#include <stdint.h>

/* TCP and UDP over IPv4 and IPv6, by WasmEdge's extension of WASI preview 1. A descriptor is one of WASI's:
   read(), write(), close() and poll() take it. Functions that can fail return -1 and set errno. */

#ifdef __cplusplus
extern "C" {
#endif

enum { PIPIT_DATAGRAM = 1, PIPIT_STREAM = 2 };

/* An IPv4 address and port in host order of bytes as written: {{127, 0, 0, 1}, 80}. */
struct pipit_address {
  uint8_t ip[4];
  uint16_t port;
};

/* A socket that is not bound yet. */
int pipit_socket(int type);
int pipit_bind(int fd, const struct pipit_address* address);
int pipit_listen(int fd, int backlog);
/* A stream socket that takes connections on `port` of every address. */
int pipit_serve(uint16_t port, int backlog);
/* The same for IPv6. Such a socket meets IPv4 as well, whose addresses begin with ::ffff:. */
struct pipit_address6 {
  uint8_t ip[16];
  uint16_t port;
};
int pipit_socket6(int type);
int pipit_bind6(int fd, const struct pipit_address6* address);
int pipit_connect6(int fd, const struct pipit_address6* address);
int pipit_local_address6(int fd, struct pipit_address6* out);
int pipit_peer_address6(int fd, struct pipit_address6* out);
/* The first IPv6 address of a host name; its port stays as it is. */
int pipit_resolve6(const char* host, struct pipit_address6* out);
/* Waits for a connection. */
int pipit_accept(int fd);
/* Waits until connected; a datagram socket only notes its peer. */
int pipit_connect(int fd, const struct pipit_address* address);
/* Up to `size` bytes, 0 at the end of a stream. */
long pipit_recv(int fd, void* data, size_t size);
/* As much as there is room for. */
long pipit_send(int fd, const void* data, size_t size);
/* All of it; 0, or -1. */
int pipit_send_all(int fd, const void* data, size_t size);
long pipit_recv_from(int fd, void* data, size_t size, struct pipit_address* from);
long pipit_send_to(int fd, const void* data, size_t size, const struct pipit_address* to);
/* Tells the peer that nothing more comes. */
int pipit_end_sending(int fd);
int pipit_local_address(int fd, struct pipit_address* out);
int pipit_peer_address(int fd, struct pipit_address* out);
/* The first IPv4 address of a host name; its port stays as it is. */
int pipit_resolve(const char* host, struct pipit_address* out);
/* Calls answer EAGAIN instead of waiting. */
int pipit_set_nonblocking(int fd, int on);

#ifdef __cplusplus
}
#endif
#endif
