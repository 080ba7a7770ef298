/* Every call of WASI preview 1, well and badly asked, where "/" or "." is granted as descriptor 3. Prints
   each answer that is not the specification's, then how many calls were made; ends by proc_exit(7). Runs on
   Linux and in Mewz. */
#include <stdio.h>
#include <string.h>
#include <wasi/api.h>

static int checks, wrong;

static void check(const char* what, unsigned got, unsigned expected) {
  ++checks;
  if (got == expected) return;
  ++wrong;
  printf("%s: %u instead of %u\n", what, got, expected);
}
#define SAYS(name, errno_, ...) \
  check(#name " " #errno_, (unsigned)__wasi_##name(__VA_ARGS__), __WASI_ERRNO_##errno_)
#define HOLDS(what, condition) check(what, (condition) != 0, 1)

enum { kRoot = 3, kNone = 99 };
static const __wasi_rights_t kAll =
    __WASI_RIGHTS_FD_READ | __WASI_RIGHTS_FD_WRITE | __WASI_RIGHTS_FD_SEEK | __WASI_RIGHTS_FD_TELL |
    __WASI_RIGHTS_FD_FILESTAT_GET | __WASI_RIGHTS_FD_FILESTAT_SET_SIZE | __WASI_RIGHTS_FD_FILESTAT_SET_TIMES |
    __WASI_RIGHTS_FD_ADVISE | __WASI_RIGHTS_FD_ALLOCATE | __WASI_RIGHTS_FD_DATASYNC | __WASI_RIGHTS_FD_SYNC |
    __WASI_RIGHTS_FD_FDSTAT_SET_FLAGS;
static __wasi_size_t count;

static __wasi_fd_t open_file(const char* path, __wasi_oflags_t how) {
  __wasi_fd_t fd = 0;
  SAYS(path_open, SUCCESS, kRoot, 0, path, how, kAll, 0, 0, &fd);
  return fd;
}

static void arguments(void) {
  static char buffer[4096];
  static uint8_t* words[64];
  __wasi_size_t words_count = 0, bytes = 0;
  SAYS(args_sizes_get, SUCCESS, &words_count, &bytes);
  HOLDS("args count", words_count == 3 && bytes <= sizeof buffer);
  SAYS(args_get, SUCCESS, words, (uint8_t*)buffer);
  HOLDS("args", !strcmp((char*)words[1], "one") && !strcmp((char*)words[2], "two words"));
  SAYS(environ_sizes_get, SUCCESS, &words_count, &bytes);
  HOLDS("environ count", words_count == 1);
  SAYS(environ_get, SUCCESS, words, (uint8_t*)buffer);
  HOLDS("environ", !strcmp((char*)words[0], "KEY=value"));
}

static void time_and_chance(void) {
  __wasi_timestamp_t now = 0, later = 0, real = 0;
  uint8_t random[32] = {0}, zero[32] = {0};
  SAYS(clock_res_get, SUCCESS, __WASI_CLOCKID_MONOTONIC, &now);
  HOLDS("resolution", now > 0 && now <= 1000000000);
  SAYS(clock_res_get, INVAL, 17, &now);
  SAYS(clock_time_get, SUCCESS, __WASI_CLOCKID_MONOTONIC, 0, &now);
  SAYS(clock_time_get, SUCCESS, __WASI_CLOCKID_REALTIME, 0, &real);
  HOLDS("realtime is after 2023", real > 1672531200ull * 1000000000);
  SAYS(clock_time_get, INVAL, 17, 0, &later);
  SAYS(sched_yield, SUCCESS);
  SAYS(random_get, SUCCESS, random, sizeof random);
  HOLDS("random", memcmp(random, zero, sizeof random) != 0);

  __wasi_subscription_t waits[2] = {
      {.userdata = 5,
       .u = {.tag = __WASI_EVENTTYPE_CLOCK, .u.clock = {__WASI_CLOCKID_MONOTONIC, 2000000, 0, 0}}},
      {.userdata = 6, .u = {.tag = __WASI_EVENTTYPE_FD_READ, .u.fd_read = {kNone}}}};
  __wasi_event_t events[2];
  SAYS(poll_oneoff, SUCCESS, waits, events, 1, &count);
  SAYS(clock_time_get, SUCCESS, __WASI_CLOCKID_MONOTONIC, 0, &later);
  HOLDS("poll waits", count == 1 && events[0].userdata == 5 && later - now >= 2000000);
  SAYS(poll_oneoff, SUCCESS, waits, events, 2, &count);
  HOLDS("poll tells of a bad descriptor",
        count == 1 && events[0].userdata == 6 && events[0].error == __WASI_ERRNO_BADF);
  SAYS(poll_oneoff, INVAL, waits, events, 0, &count);
}

static void files(void) {
  char text[64] = "";
  const __wasi_ciovec_t out[2] = {{(const uint8_t*)"hello ", 6}, {(const uint8_t*)"world", 5}};
  const __wasi_iovec_t in = {(uint8_t*)text, sizeof text};
  __wasi_filesize_t at = 0;
  __wasi_filestat_t info;
  __wasi_fdstat_t state;
  const __wasi_fd_t fd = open_file("file", __WASI_OFLAGS_CREAT | __WASI_OFLAGS_EXCL);
  __wasi_fd_t other = 0;
  SAYS(path_open, EXIST, kRoot, 0, "file", __WASI_OFLAGS_CREAT | __WASI_OFLAGS_EXCL, kAll, 0, 0, &other);
  SAYS(path_open, NOENT, kRoot, 0, "missing", 0, kAll, 0, 0, &other);
  SAYS(path_open, NOTCAPABLE, kRoot, 0, "../outside", 0, kAll, 0, 0, &other);
  SAYS(fd_write, SUCCESS, fd, out, 2, &count);
  HOLDS("written", count == 11);
  SAYS(fd_write, BADF, kNone, out, 2, &count);
  SAYS(fd_pwrite, SUCCESS, fd, out + 1, 1, 20, &count);
  SAYS(fd_tell, SUCCESS, fd, &at);
  HOLDS("told", at == 11);
  SAYS(fd_seek, SUCCESS, fd, -5, __WASI_WHENCE_END, &at);
  HOLDS("sought", at == 20);
  SAYS(fd_seek, INVAL, fd, -1, __WASI_WHENCE_SET, &at);
  SAYS(fd_read, SUCCESS, fd, &in, 1, &count);
  HOLDS("read", count == 5 && !memcmp(text, "world", 5));
  SAYS(fd_pread, SUCCESS, fd, &in, 1, 6, &count);
  HOLDS("read in the middle, and a hole", count == 19 && !memcmp(text, "world\0\0", 7));
  SAYS(fd_pread, BADF, kNone, &in, 1, 6, &count);
  SAYS(fd_filestat_get, SUCCESS, fd, &info);
  HOLDS("status", info.size == 25 && info.filetype == __WASI_FILETYPE_REGULAR_FILE && info.nlink == 1);
  SAYS(fd_filestat_set_size, SUCCESS, fd, 3);
  SAYS(fd_allocate, SUCCESS, fd, 0, 100);
  SAYS(fd_advise, SUCCESS, fd, 0, 10, __WASI_ADVICE_SEQUENTIAL);
  SAYS(fd_filestat_set_times, SUCCESS, fd, 1000000000, 2000000000,
       __WASI_FSTFLAGS_ATIM | __WASI_FSTFLAGS_MTIM);
  SAYS(fd_filestat_set_times, INVAL, fd, 0, 0, __WASI_FSTFLAGS_ATIM | __WASI_FSTFLAGS_ATIM_NOW);
  SAYS(path_filestat_get, SUCCESS, kRoot, 0, "file", &info);
  HOLDS("times and size", info.size == 100 && info.mtim == 2000000000);
  SAYS(path_filestat_set_times, SUCCESS, kRoot, 0, "file", 0, 3000000000, __WASI_FSTFLAGS_MTIM);
  SAYS(path_filestat_get, NOENT, kRoot, 0, "missing", &info);
  SAYS(fd_datasync, SUCCESS, fd);
  SAYS(fd_sync, SUCCESS, fd);
  SAYS(fd_fdstat_get, SUCCESS, fd, &state);
  HOLDS("descriptor", state.fs_filetype == __WASI_FILETYPE_REGULAR_FILE && state.fs_rights_base == kAll);
  SAYS(fd_fdstat_set_flags, SUCCESS, fd, __WASI_FDFLAGS_APPEND);
  SAYS(fd_fdstat_set_rights, SUCCESS, fd, __WASI_RIGHTS_FD_READ, 0);
  SAYS(fd_fdstat_set_rights, NOTCAPABLE, fd, kAll, 0);
  SAYS(fd_write, NOTCAPABLE, fd, out, 1, &count);
  SAYS(fd_renumber, SUCCESS, open_file("file", 0), fd);
  SAYS(fd_write, SUCCESS, fd, out, 1, &count);
  SAYS(fd_renumber, BADF, kNone, fd);
  SAYS(fd_close, SUCCESS, fd);
  SAYS(fd_close, BADF, fd);
}

static void paths(void) {
  uint8_t text[512];
  __wasi_prestat_t granted;
  __wasi_fd_t directory = 0;
  SAYS(fd_prestat_get, SUCCESS, kRoot, &granted);
  SAYS(fd_prestat_dir_name, SUCCESS, kRoot, text, granted.u.dir.pr_name_len);
  SAYS(fd_prestat_get, BADF, kNone, &granted);
  SAYS(path_create_directory, SUCCESS, kRoot, "folder");
  SAYS(path_create_directory, EXIST, kRoot, "folder");
  SAYS(path_rename, SUCCESS, kRoot, "file", kRoot, "folder/moved");
  SAYS(path_rename, NOENT, kRoot, "file", kRoot, "folder/again");
  SAYS(path_link, SUCCESS, kRoot, 0, "folder/moved", kRoot, "second");
  SAYS(path_link, EXIST, kRoot, 0, "folder/moved", kRoot, "second");
  SAYS(path_symlink, SUCCESS, "folder/moved", kRoot, "link");
  SAYS(path_symlink, EXIST, "folder/moved", kRoot, "link");
  SAYS(path_readlink, SUCCESS, kRoot, "link", text, sizeof text, &count);
  HOLDS("link", count == 12 && !memcmp(text, "folder/moved", 12));
  SAYS(path_readlink, INVAL, kRoot, "second", text, sizeof text, &count);
  SAYS(path_open, SUCCESS, kRoot, 0, "folder", __WASI_OFLAGS_DIRECTORY, __WASI_RIGHTS_FD_READDIR, 0, 0,
       &directory);
  SAYS(fd_readdir, SUCCESS, directory, text, sizeof text, __WASI_DIRCOOKIE_START, &count);
  int found = 0;
  for (__wasi_size_t i = 0; i + sizeof(__wasi_dirent_t) <= count;) {
    __wasi_dirent_t entry;
    memcpy(&entry, text + i, sizeof entry);
    i += sizeof entry;
    found += entry.d_namlen == 5 && i + 5 <= count && !memcmp(text + i, "moved", 5);
    i += entry.d_namlen;
  }
  HOLDS("listed", found == 1);
  SAYS(fd_readdir, BADF, kNone, text, sizeof text, __WASI_DIRCOOKIE_START, &count);
  SAYS(fd_close, SUCCESS, directory);
  SAYS(path_remove_directory, NOTEMPTY, kRoot, "folder");
  SAYS(path_unlink_file, SUCCESS, kRoot, "folder/moved");
  SAYS(path_unlink_file, SUCCESS, kRoot, "second");
  SAYS(path_unlink_file, SUCCESS, kRoot, "link");
  SAYS(path_unlink_file, NOENT, kRoot, "link");
  SAYS(path_remove_directory, SUCCESS, kRoot, "folder");
  SAYS(path_remove_directory, NOENT, kRoot, "folder");
}

static void sockets(void) {
  uint8_t text[8];
  const __wasi_iovec_t in = {text, sizeof text};
  const __wasi_ciovec_t out = {text, sizeof text};
  __wasi_roflags_t flags;
  __wasi_fd_t connection;
  SAYS(sock_accept, BADF, kNone, 0, &connection);
  SAYS(sock_accept, NOTSOCK, kRoot, 0, &connection);
  SAYS(sock_recv, NOTSOCK, kRoot, &in, 1, 0, &count, &flags);
  SAYS(sock_send, NOTSOCK, kRoot, &out, 1, 0, &count);
  SAYS(sock_shutdown, NOTSOCK, kRoot, __WASI_SDFLAGS_RD);
  SAYS(sock_shutdown, BADF, kNone, __WASI_SDFLAGS_RD);
}

int main(void) {
  arguments();
  time_and_chance();
  files();
  paths();
  sockets();
  printf("%d answers, %d of them wrong\n", checks, wrong);
  fflush(stdout);
  __wasi_proc_exit(7);
}
