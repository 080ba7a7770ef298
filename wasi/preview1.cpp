// WASI preview 1 without files: wasi_snapshot_preview1.witx, functions in its order.
#include "wasi/poll.h"
#include "wasi/stdio.h"
#include "wasi/tables.h"

namespace pipit::wasi {
namespace {

/// Writes `strings` NUL-terminated to `buffer` and their addresses to `pointers`.
Errno store_strings(Call& call, std::span<const std::string_view> strings, u32 pointers, u32 buffer) {
  for (const std::string_view text : strings) {
    MutBytes out;
    if (!call.bytes(buffer, static_cast<u32>(text.size()) + 1, out) || !call.store(pointers, buffer))
      return Errno::fault;
    std::memcpy(out.data(), text.data(), text.size());
    out[text.size()] = 0;
    buffer += static_cast<u32>(text.size()) + 1;
    pointers += 4;
  }
  return Errno::success;
}

Errno store_string_sizes(Call& call, std::span<const std::string_view> strings, u32 count, u32 bytes) {
  u32 total = 0;
  for (const std::string_view text : strings) total += static_cast<u32>(text.size()) + 1;
  const bool stored = call.store(count, static_cast<u32>(strings.size())) && call.store(bytes, total);
  return stored ? Errno::success : Errno::fault;
}

Errno args_get(Call& call) { return store_strings(call, call.context.arguments, call.arg(0), call.arg(1)); }
Errno args_sizes_get(Call& call) {
  return store_string_sizes(call, call.context.arguments, call.arg(0), call.arg(1));
}
Errno environ_get(Call& call) {
  return store_strings(call, call.context.environment, call.arg(0), call.arg(1));
}
Errno environ_sizes_get(Call& call) {
  return store_string_sizes(call, call.context.environment, call.arg(0), call.arg(1));
}

Errno clock_res_get(Call& call) {
  u64 resolution_ns = 0;
  const Errno error = clock_resolution(call.context, call.arg(0), resolution_ns);
  if (error != Errno::success) return error;
  return call.store(call.arg(1), resolution_ns) ? Errno::success : Errno::fault;
}

/// (clock id, precision, out): the precision is a wish, every clock is read as exactly as it can be.
Errno clock_time_get(Call& call) {
  u64 now_ns = 0;
  const Errno error = clock_now(call.context, call.arg(0), now_ns);
  if (error != Errno::success) return error;
  return call.store(call.arg(2), now_ns) ? Errno::success : Errno::fault;
}

wasm::HostAction proc_exit(void*, wasm::Instance& instance, wasm::Value* values) {
  instance.set_exit_code(values[0].u32_);
  return wasm::HostAction::exit;
}

Errno proc_raise(Call&) { return Errno::nosys; }
/// Fuel decides when a guest pauses, so there is nothing to give up.
Errno sched_yield(Call&) { return Errno::success; }

Errno random_get(Call& call) {
  MutBytes out;
  if (!call.bytes(call.arg(0), call.arg(1), out)) return Errno::fault;
  if (call.context.entropy == nullptr) return Errno::nosys;
  call.context.entropy->fill(out);
  return Errno::success;
}

constexpr char kModule[] = "wasi_snapshot_preview1";
constexpr wasm::HostFunction kFunctions[] = {
    {kModule, "args_get", "ii:i", entry<args_get>},
    {kModule, "args_sizes_get", "ii:i", entry<args_sizes_get>},
    {kModule, "environ_get", "ii:i", entry<environ_get>},
    {kModule, "environ_sizes_get", "ii:i", entry<environ_sizes_get>},
    {kModule, "clock_res_get", "ii:i", entry<clock_res_get>},
    {kModule, "clock_time_get", "iIi:i", entry<clock_time_get>},
    {kModule, "fd_close", "i:i", entry<fd_close>},
    {kModule, "fd_fdstat_get", "ii:i", entry<fd_fdstat_get>},
    {kModule, "fd_fdstat_set_flags", "ii:i", entry<fd_fdstat_set_flags>},
    {kModule, "fd_prestat_get", "ii:i", entry<fd_prestat_get>},
    {kModule, "fd_prestat_dir_name", "iii:i", entry<fd_prestat_dir_name>},
    {kModule, "fd_read", "iiii:i", entry<fd_read>},
    {kModule, "fd_seek", "iIii:i", entry<fd_seek>},
    {kModule, "fd_write", "iiii:i", entry<fd_write>},
    {kModule, "poll_oneoff", "iiii:i", entry<poll_oneoff>},
    {kModule, "proc_exit", "i:", proc_exit},
    {kModule, "proc_raise", "i:i", entry<proc_raise>},
    {kModule, "sched_yield", ":i", entry<sched_yield>},
    {kModule, "random_get", "ii:i", entry<random_get>},
};

}  // namespace

Functions preview1_functions() { return kFunctions; }
extern constinit const u64 kPreview1Id = fingerprint(kFunctions);

}  // namespace pipit::wasi
