#include "host/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "wasi/errno.h"

namespace pipit::host {
namespace {

constexpr u16 kBadf = static_cast<u16>(wasi::Errno::badf);
constexpr u16 kReadOnly = static_cast<u16>(wasi::Errno::rofs);
constexpr u16 kInval = static_cast<u16>(wasi::Errno::inval);

u16 answer(int result) { return result < 0 ? wasi_errno(errno) : u16{0}; }
u16 answer(ssize_t result, usize& count) {
  count = result < 0 ? 0 : static_cast<usize>(result);
  return result < 0 ? wasi_errno(errno) : u16{0};
}

/// Preview 1 `filetype` of a mode.
u8 filetype_of(mode_t mode) {
  switch (mode & S_IFMT) {
    case S_IFBLK: return 1;
    case S_IFCHR: return 2;
    case S_IFDIR: return 3;
    case S_IFREG: return 4;
    case S_IFSOCK: return 6;
    case S_IFLNK: return 7;
    default: return 0;
  }
}

u64 nanoseconds(const timespec& time) {
  return static_cast<u64>(time.tv_sec) * 1'000'000'000 + static_cast<u64>(time.tv_nsec);
}

void convert(const struct stat& from, ports::Files::Stat& to) {
  to = {.device = from.st_dev,
        .inode = from.st_ino,
        .links = from.st_nlink,
        .size = static_cast<u64>(from.st_size),
        .accessed_ns = nanoseconds(from.st_atim),
        .modified_ns = nanoseconds(from.st_mtim),
        .changed_ns = nanoseconds(from.st_ctim),
        .filetype = filetype_of(from.st_mode)};
}

/// Preview 1 `fstflags` and times as utimensat takes them.
void convert_times(u64 accessed_ns, u64 modified_ns, u16 flags, timespec out[2]) {
  const auto time = [](u64 ns, bool set, bool now) -> timespec {
    if (now) return {0, UTIME_NOW};
    if (!set) return {0, UTIME_OMIT};
    return {static_cast<time_t>(ns / 1'000'000'000), static_cast<long>(ns % 1'000'000'000)};
  };
  out[0] = time(accessed_ns, (flags & 1) != 0, (flags & 2) != 0);
  out[1] = time(modified_ns, (flags & 4) != 0, (flags & 8) != 0);
}

/// open(2) flags. Never blocks on a FIFO, never follows a link (resolve() did), never takes a terminal over.
int open_flags(u16 oflags, u64 rights, u16 fdflags) {
  constexpr u64 kReads = u64{1} << 1 | u64{1} << 14;                 // read, readdir
  constexpr u64 kWrites = u64{1} << 6 | u64{1} << 8 | u64{1} << 22;  // write, allocate, size
  const bool directory = (oflags & 2) != 0;
  const bool writes = (rights & kWrites) != 0;
  int flags = O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
  flags |= !writes ? O_RDONLY : (rights & kReads) != 0 ? O_RDWR : O_WRONLY;
  if ((oflags & 1) != 0) flags |= O_CREAT;
  if (directory) flags |= O_DIRECTORY;
  if ((oflags & 4) != 0) flags |= O_EXCL;
  if ((oflags & 8) != 0) flags |= O_TRUNC;
  if ((fdflags & 1) != 0) flags |= O_APPEND;
  if ((fdflags & 2) != 0) flags |= O_DSYNC;
  if ((fdflags & 0x18) != 0) flags |= O_SYNC;
  return flags;
}

}  // namespace

HostFiles::~HostFiles() = default;

support::Result<std::unique_ptr<HostFiles>> HostFiles::create(const std::vector<Grant>& grants) {
  std::unique_ptr<HostFiles> files(new HostFiles);
  for (const Grant& grant : grants) {
    UniqueFd fd(::open(grant.host_path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd) return support::Error(Code::not_found, grant.host_path + ": " + std::strerror(errno));
    files->guest_paths_.push_back(grant.guest_path);
    files->files_.push_back({.fd = std::move(fd), .read_only = grant.read_only});
  }
  return files;
}

int HostFiles::fd_of(u32 handle) const { return handle < files_.size() ? files_[handle].fd.get() : -1; }

u16 HostFiles::place(u32 dir, u32 lookup_flags, std::string_view path, Place& out) const {
  const int root = fd_of(dir);
  return root < 0 ? kBadf : resolve(root, path, (lookup_flags & 1) != 0, out);
}

u16 HostFiles::place_to_change(u32 dir, u32 lookup_flags, std::string_view path, Place& out) const {
  if (const u16 error = place(dir, lookup_flags, path, out); error != 0) return error;
  return read_only(dir) ? kReadOnly : u16{0};
}

bool HostFiles::preopen(u32 index, std::string_view& guest_path) {
  if (index >= guest_paths_.size()) return false;
  guest_path = guest_paths_[index];
  return true;
}

u16 HostFiles::open(u32 dir, u32 lookup_flags, std::string_view path, u16 oflags, u64 rights, u16 fdflags,
                    u32& handle) {
  Place at;
  int flags = open_flags(oflags, rights, fdflags);
  // An exclusive create must not create through a dangling link.
  if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL)) lookup_flags = 0;
  if (const u16 error = place(dir, lookup_flags, path, at); error != 0) return error;
  if (at.must_be_directory) flags = (flags & ~O_CREAT) | O_DIRECTORY;
  if (read_only(dir) && ((flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)) != 0))
    return kReadOnly;
  UniqueFd fd(openat(at.directory.get(), at.name.c_str(), flags, 0666));
  if (!fd) return wasi_errno(errno);
  u32 index = static_cast<u32>(guest_paths_.size());
  while (index < files_.size() && files_[index].fd) ++index;
  if (index == files_.size()) files_.emplace_back();
  files_[index] = {.fd = std::move(fd), .read_only = read_only(dir)};
  handle = index;
  return 0;
}

u16 HostFiles::close(u32 handle) {
  if (handle < guest_paths_.size() || fd_of(handle) < 0) return kBadf;
  files_[handle] = {};
  return 0;
}

u16 HostFiles::read(u32 handle, MutBytes out, usize& count) {
  return answer(::read(fd_of(handle), out.data(), out.size()), count);
}

u16 HostFiles::pread(u32 handle, MutBytes out, u64 offset, usize& count) {
  return answer(::pread(fd_of(handle), out.data(), out.size(), static_cast<off_t>(offset)), count);
}

u16 HostFiles::write(u32 handle, Bytes data, usize& count) {
  return answer(::write(fd_of(handle), data.data(), data.size()), count);
}

u16 HostFiles::pwrite(u32 handle, Bytes data, u64 offset, usize& count) {
  return answer(::pwrite(fd_of(handle), data.data(), data.size(), static_cast<off_t>(offset)), count);
}

u16 HostFiles::seek(u32 handle, i64 offset, u8 whence, u64& position) {
  constexpr int kWhence[] = {SEEK_SET, SEEK_CUR, SEEK_END};
  if (whence >= 3) return kInval;
  const int fd = fd_of(handle);
  if (fd < 0) return kBadf;
  const off_t at = lseek(fd, offset, kWhence[whence]);
  if (at < 0) return wasi_errno(errno);
  position = static_cast<u64>(at);
  return 0;
}

u16 HostFiles::sync(u32 handle) {
  const int fd = fd_of(handle);
  return fd < 0 ? kBadf : answer(fsync(fd));
}

u16 HostFiles::set_flags(u32 handle, u16 fdflags) {
  constexpr u16 kSync = 0x1A;  // dsync, rsync, sync: Linux sets them at opening only
  const int fd = fd_of(handle);
  if (fd < 0) return kBadf;
  if ((fdflags & kSync) != 0) return static_cast<u16>(wasi::Errno::notsup);
  return answer(fcntl(fd, F_SETFL, O_NONBLOCK | ((fdflags & 1) != 0 ? O_APPEND : 0)));
}

u16 HostFiles::stat(u32 handle, Stat& out) {
  struct stat found;
  const int fd = fd_of(handle);
  if (fd < 0) return kBadf;
  if (fstat(fd, &found) < 0) return wasi_errno(errno);
  convert(found, out);
  return 0;
}

u16 HostFiles::path_stat(u32 dir, u32 lookup_flags, std::string_view path, Stat& out) {
  Place at;
  if (const u16 error = place(dir, lookup_flags, path, at); error != 0) return error;
  struct stat found;
  if (fstatat(at.directory.get(), at.name.c_str(), &found, AT_SYMLINK_NOFOLLOW) < 0) return wasi_errno(errno);
  if (at.must_be_directory && !S_ISDIR(found.st_mode)) return wasi_errno(ENOTDIR);
  convert(found, out);
  return 0;
}

u16 HostFiles::set_size(u32 handle, u64 size) {
  const int fd = fd_of(handle);
  if (fd < 0) return kBadf;
  if (size > static_cast<u64>(INT64_MAX)) return kInval;
  return answer(ftruncate(fd, static_cast<off_t>(size)));
}

u16 HostFiles::set_times(u32 handle, u64 accessed_ns, u64 modified_ns, u16 fst_flags) {
  const int fd = fd_of(handle);
  if (fd < 0) return kBadf;
  if (read_only(handle)) return kReadOnly;
  timespec times[2];
  convert_times(accessed_ns, modified_ns, fst_flags, times);
  return answer(futimens(fd, times));
}

u16 HostFiles::path_set_times(u32 dir, u32 lookup_flags, std::string_view path, u64 accessed_ns,
                              u64 modified_ns, u16 fst_flags) {
  Place at;
  if (const u16 error = place_to_change(dir, lookup_flags, path, at); error != 0) return error;
  timespec times[2];
  convert_times(accessed_ns, modified_ns, fst_flags, times);
  return answer(utimensat(at.directory.get(), at.name.c_str(), times, AT_SYMLINK_NOFOLLOW));
}

u16 HostFiles::create_directory(u32 dir, std::string_view path) {
  Place at;
  if (const u16 error = place_to_change(dir, 0, path, at); error != 0) return error;
  return answer(mkdirat(at.directory.get(), at.name.c_str(), 0777));
}

u16 HostFiles::remove_directory(u32 dir, std::string_view path) {
  Place at;
  if (const u16 error = place_to_change(dir, 0, path, at); error != 0) return error;
  return answer(unlinkat(at.directory.get(), at.name.c_str(), AT_REMOVEDIR));
}

u16 HostFiles::unlink_file(u32 dir, std::string_view path) {
  Place at;
  if (const u16 error = place_to_change(dir, 0, path, at); error != 0) return error;
  if (at.must_be_directory) {
    struct stat found;
    if (fstatat(at.directory.get(), at.name.c_str(), &found, AT_SYMLINK_NOFOLLOW) < 0)
      return wasi_errno(errno);
    return wasi_errno(S_ISDIR(found.st_mode) ? EISDIR : ENOTDIR);
  }
  return answer(unlinkat(at.directory.get(), at.name.c_str(), 0));
}

u16 HostFiles::rename(u32 from_dir, std::string_view from, u32 to_dir, std::string_view to) {
  Place source, target;
  if (const u16 error = place_to_change(from_dir, 0, from, source); error != 0) return error;
  if (const u16 error = place_to_change(to_dir, 0, to, target); error != 0) return error;
  return answer(
      renameat(source.directory.get(), source.name.c_str(), target.directory.get(), target.name.c_str()));
}

u16 HostFiles::link(u32 from_dir, u32 lookup_flags, std::string_view from, u32 to_dir, std::string_view to) {
  Place source, target;
  if (const u16 error = place_to_change(from_dir, lookup_flags, from, source); error != 0) return error;
  if (const u16 error = place_to_change(to_dir, 0, to, target); error != 0) return error;
  if (target.must_be_directory) return wasi_errno(ENOENT);
  return answer(
      linkat(source.directory.get(), source.name.c_str(), target.directory.get(), target.name.c_str(), 0));
}

u16 HostFiles::symlink(std::string_view target, u32 dir, std::string_view path) {
  Place at;
  // resolve() would not follow such a link, but other programs of the host would.
  if (!target.empty() && target.front() == '/') return static_cast<u16>(wasi::Errno::notcapable);
  if (target.find('\0') != target.npos) return static_cast<u16>(wasi::Errno::ilseq);
  if (const u16 error = place_to_change(dir, 0, path, at); error != 0) return error;
  if (at.must_be_directory) return wasi_errno(ENOENT);
  return answer(symlinkat(std::string(target).c_str(), at.directory.get(), at.name.c_str()));
}

u16 HostFiles::readlink(u32 dir, std::string_view path, MutBytes out, usize& count) {
  Place at;
  count = 0;
  if (const u16 error = place(dir, 0, path, at); error != 0) return error;
  char target[PATH_MAX];
  const ssize_t length = readlinkat(at.directory.get(), at.name.c_str(), target, sizeof target);
  if (length < 0) return wasi_errno(errno);
  count = static_cast<usize>(length) < out.size() ? static_cast<usize>(length) : out.size();
  if (count != 0) std::memcpy(out.data(), target, count);
  return 0;
}

u16 HostFiles::read_directory(u32 handle, u64 cookie, Entry& out, bool& more) {
  more = false;
  if (fd_of(handle) < 0) return kBadf;
  File& file = files_[handle];
  if (file.listing == nullptr) {
    // A descriptor of its own: the listing's position is not the file's.
    UniqueFd copy(openat(file.fd.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!copy) return wasi_errno(errno);
    file.listing.reset(fdopendir(copy.get()));
    if (file.listing == nullptr) return wasi_errno(errno);
    copy.release();
    file.positions = {telldir(file.listing.get())};
  }
  DIR* listing = file.listing.get();
  if (cookie == 0) {  // from the start, with what was made or removed since
    rewinddir(listing);
    file.positions = {telldir(listing)};
    file.at = 0;
  }
  // Entries are read in sequence; only a step back, or beyond what was read so far, moves the listing.
  const u64 known = cookie < file.positions.size() ? cookie : file.positions.size() - 1;
  if (file.at != known) seekdir(listing, file.positions[known]);
  file.at = known;
  const dirent* entry = nullptr;
  // Only as many steps as there are entries, however large the guest's cookie is.
  do {
    errno = 0;
    entry = readdir(listing);
    if (entry == nullptr) return errno == 0 ? u16{0} : wasi_errno(errno);
    if (++file.at == file.positions.size()) file.positions.push_back(telldir(listing));
  } while (file.at <= cookie);
  out = {.inode = entry->d_ino, .filetype = filetype_of(DTTOIF(entry->d_type)), .name = entry->d_name};
  more = true;
  return 0;
}

}  // namespace pipit::host
