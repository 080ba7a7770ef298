// The path calls of preview 1. Paths are handed to the port as they are: confining them is its promise.
#include "wasi/files.h"

namespace pipit::wasi {
namespace {

constexpr u32 kMaxPathBytes = 4096;

/// A directory descriptor and a path below it.
struct Place {
  ports::Files* files = nullptr;
  Descriptor* directory = nullptr;
  std::string_view path;
};

/// Descriptor at argument `fd`, path pointer and length at `path` and the argument after it.
Errno find_place(Call& call, u32 fd, u32 path, u64 rights, Place& place) {
  if (const Errno e = open_file(call, fd, rights, place.files, place.directory); e != Errno::success)
    return e;
  if (place.directory->filetype != filetype::kDirectory) return Errno::notdir;
  if (call.arg(path + 1) > kMaxPathBytes) return Errno::nametoolong;
  return call.text(call.arg(path), call.arg(path + 1), place.path) ? Errno::success : Errno::fault;
}

u32 free_descriptor(Context& context) {
  u32 fd = 0;
  while (fd < context.descriptors.size() && context.descriptors[fd].kind != Descriptor::Kind::free) ++fd;
  return fd;
}

/// Rights that creating or cutting a file needs on the directory.
u64 open_rights(u32 oflags) {
  constexpr u32 kCreate = 1, kTruncate = 8;
  return right::kOpen | ((oflags & kCreate) != 0 ? right::kCreateFile : 0) |
         ((oflags & kTruncate) != 0 ? right::kPathSetSize : 0);
}

}  // namespace

/// (fd, path, path_len)
Errno path_create_directory(Call& call) {
  Place at;
  if (const Errno e = find_place(call, 0, 1, right::kCreateDirectory, at); e != Errno::success) return e;
  return Errno{at.files->create_directory(at.directory->handle, at.path)};
}

/// (fd, lookup flags, path, path_len, out: filestat)
Errno path_filestat_get(Call& call) {
  Place at;
  if (const Errno e = find_place(call, 0, 2, right::kPathStat, at); e != Errno::success) return e;
  ports::Files::Stat stat;
  if (const u16 e = at.files->path_stat(at.directory->handle, call.arg(1), at.path, stat); e != 0)
    return Errno{e};
  return store_filestat(call, call.arg(4), stat);
}

/// (fd, lookup flags, path, path_len, accessed, modified, flags)
Errno path_filestat_set_times(Call& call) {
  Place at;
  if (const Errno e = find_place(call, 0, 2, right::kPathSetTimes, at); e != Errno::success) return e;
  if (!valid_time_flags(call.arg(6))) return Errno::inval;
  return Errno{at.files->path_set_times(at.directory->handle, call.arg(1), at.path, call.arg64(4),
                                        call.arg64(5), static_cast<u16>(call.arg(6)))};
}

/// (from fd, lookup flags, from path, from_len, to fd, to path, to_len)
Errno path_link(Call& call) {
  Place from, to;
  if (const Errno e = find_place(call, 0, 2, right::kLinkSource, from); e != Errno::success) return e;
  if (const Errno e = find_place(call, 4, 5, right::kLinkTarget, to); e != Errno::success) return e;
  return Errno{
      from.files->link(from.directory->handle, call.arg(1), from.path, to.directory->handle, to.path)};
}

/// (fd, lookup flags, path, path_len, oflags, rights, inheriting, fdflags, out: fd)
Errno path_open(Call& call) {
  Place at;
  const u32 oflags = call.arg(4), fdflags = call.arg(7);
  if (oflags > 0xF || fdflags > 0x1F) return Errno::inval;
  if (const Errno e = find_place(call, 0, 2, open_rights(oflags), at); e != Errno::success) return e;
  u64 rights = call.arg64(5);
  const u64 inheriting = call.arg64(6);
  if ((rights & ~at.directory->inheriting) != 0 || (inheriting & ~at.directory->inheriting) != 0)
    return Errno::notcapable;
  const u32 fd = free_descriptor(call.context);
  if (fd >= call.context.descriptors.size()) return Errno::mfile;
  if (!call.store(call.arg(8), fd)) return Errno::fault;

  u32 handle = 0;
  u16 error = at.files->open(at.directory->handle, call.arg(1), at.path, static_cast<u16>(oflags), rights,
                             static_cast<u16>(fdflags), handle);
  if (error != 0) return Errno{error};
  ports::Files::Stat stat;
  error = at.files->stat(handle, stat);
  if (error != 0) {
    (void)at.files->close(handle);
    return Errno{error};
  }
  if (stat.filetype == filetype::kDirectory) rights &= right::kDirectory;
  call.context.descriptors[fd] = {.kind = Descriptor::Kind::file,
                                  .filetype = stat.filetype,
                                  .fdflags = static_cast<u16>(fdflags),
                                  .handle = handle,
                                  .rights = rights,
                                  .inheriting = inheriting};
  return Errno::success;
}

/// (fd, path, path_len, out: text, text_len, out: bytes)
Errno path_readlink(Call& call) {
  Place at;
  if (const Errno e = find_place(call, 0, 1, right::kReadlink, at); e != Errno::success) return e;
  MutBytes out;
  if (!call.bytes(call.arg(3), call.arg(4), out)) return Errno::fault;
  usize count = 0;
  if (const u16 e = at.files->readlink(at.directory->handle, at.path, out, count); e != 0) return Errno{e};
  return call.store(call.arg(5), static_cast<u32>(count)) ? Errno::success : Errno::fault;
}

/// (fd, path, path_len)
Errno path_remove_directory(Call& call) {
  Place at;
  if (const Errno e = find_place(call, 0, 1, right::kRemoveDirectory, at); e != Errno::success) return e;
  return Errno{at.files->remove_directory(at.directory->handle, at.path)};
}

/// (from fd, from path, from_len, to fd, to path, to_len)
Errno path_rename(Call& call) {
  Place from, to;
  if (const Errno e = find_place(call, 0, 1, right::kRenameSource, from); e != Errno::success) return e;
  if (const Errno e = find_place(call, 3, 4, right::kRenameTarget, to); e != Errno::success) return e;
  return Errno{from.files->rename(from.directory->handle, from.path, to.directory->handle, to.path)};
}

/// (target, target_len, fd, path, path_len)
Errno path_symlink(Call& call) {
  Place at;
  if (const Errno e = find_place(call, 2, 3, right::kSymlink, at); e != Errno::success) return e;
  std::string_view target;
  if (call.arg(1) > kMaxPathBytes) return Errno::nametoolong;
  if (!call.text(call.arg(0), call.arg(1), target)) return Errno::fault;
  return Errno{at.files->symlink(target, at.directory->handle, at.path)};
}

/// (fd, path, path_len)
Errno path_unlink_file(Call& call) {
  Place at;
  if (const Errno e = find_place(call, 0, 1, right::kUnlink, at); e != Errno::success) return e;
  return Errno{at.files->unlink_file(at.directory->handle, at.path)};
}

}  // namespace pipit::wasi
