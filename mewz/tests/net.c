/* What the network tests run in a machine: a client and servers, by the first argument. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pipit/socket.h>

static int fail(const char* what) {
  printf("%s: %s\n", what, strerror(errno));
  return 1;
}

/* Sends back what comes on one connection after another. */
static int echo(int port) {
  static char data[65536];
  const int listener = pipit_serve((uint16_t)port, 16);
  if (listener < 0) return fail("serve");
  printf("listening\n");
  for (;;) {
    const int fd = pipit_accept(listener);
    if (fd < 0) return fail("accept");
    long size;
    unsigned long total = 0;
    while ((size = pipit_recv(fd, data, sizeof data)) > 0) {
      if (pipit_send_all(fd, data, (size_t)size)) return fail("send");
      total += (unsigned long)size;
    }
    close(fd);
    if (total == 0) { /* a connection with nothing in it ends the test */
      sleep(1);       /* what it closed is closed on the other side too */
      return 0;
    }
  }
}

/* Sends `blocks` blocks of 65,521 bytes to who connects: its number, then always the same. */
static int stream(int port, int blocks) {
  static unsigned char block[65521];
  const int listener = pipit_serve((uint16_t)port, 1);
  if (listener < 0) return fail("serve");
  printf("listening\n");
  const int fd = pipit_accept(listener);
  for (size_t i = 4; i < sizeof block; ++i) block[i] = (unsigned char)(i * 2654435761u >> 11);
  for (uint32_t number = 0; number < (uint32_t)blocks; ++number) {
    memcpy(block, &number, sizeof number);
    if (pipit_send_all(fd, block, sizeof block)) return fail("send");
  }
  close(fd);
  sleep(1);
  return 0;
}

/* The host behind QEMU's user network by IPv6 is fec0::2; we configure ourselves in its network. */
static int client6(int port) {
  struct pipit_address6 host = {{0xfe, 0xc0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2}, (uint16_t)port},
                        local;
  char answer[64] = "";
  size_t used = 0;
  long got;
  const int fd = pipit_socket6(PIPIT_STREAM);
  if (fd < 0) return fail("socket");
  if (pipit_connect6(fd, &host)) return fail("connect");
  if (pipit_send_all(fd, "ping", 4) || pipit_end_sending(fd)) return fail("send");
  while (used < sizeof answer - 1 && (got = pipit_recv(fd, answer + used, sizeof answer - 1 - used)) > 0)
    used += (size_t)got;
  if (pipit_local_address6(fd, &local)) return fail("local address");
  printf("from %02x%02x::%02x%02x got %s\n", local.ip[0], local.ip[1], local.ip[14], local.ip[15], answer);
  return 0;
}

/* One socket of IPv6's meets both: IPv4 by ::ffff:127.0.0.1, and ::1. */
static int both(void) {
  const struct pipit_address6 any = {{0}, 4000};
  struct pipit_address6 from = {{0}, 0};
  const struct pipit_address here = {{127, 0, 0, 1}, 4000};
  const struct pipit_address6 here6 = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 4000};
  char text[16] = "";
  const int server = pipit_socket6(PIPIT_STREAM);
  if (server < 0 || pipit_bind6(server, &any) || pipit_listen(server, 2)) return fail("listen");
  const int four = pipit_socket(PIPIT_STREAM), six = pipit_socket6(PIPIT_STREAM);
  if (pipit_connect(four, &here) || pipit_connect6(six, &here6)) return fail("connect");
  const int one = pipit_accept(server), two = pipit_accept(server);
  if (pipit_peer_address6(one, &from)) return fail("peer");
  const int mapped = from.ip[10] == 0xff && from.ip[11] == 0xff && from.ip[12] == 127 && from.ip[15] == 1;
  if (pipit_peer_address6(two, &from)) return fail("peer");
  const int own = from.ip[0] == 0 && from.ip[10] == 0 && from.ip[15] == 1;
  if (pipit_send_all(four, "four", 4) || pipit_recv(one, text, sizeof text) != 4) return fail("IPv4");
  if (pipit_send_all(six, "six", 3) || pipit_recv(two, text + 4, sizeof text - 4) != 3) return fail("IPv6");
  printf("both %d%d %s\n", mapped, own, text);
  return 0;
}

/* The host behind QEMU's user network is 10.0.2.2. */
static int client(int port) {
  struct pipit_address host = {{10, 0, 2, 2}, (uint16_t)port}, local;
  char answer[64] = "";
  const int fd = pipit_socket(PIPIT_STREAM);
  if (fd < 0) return fail("socket");
  if (pipit_connect(fd, &host)) return fail("connect");
  if (pipit_send_all(fd, "ping", 4) || pipit_end_sending(fd)) return fail("send");
  size_t used = 0;
  long got;
  while (used < sizeof answer - 1 && (got = pipit_recv(fd, answer + used, sizeof answer - 1 - used)) > 0)
    used += (size_t)got;
  if (pipit_local_address(fd, &local)) return fail("local address");
  printf("from %d.%d.%d.%d got %s\n", local.ip[0], local.ip[1], local.ip[2], local.ip[3], answer);
  return 0;
}

static int refused(int port) {
  struct pipit_address host = {{10, 0, 2, 2}, (uint16_t)port};
  const int fd = pipit_socket(PIPIT_STREAM);
  if (pipit_connect(fd, &host) == 0) return fail("connected");
  printf("refused: %s\n", errno == ECONNREFUSED || errno == ECONNRESET ? "yes" : strerror(errno));
  return 0;
}

/* A datagram to ourselves has to come back. */
static int datagrams(void) {
  struct pipit_address here = {{127, 0, 0, 1}, 4000}, from;
  char text[16] = "";
  const int one = pipit_socket(PIPIT_DATAGRAM), two = pipit_socket(PIPIT_DATAGRAM);
  if (one < 0 || two < 0 || pipit_bind(one, &here)) return fail("bind");
  if (pipit_send_to(two, "pong", 4, &here) != 4) return fail("send_to");
  if (pipit_recv_from(one, text, sizeof text, &from) != 4) return fail("recv_from");
  printf("datagram %s from port %s\n", text, from.port != 0 ? "set" : "0");
  return 0;
}

__attribute__((import_module("wasi_snapshot_preview1"), import_name("sock_getaddrinfo"))) int look_up(
    const char* node, size_t node_bytes, const char* service, size_t service_bytes, const void* hints,
    void* list, uint32_t most, uint32_t* count);

static int errors(void) {
  struct pipit_address here = {{0, 0, 0, 0}, 0};
  char byte;
  const int fd = pipit_socket(PIPIT_STREAM), other = pipit_socket(PIPIT_STREAM);
  const int not_connected = pipit_send(fd, "x", 1) < 0 && errno == ENOTCONN;
  const int no_socket = pipit_bind(1, &here) < 0 && errno == ENOTSOCK;
  const int bad = pipit_listen(99, 1) < 0 && errno == EBADF;
  const int bound = pipit_bind(fd, &here) == 0 && pipit_listen(fd, 1) == 0;
  pipit_set_nonblocking(fd, 1);
  const int again = pipit_accept(fd) < 0 && errno == EAGAIN;
  const int invalid = pipit_accept(other) < 0 && errno == EINVAL;
  const int unread = pipit_recv(other, &byte, 1) < 0 && errno == ENOTCONN;
  uint32_t hints[2] = {0}, list = 0, count = 0;
  const int two_names = look_up("127.0.0.1\0.b", 12, "", 0, hints, &list, 0, &count) == 28; /* EINVAL */
  printf("errors %d%d%d%d%d%d%d%d\n", not_connected, no_socket, bad, bound, again, invalid, unread,
         two_names);
  return 0;
}

int main(int argc, char** argv) {
  const char* const what = argc > 1 ? argv[1] : "";
  const int port = argc > 2 ? atoi(argv[2]) : 0;
  setvbuf(stdout, NULL, _IONBF, 0);
  if (!strcmp(what, "echo")) return echo(port);
  if (!strcmp(what, "stream") && argc > 3) return stream(port, atoi(argv[3]));
  if (!strcmp(what, "client")) return client(port);
  if (!strcmp(what, "client6")) return client6(port);
  if (!strcmp(what, "both")) return both();
  if (!strcmp(what, "refused")) return refused(port);
  if (!strcmp(what, "datagrams")) return datagrams();
  if (!strcmp(what, "errors")) return errors();
  return 2;
}
