#pragma once
#include "base/result.h"
#include "base/types.h"

namespace pipit::ports {

/// Files under granted directories. Platforms without files have no object of it; wasi then answers
/// ENOSYS/EBADF. Numbers that WASI preview 1 defines (errno, filetype, flags, whence) are passed through
/// unchanged. Every call returns a WASI errno (0 = success); results go through references.
class Files {
 public:
  struct Stat {
    u64 device = 0, inode = 0, links = 1, size = 0, accessed_ns = 0, modified_ns = 0, changed_ns = 0;
    u8 filetype = 0;
  };
  /// Name of granted directory `index` as the guest sees it; false past the last.
  virtual bool preopen(u32 index, std::string_view& guest_path) = 0;
  /// `dir` is a handle of this object; preopen i has handle i. Paths never leave the granted directory.
  virtual u16 open(u32 dir, u32 lookup_flags, std::string_view path, u16 oflags, u64 rights, u16 fdflags,
                   u32& handle) = 0;
  virtual u16 close(u32 handle) = 0;
  virtual u16 read(u32 handle, MutBytes out, usize& count) = 0;
  virtual u16 pread(u32 handle, MutBytes out, u64 offset, usize& count) = 0;
  virtual u16 write(u32 handle, Bytes data, usize& count) = 0;
  virtual u16 pwrite(u32 handle, Bytes data, u64 offset, usize& count) = 0;
  virtual u16 seek(u32 handle, i64 offset, u8 whence, u64& position) = 0;
  virtual u16 sync(u32 handle) = 0;
  /// Appending or not, on an open file; ENOTSUP (58) for what the platform sets at opening only.
  virtual u16 set_flags(u32 handle, u16 fdflags) { return 58; }
  virtual u16 stat(u32 handle, Stat& out) = 0;
  virtual u16 path_stat(u32 dir, u32 lookup_flags, std::string_view path, Stat& out) = 0;
  virtual u16 set_size(u32 handle, u64 size) = 0;
  virtual u16 set_times(u32 handle, u64 accessed_ns, u64 modified_ns, u16 fst_flags) = 0;
  virtual u16 path_set_times(u32 dir, u32 lookup_flags, std::string_view path, u64 accessed_ns,
                             u64 modified_ns, u16 fst_flags) = 0;
  virtual u16 create_directory(u32 dir, std::string_view path) = 0;
  virtual u16 remove_directory(u32 dir, std::string_view path) = 0;
  virtual u16 unlink_file(u32 dir, std::string_view path) = 0;
  virtual u16 rename(u32 from_dir, std::string_view from, u32 to_dir, std::string_view to) = 0;
  virtual u16 link(u32 from_dir, u32 lookup_flags, std::string_view from, u32 to_dir,
                   std::string_view to) = 0;
  virtual u16 symlink(std::string_view target, u32 dir, std::string_view path) = 0;
  virtual u16 readlink(u32 dir, std::string_view path, MutBytes out, usize& count) = 0;
  struct Entry {
    u64 inode = 0;
    u8 filetype = 0;
    std::string_view name;  ///< valid until the next call on this handle
  };
  /// The entry at position `cookie` (0 is the first); false past the last.
  virtual u16 read_directory(u32 handle, u64 cookie, Entry& out, bool& more) = 0;

 protected:
  ~Files() = default;
};

}  // namespace pipit::ports
