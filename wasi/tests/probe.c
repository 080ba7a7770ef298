/* Exports every host function under its own name, so that a test calls it with any arguments. */
#include <stdint.h>

#define NAMED(module, name, result, parameters, arguments)                                  \
  __attribute__((import_module(module), import_name(#name))) result host_##name parameters; \
  __attribute__((export_name(#name))) result probe_##name parameters { return host_##name arguments; }

#define P1(name, parameters, arguments) NAMED("wasi_snapshot_preview1", name, uint32_t, parameters, arguments)
#define NN(name, parameters, arguments) NAMED("wasi_ephemeral_nn", name, uint32_t, parameters, arguments)

typedef uint32_t u;
typedef uint64_t w;
#define U2 (u a, u b), (a, b)
#define U3 (u a, u b, u c), (a, b, c)
#define U4 (u a, u b, u c, u d), (a, b, c, d)
#define U5 (u a, u b, u c, u d, u e), (a, b, c, d, e)
#define U6 (u a, u b, u c, u d, u e, u f), (a, b, c, d, e, f)
#define U7 (u a, u b, u c, u d, u e, u f, u g), (a, b, c, d, e, f, g)
#define EXPAND(macro, name, ...) macro(name, __VA_ARGS__)
#define FN(kind, name, ...) EXPAND(kind, name, __VA_ARGS__)

FN(P1, args_get, U2)
FN(P1, args_sizes_get, U2)
FN(P1, environ_get, U2)
FN(P1, environ_sizes_get, U2)
FN(P1, clock_res_get, U2)
P1(clock_time_get, (u a, w b, u c), (a, b, c))
P1(fd_advise, (u a, w b, w c, u d), (a, b, c, d))
P1(fd_allocate, (u a, w b, w c), (a, b, c))
P1(fd_close, (u a), (a))
P1(fd_datasync, (u a), (a))
FN(P1, fd_fdstat_get, U2)
FN(P1, fd_fdstat_set_flags, U2)
P1(fd_fdstat_set_rights, (u a, w b, w c), (a, b, c))
FN(P1, fd_filestat_get, U2)
P1(fd_filestat_set_size, (u a, w b), (a, b))
P1(fd_filestat_set_times, (u a, w b, w c, u d), (a, b, c, d))
P1(fd_pread, (u a, u b, u c, w d, u e), (a, b, c, d, e))
FN(P1, fd_prestat_dir_name, U3)
FN(P1, fd_prestat_get, U2)
P1(fd_pwrite, (u a, u b, u c, w d, u e), (a, b, c, d, e))
FN(P1, fd_read, U4)
P1(fd_readdir, (u a, u b, u c, w d, u e), (a, b, c, d, e))
FN(P1, fd_renumber, U2)
P1(fd_seek, (u a, w b, u c, u d), (a, b, c, d))
P1(fd_sync, (u a), (a))
FN(P1, fd_tell, U2)
FN(P1, fd_write, U4)
FN(P1, path_create_directory, U3)
FN(P1, path_filestat_get, U5)
P1(path_filestat_set_times, (u a, u b, u c, u d, w e, w f, u g), (a, b, c, d, e, f, g))
FN(P1, path_link, U7)
P1(path_open, (u a, u b, u c, u d, u e, w f, w g, u h, u i), (a, b, c, d, e, f, g, h, i))
FN(P1, path_readlink, U6)
FN(P1, path_remove_directory, U3)
FN(P1, path_rename, U6)
FN(P1, path_symlink, U5)
FN(P1, path_unlink_file, U3)
FN(P1, poll_oneoff, U4)
P1(proc_raise, (u a), (a))
P1(sched_yield, (void), ())
FN(P1, random_get, U2)
FN(P1, sock_accept, U3)
FN(P1, sock_recv, U6)
FN(P1, sock_send, U5)
FN(P1, sock_shutdown, U2)

FN(NN, load, U5)
FN(NN, load_by_name, U3)
FN(NN, init_execution_context, U2)
FN(NN, set_input, U3)
NN(compute, (u a), (a))
FN(NN, get_output, U5)

NAMED("pipit:sensor", open, uint32_t, (u a, u b, u c), (a, b, c))
NAMED("pipit:sensor", read, uint32_t, (u a, u b, u c, u d), (a, b, c, d))
NAMED("pipit:telemetry", publish, uint32_t, (u a, u b, u c, u d, u e), (a, b, c, d, e))

__attribute__((import_module("wasi_snapshot_preview1"), import_name("proc_exit"))) void host_proc_exit(
    u code);
__attribute__((export_name("proc_exit"))) void probe_proc_exit(u code) { host_proc_exit(code); }
