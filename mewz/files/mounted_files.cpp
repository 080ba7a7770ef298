#include "mewz/files/mounted_files.h"

#include <utility>

namespace pipit::mewz {
namespace {

constexpr u16 kBadHandle = 8, kOtherDevice = 75;
constexpr u32 kPlaces = MountedFiles::kMost;

}  // namespace

bool MountedFiles::add(ports::Files& files) {
  if (count_ == kMost) return false;
  all_[count_++] = &files;
  return true;
}

template <class Call>
u16 MountedFiles::with(u32 handle, Call call) {
  if (prepare_ != nullptr) std::exchange(prepare_, nullptr)(context_);
  const u32 place = handle % kPlaces;
  return place < count_ ? call(*all_[place], handle / kPlaces) : kBadHandle;
}

bool MountedFiles::preopen(u32 index, std::string_view& guest_path) {
  return index < count_ && all_[index]->preopen(0, guest_path);
}

u16 MountedFiles::open(u32 dir, u32 lookup_flags, std::string_view path, u16 oflags, u64 rights, u16 fdflags,
                       u32& handle) {
  return with(dir, [&](ports::Files& files, u32 own) {
    const u16 error = files.open(own, lookup_flags, path, oflags, rights, fdflags, handle);
    if (error == 0) handle = handle * kPlaces + dir % kPlaces;
    return error;
  });
}

u16 MountedFiles::close(u32 handle) {
  return with(handle, [](ports::Files& files, u32 own) { return files.close(own); });
}
u16 MountedFiles::read(u32 handle, MutBytes out, usize& count) {
  return with(handle, [&](ports::Files& files, u32 own) { return files.read(own, out, count); });
}
u16 MountedFiles::pread(u32 handle, MutBytes out, u64 offset, usize& count) {
  return with(handle, [&](ports::Files& files, u32 own) { return files.pread(own, out, offset, count); });
}
u16 MountedFiles::write(u32 handle, Bytes data, usize& count) {
  return with(handle, [&](ports::Files& files, u32 own) { return files.write(own, data, count); });
}
u16 MountedFiles::pwrite(u32 handle, Bytes data, u64 offset, usize& count) {
  return with(handle, [&](ports::Files& files, u32 own) { return files.pwrite(own, data, offset, count); });
}
u16 MountedFiles::seek(u32 handle, i64 offset, u8 whence, u64& position) {
  return with(handle,
              [&](ports::Files& files, u32 own) { return files.seek(own, offset, whence, position); });
}
u16 MountedFiles::sync(u32 handle) {
  return with(handle, [](ports::Files& files, u32 own) { return files.sync(own); });
}
u16 MountedFiles::set_flags(u32 handle, u16 fdflags) {
  return with(handle, [&](ports::Files& files, u32 own) { return files.set_flags(own, fdflags); });
}
u16 MountedFiles::stat(u32 handle, Stat& out) {
  return with(handle, [&](ports::Files& files, u32 own) { return files.stat(own, out); });
}
u16 MountedFiles::path_stat(u32 dir, u32 lookup_flags, std::string_view path, Stat& out) {
  return with(dir,
              [&](ports::Files& files, u32 own) { return files.path_stat(own, lookup_flags, path, out); });
}
u16 MountedFiles::set_size(u32 handle, u64 size) {
  return with(handle, [&](ports::Files& files, u32 own) { return files.set_size(own, size); });
}
u16 MountedFiles::set_times(u32 handle, u64 accessed_ns, u64 modified_ns, u16 fst_flags) {
  return with(handle, [&](ports::Files& files, u32 own) {
    return files.set_times(own, accessed_ns, modified_ns, fst_flags);
  });
}
u16 MountedFiles::path_set_times(u32 dir, u32 lookup_flags, std::string_view path, u64 accessed_ns,
                                 u64 modified_ns, u16 fst_flags) {
  return with(dir, [&](ports::Files& files, u32 own) {
    return files.path_set_times(own, lookup_flags, path, accessed_ns, modified_ns, fst_flags);
  });
}
u16 MountedFiles::create_directory(u32 dir, std::string_view path) {
  return with(dir, [&](ports::Files& files, u32 own) { return files.create_directory(own, path); });
}
u16 MountedFiles::remove_directory(u32 dir, std::string_view path) {
  return with(dir, [&](ports::Files& files, u32 own) { return files.remove_directory(own, path); });
}
u16 MountedFiles::unlink_file(u32 dir, std::string_view path) {
  return with(dir, [&](ports::Files& files, u32 own) { return files.unlink_file(own, path); });
}
u16 MountedFiles::rename(u32 from_dir, std::string_view from, u32 to_dir, std::string_view to) {
  if (from_dir % kPlaces != to_dir % kPlaces) return kOtherDevice;
  return with(from_dir,
              [&](ports::Files& files, u32 own) { return files.rename(own, from, to_dir / kPlaces, to); });
}
u16 MountedFiles::link(u32 from_dir, u32 lookup_flags, std::string_view from, u32 to_dir,
                       std::string_view to) {
  if (from_dir % kPlaces != to_dir % kPlaces) return kOtherDevice;
  return with(from_dir, [&](ports::Files& files, u32 own) {
    return files.link(own, lookup_flags, from, to_dir / kPlaces, to);
  });
}
u16 MountedFiles::symlink(std::string_view target, u32 dir, std::string_view path) {
  return with(dir, [&](ports::Files& files, u32 own) { return files.symlink(target, own, path); });
}
u16 MountedFiles::readlink(u32 dir, std::string_view path, MutBytes out, usize& count) {
  return with(dir, [&](ports::Files& files, u32 own) { return files.readlink(own, path, out, count); });
}
u16 MountedFiles::read_directory(u32 handle, u64 cookie, Entry& out, bool& more) {
  return with(handle,
              [&](ports::Files& files, u32 own) { return files.read_directory(own, cookie, out, more); });
}

}  // namespace pipit::mewz
