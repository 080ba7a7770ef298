/* A small static HTTP/1.1 server: files below /, one process, as many connections as there are descriptors.
   server [PORT]   (80 without) */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <pipit/socket.h>

enum { kMaxConnections = 128, kRequestBytes = 4096, kChunkBytes = 16384 };

struct connection {
  int fd;    /* -1: free */
  int file;  /* being sent; -1: none */
  long left; /* bytes of it */
  int keep_alive;
  size_t request_bytes, out_bytes, out_sent;
  char request[kRequestBytes + 1];
  char out[kChunkBytes];
};

static struct connection connections[kMaxConnections];
static int highest; /* of those in use, and one */
static int leaving; /* somebody else takes new connections now */

#ifndef GREETING
#define GREETING "hello from pipit"
#endif

static const char* type_of(const char* path) {
  static const char* const types[][2] = {
      {".html", "text/html; charset=utf-8"}, {".css", "text/css"},  {".js", "text/javascript"},
      {".json", "application/json"},         {".png", "image/png"}, {".txt", "text/plain; charset=utf-8"}};
  const char* const dot = strrchr(path, '.');
  for (size_t i = 0; dot && i < sizeof types / sizeof *types; ++i)
    if (!strcmp(dot, types[i][0])) return types[i][1];
  return "application/octet-stream";
}

/* Answers are put together by hand: printf would be half of a request's work, and most of the module. */
static void put(struct connection* c, const char* text) {
  char* at = c->out + c->out_bytes;
  while (*text) *at++ = *text++;
  c->out_bytes = (size_t)(at - c->out);
}

static const char* decimal(long value, char digits[static 12]) {
  char* at = digits + 11;
  *at = 0;
  do *--at = (char)('0' + value % 10);
  while ((value /= 10) > 0);
  return at;
}

static void put_head(struct connection* c, const char* status, const char* type, long bytes) {
  char digits[12];
  if (leaving) c->keep_alive = 0;
  c->out_bytes = c->out_sent = 0;
  put(c, "HTTP/1.1 ");
  put(c, status);
  put(c, "\r\nServer: pipit\r\nContent-Type: ");
  put(c, type);
  put(c, "\r\nContent-Length: ");
  put(c, decimal(bytes, digits));
  put(c, c->keep_alive ? "\r\nConnection: keep-alive\r\n\r\n" : "\r\nConnection: close\r\n\r\n");
}

static void put_text(struct connection* c, const char* status, const char* text) {
  put_head(c, status, "text/plain; charset=utf-8", (long)strlen(text));
  put(c, text);
}

/* Whether `text` begins with `word`, which is in lower case where case does not matter. */
static int begins(const char* text, const char* word, int any_case) {
  for (; *word; ++text, ++word) {
    const char fold = any_case && *text >= 'A' && *text <= 'Z' ? 'a' - 'A' : 0;
    if (*text + fold != *word) return 0;
  }
  return 1;
}

/* The first of two characters in `text`, else its end. */
static char* find(char* text, char one, char other) {
  while (*text && *text != one && *text != other) ++text;
  return text;
}

/* Answers GET and HEAD of a path without "..". */
static void answer(struct connection* c, char* line) {
  char* const path = find(line, ' ', ' ');
  char* const version = *path ? find(path + 1, ' ', ' ') : path;
  if (!*version) {
    c->keep_alive = 0;
    put_text(c, "400 Bad Request", "not HTTP\n");
    return;
  }
  *version = 0;
  const int head = begins(line, "HEAD ", 0);
  if (!head && !begins(line, "GET ", 0)) {
    put_text(c, "405 Method Not Allowed", "only GET and HEAD\n");
    return;
  }
  char* name = path + 1;
  *find(name, '?', '#') = 0;
  const int index = name[0] == '/' && name[1] == 0;
  if (index) name = "/index.html";
  struct stat info;
  const int file = strstr(name, "..") ? -1 : open(name, O_RDONLY);
  if (file < 0 || fstat(file, &info) || !S_ISREG(info.st_mode)) {
    if (file >= 0) close(file);
    if (index || !strcmp(name, "/index.html"))
      put_text(c, "200 OK", GREETING "\n");
    else
      put_text(c, "404 Not Found", "no such file\n");
    return;
  }
  put_head(c, "200 OK", type_of(name), (long)info.st_size);
  c->left = head ? 0 : (long)info.st_size;
  if (c->left == 0)
    close(file);
  else
    c->file = file;
}

static void end(struct connection* c) {
  if (c->file >= 0) close(c->file);
  close(c->fd);
  c->fd = c->file = -1;
}

static void take_request(struct connection* c) {
  char* const stop = strstr(c->request, "\r\n\r\n");
  if (!stop) {
    if (c->request_bytes < kRequestBytes) return;
    c->keep_alive = 0;
    c->request_bytes = 0;
    put_text(c, "431 Request Header Fields Too Large", "too long\n");
    return;
  }
  char* const end_of_line = strstr(c->request, "\r\n");
  const size_t used = (size_t)(stop + 4 - c->request);
  const int old = end_of_line >= c->request + 8 && begins(end_of_line - 8, "HTTP/1.0", 0);
  c->keep_alive = !old;
  for (char* field = end_of_line + 2; field < stop; field = find(field, '\n', '\n') + 1)
    if (begins(field, "connection:", 1)) {
      const char* value = field + 11;
      while (*value == ' ') ++value;
      c->keep_alive = begins(value, "keep-alive", 1) || (!old && !begins(value, "close", 1));
    }
  *end_of_line = 0;
  answer(c, c->request);
  c->request_bytes -= used;
  if (c->request_bytes > 0) memmove(c->request, c->request + used, c->request_bytes);
  c->request[c->request_bytes] = 0;
}

/* Sends what is there and reads on until the network or the file has no more; 0 when the connection is over.
 */
static int send_more(struct connection* c) {
  for (;;) {
    while (c->out_sent < c->out_bytes) {
      const long put = pipit_send(c->fd, c->out + c->out_sent, c->out_bytes - c->out_sent);
      if (put < 0) return errno == EAGAIN;
      c->out_sent += (size_t)put;
    }
    c->out_sent = c->out_bytes = 0;
    if (c->file >= 0) {
      const long got = read(c->file, c->out, sizeof c->out);
      if (got <= 0) return 0;
      c->out_bytes = (size_t)got;
      c->left -= got;
      if (c->left <= 0) {
        close(c->file);
        c->file = -1;
      }
      continue;
    }
    if (!c->keep_alive) return 0;
    take_request(c);
    if (c->out_bytes == 0) return 1;
  }
}

static int receive(struct connection* c) {
  const long got = pipit_recv(c->fd, c->request + c->request_bytes, kRequestBytes - c->request_bytes);
  if (got < 0) return errno == EAGAIN;
  if (got == 0) return 0;
  c->request_bytes += (size_t)got;
  c->request[c->request_bytes] = 0;
  return send_more(c);
}

/* Takes one connection; 0 when none waits. */
static int greet(int listener) {
  const int fd = pipit_accept(listener);
  if (fd < 0 && errno == EINVAL) leaving = 1; /* the port has been passed on to a new version */
  if (fd < 0) return 0;
  for (int i = 0; i < kMaxConnections; ++i)
    if (connections[i].fd < 0) {
      pipit_set_nonblocking(fd, 1);
      connections[i].fd = fd;
      if (i >= highest) highest = i + 1;
      connections[i].keep_alive = 1;
      connections[i].request_bytes = connections[i].out_bytes = connections[i].out_sent = 0;
      return 1;
    }
  close(fd);
  return 1;
}

/* A line in one write. */
static void say(int fd, const char* text, const char* more) {
  char line[100];
  char* const end = stpcpy(stpcpy(line, text), more);
  *end = '\n';
  (void)!write(fd, line, (size_t)(end + 1 - line));
}

static int complain(const char* what, int error) {
  char digits[12], text[60];
  stpcpy(stpcpy(text, what), ": errno ");
  say(2, text, decimal(error, digits));
  return 1;
}

int main(int argc, char** argv) {
  const int port = argc > 1 ? atoi(argv[1]) : 80;
  const int listener = pipit_serve((uint16_t)port, 64);
  if (listener < 0) return complain("server: no port to listen on", errno);
  pipit_set_nonblocking(listener, 1);
  for (int i = 0; i < kMaxConnections; ++i) connections[i].fd = connections[i].file = -1;
  char digits[12];
  say(1, "serving on port ", decimal(port, digits));
  struct pollfd waits[kMaxConnections + 1];
  struct connection* who[kMaxConnections + 1];
  for (;;) {
    int count = 0;
    if (!leaving) waits[count++] = (struct pollfd){.fd = listener, .events = POLLIN};
    const int first = count;
    for (int i = 0; i < highest; ++i)
      if (connections[i].fd >= 0) {
        who[count] = &connections[i];
        waits[count++] =
            (struct pollfd){.fd = connections[i].fd, .events = connections[i].out_bytes ? POLLOUT : POLLIN};
      }
    if (count == 0) return 0;
    if (poll(waits, (nfds_t)count, -1) < 0) return complain("server: poll", errno);
    for (int i = first; i < count; ++i)
      if (waits[i].revents && !(waits[i].events == POLLOUT ? send_more(who[i]) : receive(who[i])))
        end(who[i]);
    if (first == 1 && waits[0].revents)
      while (greet(listener)) {
      }
  }
}
