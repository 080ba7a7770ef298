// The descriptor calls of preview 1 over ports::Files. Path calls are in paths.cpp.
#include "wasi/files.h"

#include "wasi/sockets.h"

namespace pipit::wasi {
namespace {

using Kind = Descriptor::Kind;

Errno fd_advise(Call& call) {
  ports::Files* files = nullptr;
  Descriptor* file = nullptr;
  if (const Errno e = open_file(call, 0, right::kAdvise, files, file); e != Errno::success) return e;
  constexpr u32 kAdviceCount = 6;
  return call.arg(3) < kAdviceCount ? Errno::success : Errno::inval;
}

/// (fd, offset, length): the file is at least that long afterwards.
Errno fd_allocate(Call& call) {
  ports::Files* files = nullptr;
  Descriptor* file = nullptr;
  if (const Errno e = open_file(call, 0, right::kAllocate, files, file); e != Errno::success) return e;
  const u64 offset = call.arg64(1), length = call.arg64(2);
  if (length == 0 || offset > ~u64{0} - length) return Errno::inval;
  ports::Files::Stat stat;
  if (const u16 e = files->stat(file->handle, stat); e != 0) return Errno{e};
  return offset + length <= stat.size ? Errno::success
                                      : Errno{files->set_size(file->handle, offset + length)};
}

Errno fd_sync(Call& call) {
  ports::Files* files = nullptr;
  Descriptor* file = nullptr;
  if (const Errno e = open_file(call, 0, right::kSync, files, file); e != Errno::success) return e;
  return Errno{files->sync(file->handle)};
}

Errno fd_datasync(Call& call) {
  ports::Files* files = nullptr;
  Descriptor* file = nullptr;
  if (const Errno e = open_file(call, 0, right::kDatasync, files, file); e != Errno::success) return e;
  return Errno{files->sync(file->handle)};
}

/// (fd, rights, inheriting): rights can only be given up.
Errno fd_fdstat_set_rights(Call& call) {
  Descriptor* descriptor = find_descriptor(call.context, call.arg(0));
  if (descriptor == nullptr) return Errno::badf;
  if ((call.arg64(1) & ~descriptor->rights) != 0 || (call.arg64(2) & ~descriptor->inheriting) != 0)
    return Errno::notcapable;
  descriptor->rights = call.arg64(1);
  descriptor->inheriting = call.arg64(2);
  return Errno::success;
}

Errno fd_filestat_get(Call& call) {
  Descriptor* descriptor = find_descriptor(call.context, call.arg(0));
  if (descriptor == nullptr) return Errno::badf;
  ports::Files::Stat stat;
  stat.filetype = descriptor->filetype;
  if (descriptor->kind == Kind::file || descriptor->kind == Kind::preopen) {
    ports::Files* files = nullptr;
    if (const Errno e = open_file(call, 0, right::kStat, files, descriptor); e != Errno::success) return e;
    if (const u16 e = files->stat(descriptor->handle, stat); e != 0) return Errno{e};
  }
  return store_filestat(call, call.arg(1), stat);
}

Errno fd_filestat_set_size(Call& call) {
  ports::Files* files = nullptr;
  Descriptor* file = nullptr;
  if (const Errno e = open_file(call, 0, right::kSetSize, files, file); e != Errno::success) return e;
  return Errno{files->set_size(file->handle, call.arg64(1))};
}

Errno fd_filestat_set_times(Call& call) {
  ports::Files* files = nullptr;
  Descriptor* file = nullptr;
  if (const Errno e = open_file(call, 0, right::kSetTimes, files, file); e != Errno::success) return e;
  if (!valid_time_flags(call.arg(3))) return Errno::inval;
  return Errno{files->set_times(file->handle, call.arg64(1), call.arg64(2), static_cast<u16>(call.arg(3)))};
}

/// fd_pread and fd_pwrite: (fd, iovs, iovs_len, offset, out: bytes). `move` handles one vector.
template <class Move>
Errno each_vector(Call& call, Move move) {
  if (call.arg(2) > kMaxVectors) return Errno::inval;
  u32 total = 0;
  for (u32 i = 0; i < call.arg(2); ++i) {
    u32 address = 0, size = 0;
    MutBytes view;
    if (!call.load_pair(call.arg(1), i, address, size) || !call.bytes(address, size, view))
      return Errno::fault;
    const u64 offset = call.arg64(3);
    if (offset > ~u64{0} - total) return Errno::inval;
    usize count = 0;
    const u16 error = move(view, offset + total, count);
    if (error != 0 && total == 0) return Errno{error};
    if (error != 0) break;
    total += static_cast<u32>(count);
    if (count < size) break;
  }
  return call.store(call.arg(4), total) ? Errno::success : Errno::fault;
}

Errno fd_pread(Call& call) {
  ports::Files* files = nullptr;
  Descriptor* file = nullptr;
  if (const Errno e = open_file(call, 0, right::kRead | right::kSeek, files, file); e != Errno::success)
    return e;
  return each_vector(call, [&](MutBytes out, u64 offset, usize& count) {
    return files->pread(file->handle, out, offset, count);
  });
}

Errno fd_pwrite(Call& call) {
  ports::Files* files = nullptr;
  Descriptor* file = nullptr;
  if (const Errno e = open_file(call, 0, right::kWrite | right::kSeek, files, file); e != Errno::success)
    return e;
  return each_vector(call, [&](MutBytes data, u64 offset, usize& count) {
    return files->pwrite(file->handle, data, offset, count);
  });
}

/// (fd, buf, buf_len, cookie, out: bytes). dirent, 24 bytes: u64 next cookie, u64 inode, u32 name length, u8
/// type; the name follows. The last entry may be cut; a full buffer tells the guest to ask again from its
/// cookie.
Errno fd_readdir(Call& call) {
  constexpr u32 kDirentBytes = 24;
  ports::Files* files = nullptr;
  Descriptor* directory = nullptr;
  if (const Errno e = open_file(call, 0, right::kReaddir, files, directory); e != Errno::success) return e;
  MutBytes out;
  if (!call.bytes(call.arg(1), call.arg(2), out)) return Errno::fault;
  usize used = 0;
  const auto append = [&](Bytes data) {
    const usize count = data.size() < out.size() - used ? data.size() : out.size() - used;
    if (count != 0) std::memcpy(&out[used], data.data(), count);
    used += count;
  };
  for (u64 cookie = call.arg64(3); used < out.size(); ++cookie) {
    ports::Files::Entry entry;
    bool more = false;
    if (const u16 e = files->read_directory(directory->handle, cookie, entry, more); e != 0) return Errno{e};
    if (!more) break;
    u8 dirent[kDirentBytes] = {};
    store_le(&dirent[0], cookie + 1);
    store_le(&dirent[8], entry.inode);
    store_le(&dirent[16], static_cast<u32>(entry.name.size()));
    dirent[20] = entry.filetype;
    append(dirent);
    append(as_bytes(entry.name));
  }
  return call.store(call.arg(4), static_cast<u32>(used)) ? Errno::success : Errno::fault;
}

/// (from, to): `to` must be open and is closed first, as in dup2.
Errno fd_renumber(Call& call) {
  Descriptor* from = find_descriptor(call.context, call.arg(0));
  Descriptor* to = find_descriptor(call.context, call.arg(1));
  if (from == nullptr || to == nullptr) return Errno::badf;
  if (from == to) return Errno::success;
  if (const Errno e = close_descriptor(call.context, *to); e != Errno::success) return e;
  *to = *from;
  *from = {};
  return Errno::success;
}

Errno fd_tell(Call& call) {
  constexpr u8 kCurrent = 1;
  ports::Files* files = nullptr;
  Descriptor* file = nullptr;
  if (const Errno e = open_file(call, 0, right::kTell, files, file); e != Errno::success) return e;
  u64 position = 0;
  if (const u16 e = files->seek(file->handle, 0, kCurrent, position); e != 0) return Errno{e};
  return call.store(call.arg(1), position) ? Errno::success : Errno::fault;
}

constexpr char kModule[] = "wasi_snapshot_preview1";
constexpr wasm::HostFunction kFunctions[] = {
    {kModule, "fd_advise", "iIIi:i", entry<fd_advise>},
    {kModule, "fd_allocate", "iII:i", entry<fd_allocate>},
    {kModule, "fd_datasync", "i:i", entry<fd_datasync>},
    {kModule, "fd_fdstat_set_rights", "iII:i", entry<fd_fdstat_set_rights>},
    {kModule, "fd_filestat_get", "ii:i", entry<fd_filestat_get>},
    {kModule, "fd_filestat_set_size", "iI:i", entry<fd_filestat_set_size>},
    {kModule, "fd_filestat_set_times", "iIIi:i", entry<fd_filestat_set_times>},
    {kModule, "fd_pread", "iiiIi:i", entry<fd_pread>},
    {kModule, "fd_pwrite", "iiiIi:i", entry<fd_pwrite>},
    {kModule, "fd_readdir", "iiiIi:i", entry<fd_readdir>},
    {kModule, "fd_renumber", "ii:i", entry<fd_renumber>},
    {kModule, "fd_sync", "i:i", entry<fd_sync>},
    {kModule, "fd_tell", "ii:i", entry<fd_tell>},
    {kModule, "path_create_directory", "iii:i", entry<path_create_directory>},
    {kModule, "path_filestat_get", "iiiii:i", entry<path_filestat_get>},
    {kModule, "path_filestat_set_times", "iiiiIIi:i", entry<path_filestat_set_times>},
    {kModule, "path_link", "iiiiiii:i", entry<path_link>},
    {kModule, "path_open", "iiiiiIIii:i", entry<path_open>},
    {kModule, "path_readlink", "iiiiii:i", entry<path_readlink>},
    {kModule, "path_remove_directory", "iii:i", entry<path_remove_directory>},
    {kModule, "path_rename", "iiiiii:i", entry<path_rename>},
    {kModule, "path_symlink", "iiiii:i", entry<path_symlink>},
    {kModule, "path_unlink_file", "iii:i", entry<path_unlink_file>},
};

}  // namespace

Functions file_functions() { return kFunctions; }
extern constinit const u64 kFilesId = fingerprint(kFunctions);

Errno open_file(Call& call, u32 argument, u64 rights, ports::Files*& files, Descriptor*& descriptor) {
  descriptor = find_descriptor(call.context, call.arg(argument));
  if (descriptor == nullptr) return Errno::badf;
  files = call.context.files;
  if (files == nullptr || (descriptor->kind != Kind::file && descriptor->kind != Kind::preopen))
    return Errno::badf;
  return (descriptor->rights & rights) == rights ? Errno::success : Errno::notcapable;
}

bool valid_time_flags(u32 flags) {
  constexpr u32 kAccessed = 1, kAccessedNow = 2, kModified = 4, kModifiedNow = 8;
  const bool both = (flags & (kAccessed | kAccessedNow)) == (kAccessed | kAccessedNow) ||
                    (flags & (kModified | kModifiedNow)) == (kModified | kModifiedNow);
  return flags < 16 && !both;
}

/// filestat, 64 bytes.
Errno store_filestat(Call& call, u32 address, const ports::Files::Stat& stat) {
  MutBytes out;
  if (!call.bytes(address, 64, out)) return Errno::fault;
  std::memset(out.data(), 0, 64);
  store_le(&out[0], stat.device);
  store_le(&out[8], stat.inode);
  out[16] = stat.filetype;
  store_le(&out[24], stat.links);
  store_le(&out[32], stat.size);
  store_le(&out[40], stat.accessed_ns);
  store_le(&out[48], stat.modified_ns);
  store_le(&out[56], stat.changed_ns);
  return Errno::success;
}

void seed_descriptors(Context& context) {
  const auto table = context.descriptors;
  if (table.size() < 3 || table[0].kind != Kind::free) return;
  constexpr Kind kStreams[] = {Kind::input, Kind::output, Kind::error};
  for (u32 fd = 0; fd < 3; ++fd)
    table[fd] = {.kind = kStreams[fd], .filetype = filetype::kCharacterDevice, .rights = right::kStream};
  std::string_view name;
  for (u32 i = 0; context.files != nullptr && i + 3 < table.size() && context.files->preopen(i, name); ++i)
    table[i + 3] = {.kind = Kind::preopen,
                    .filetype = filetype::kDirectory,
                    .handle = i,
                    .rights = right::kDirectory,
                    .inheriting = right::kAll};
}

Descriptor* find_descriptor(Context& context, u32 fd) {
  if (fd >= context.descriptors.size() || context.descriptors[fd].kind == Kind::free) return nullptr;
  return &context.descriptors[fd];
}

Errno file_read(Call& call, Descriptor& file, MutBytes out, usize& count) {
  if ((file.rights & right::kRead) == 0) return Errno::notcapable;
  return Errno{call.context.files->read(file.handle, out, count)};
}

Errno file_write(Call& call, Descriptor& file, Bytes data, usize& count) {
  if ((file.rights & right::kWrite) == 0) return Errno::notcapable;
  return Errno{call.context.files->write(file.handle, data, count)};
}

Errno file_seek(Call& call, Descriptor& file, i64 offset, u8 whence, u64& position) {
  constexpr u8 kCurrent = 1;
  const u64 wanted = offset == 0 && whence == kCurrent ? right::kTell : right::kSeek;
  if ((file.rights & wanted) == 0) return Errno::notcapable;
  return Errno{call.context.files->seek(file.handle, offset, whence, position)};
}

Errno file_set_flags(Call& call, Descriptor& file, u16 fdflags) {
  return Errno{call.context.files->set_flags(file.handle, fdflags)};
}

Errno close_descriptor(Context& context, Descriptor& descriptor) {
  u16 error = 0;
  if (descriptor.kind == Kind::file) error = context.files->close(descriptor.handle);
  if (descriptor.kind == Kind::socket) error = static_cast<u16>(socket_close(context, descriptor));
  // A granted directory stays open behind the port; only the guest's name for it goes.
  descriptor = {};
  return Errno{error};
}

Errno preopen_name(Context& context, const Descriptor& descriptor, std::string_view& name) {
  if (descriptor.kind != Kind::preopen) return Errno::badf;
  return context.files->preopen(descriptor.handle, name) ? Errno::success : Errno::badf;
}

}  // namespace pipit::wasi
