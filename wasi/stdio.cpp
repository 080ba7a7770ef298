#include "wasi/stdio.h"

#include "wasi/sockets.h"
#include "wasi/tables.h"

namespace pipit::wasi {
namespace {

using Kind = Descriptor::Kind;

bool is_file(const Descriptor& descriptor) {
  return descriptor.kind == Kind::file || descriptor.kind == Kind::preopen;
}

/// Checks every vector of a guest iovec array before anything is moved, so that a bad one changes nothing.
Errno check_vectors(Call& call, u32 array, u32 count) {
  if (count > kMaxVectors) return Errno::inval;
  for (u32 i = 0; i < count; ++i) {
    u32 address = 0, size = 0;
    MutBytes view;
    if (!call.load_pair(array, i, address, size) || !call.bytes(address, size, view)) return Errno::fault;
  }
  return Errno::success;
}

Errno read_stream(Call& call, Descriptor& descriptor, MutBytes out, usize& count) {
  count = 0;
  if (is_file(descriptor)) return file_read(call, descriptor, out, count);
  if (descriptor.kind == Kind::socket) return socket_read(call.context, descriptor, out, count);
  if (descriptor.kind != Kind::input) return Errno::badf;
  if (call.context.in == nullptr || out.empty()) return Errno::success;
  auto got = call.context.in->read(out);
  if (!got.ok()) return got.error().code == Code::unavailable ? Errno::pending : to_errno(got.error().code);
  count = *got;
  return Errno::success;
}

Errno write_stream(Call& call, Descriptor& descriptor, MutBytes data, usize& count) {
  count = data.size();
  if (is_file(descriptor)) return file_write(call, descriptor, data, count);
  if (descriptor.kind == Kind::socket) return socket_write(call.context, descriptor, data, count);
  if (descriptor.kind != Kind::output && descriptor.kind != Kind::error) return Errno::badf;
  ports::Console* console = descriptor.kind == Kind::output ? call.context.out : call.context.err;
  if (console != nullptr && !data.empty()) console->write(data);
  return Errno::success;
}

/// (fd, iovs, iovs_len, out: bytes). Stops at the first vector that is not moved whole; an error after some
/// bytes is told next time.
Errno each_vector(Call& call, Errno (*move)(Call&, Descriptor&, MutBytes, usize&)) {
  Descriptor* descriptor = find_descriptor(call.context, call.arg(0));
  if (descriptor == nullptr) return Errno::badf;
  if (const Errno bad = check_vectors(call, call.arg(1), call.arg(2)); bad != Errno::success) return bad;
  if (!call.store(call.arg(3), u32{0})) return Errno::fault;
  u32 total = 0;
  for (u32 i = 0; i < call.arg(2); ++i) {
    u32 address = 0, size = 0;
    MutBytes data;
    // Checked again: what was just read may have overwritten the vectors.
    if (!call.load_pair(call.arg(1), i, address, size) || !call.bytes(address, size, data))
      return Errno::fault;
    usize count = 0;
    const Errno error = move(call, *descriptor, data, count);
    if (error != Errno::success && total == 0) return error;
    if (error != Errno::success) break;
    total += static_cast<u32>(count);
    if (count < size) break;
  }
  return call.store(call.arg(3), total) ? Errno::success : Errno::fault;
}

}  // namespace

/// (fd, iovs, iovs_len, out: bytes)
Errno fd_read(Call& call) { return each_vector(call, read_stream); }
/// (fd, iovs, iovs_len, out: bytes)
Errno fd_write(Call& call) { return each_vector(call, write_stream); }

/// (fd, offset i64, whence, out: position)
Errno fd_seek(Call& call) {
  Descriptor* descriptor = find_descriptor(call.context, call.arg(0));
  if (descriptor == nullptr) return Errno::badf;
  if (!is_file(*descriptor)) return Errno::spipe;
  u64 position = 0;
  if (!call.store(call.arg(3), position)) return Errno::fault;
  const Errno error = file_seek(call, *descriptor, static_cast<i64>(call.arg64(1)),
                                static_cast<u8>(call.arg(2) > 255 ? 255 : call.arg(2)), position);
  if (error != Errno::success) return error;
  return call.store(call.arg(3), position) ? Errno::success : Errno::fault;
}

Errno fd_close(Call& call) {
  Descriptor* descriptor = find_descriptor(call.context, call.arg(0));
  return descriptor == nullptr ? Errno::badf : close_descriptor(call.context, *descriptor);
}

/// fdstat, 24 bytes: u8 filetype, u16 flags at 2, u64 rights at 8, u64 inheriting at 16.
Errno fd_fdstat_get(Call& call) {
  const Descriptor* descriptor = find_descriptor(call.context, call.arg(0));
  if (descriptor == nullptr) return Errno::badf;
  MutBytes out;
  if (!call.bytes(call.arg(1), 24, out)) return Errno::fault;
  std::memset(out.data(), 0, 24);
  out[0] = descriptor->filetype;
  store_le(&out[2], descriptor->fdflags);
  store_le(&out[8], descriptor->rights);
  store_le(&out[16], descriptor->inheriting);
  return Errno::success;
}

/// On standard streams only what changes nothing is possible: none of ours blocks the guest's caller.
Errno fd_fdstat_set_flags(Call& call) {
  constexpr u32 kNonblock = 4, kAll = 0x1F;
  Descriptor* descriptor = find_descriptor(call.context, call.arg(0));
  if (descriptor == nullptr) return Errno::badf;
  if (call.arg(1) > kAll) return Errno::inval;
  const u32 changed = (descriptor->fdflags ^ call.arg(1)) & ~kNonblock;
  if (descriptor->kind == Kind::socket && changed == 0) descriptor->fdflags = static_cast<u16>(call.arg(1));
  if (!is_file(*descriptor)) return changed == 0 ? Errno::success : Errno::notsup;
  if ((descriptor->rights & right::kSetFlags) == 0) return Errno::notcapable;
  // Nothing blocks here, but the guest reads back what it asked for.
  const Errno error =
      changed == 0 ? Errno::success : file_set_flags(call, *descriptor, static_cast<u16>(call.arg(1)));
  if (error == Errno::success) descriptor->fdflags = static_cast<u16>(call.arg(1));
  return error;
}

/// prestat, 8 bytes: u8 tag (0 = directory), u32 name length at 4.
Errno fd_prestat_get(Call& call) {
  const Descriptor* descriptor = find_descriptor(call.context, call.arg(0));
  std::string_view name;
  if (descriptor == nullptr) return Errno::badf;
  if (const Errno error = preopen_name(call.context, *descriptor, name); error != Errno::success)
    return error;
  MutBytes out;
  if (!call.bytes(call.arg(1), 8, out)) return Errno::fault;
  store_le(&out[0], u32{0});
  store_le(&out[4], static_cast<u32>(name.size()));
  return Errno::success;
}

/// (fd, path, path_len): the name without a terminator.
Errno fd_prestat_dir_name(Call& call) {
  const Descriptor* descriptor = find_descriptor(call.context, call.arg(0));
  std::string_view name;
  if (descriptor == nullptr) return Errno::badf;
  if (const Errno error = preopen_name(call.context, *descriptor, name); error != Errno::success)
    return error;
  if (call.arg(2) < name.size()) return Errno::nametoolong;
  MutBytes out;
  if (!call.bytes(call.arg(1), static_cast<u32>(name.size()), out)) return Errno::fault;
  if (!name.empty()) std::memcpy(out.data(), name.data(), name.size());
  return Errno::success;
}

}  // namespace pipit::wasi
