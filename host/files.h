#pragma once
#include <dirent.h>

#include <memory>
#include <string>
#include <vector>

#include "host/resolve.h"
#include "ports/files.h"
#include "support/error.h"

namespace pipit::host {

/// Files of Linux below granted directories; every path goes through resolve().
class HostFiles final : public ports::Files {
 public:
  /// One directory the guest may use, and its name there.
  struct Grant {
    std::string host_path, guest_path;
    bool read_only = false;  ///< nothing below it can be made, changed or removed: EROFS
  };
  /// Opens the directories; the error names the one that cannot be.
  static support::Result<std::unique_ptr<HostFiles>> create(const std::vector<Grant>& grants);
  ~HostFiles();

  bool preopen(u32 index, std::string_view& guest_path) override;
  u16 open(u32 dir, u32 lookup_flags, std::string_view path, u16 oflags, u64 rights, u16 fdflags,
           u32& handle) override;
  u16 close(u32 handle) override;
  u16 read(u32 handle, MutBytes out, usize& count) override;
  u16 pread(u32 handle, MutBytes out, u64 offset, usize& count) override;
  u16 write(u32 handle, Bytes data, usize& count) override;
  u16 pwrite(u32 handle, Bytes data, u64 offset, usize& count) override;
  u16 seek(u32 handle, i64 offset, u8 whence, u64& position) override;
  u16 sync(u32 handle) override;
  u16 set_flags(u32 handle, u16 fdflags) override;
  u16 stat(u32 handle, Stat& out) override;
  u16 path_stat(u32 dir, u32 lookup_flags, std::string_view path, Stat& out) override;
  u16 set_size(u32 handle, u64 size) override;
  u16 set_times(u32 handle, u64 accessed_ns, u64 modified_ns, u16 fst_flags) override;
  u16 path_set_times(u32 dir, u32 lookup_flags, std::string_view path, u64 accessed_ns, u64 modified_ns,
                     u16 fst_flags) override;
  u16 create_directory(u32 dir, std::string_view path) override;
  u16 remove_directory(u32 dir, std::string_view path) override;
  u16 unlink_file(u32 dir, std::string_view path) override;
  u16 rename(u32 from_dir, std::string_view from, u32 to_dir, std::string_view to) override;
  u16 link(u32 from_dir, u32 lookup_flags, std::string_view from, u32 to_dir, std::string_view to) override;
  u16 symlink(std::string_view target, u32 dir, std::string_view path) override;
  u16 readlink(u32 dir, std::string_view path, MutBytes out, usize& count) override;
  u16 read_directory(u32 handle, u64 cookie, Entry& out, bool& more) override;

 private:
  struct DirCloser {
    void operator()(DIR* dir) const { closedir(dir); }
  };
  /// An open file; the granted directories come first and stay.
  struct File {
    UniqueFd fd;
    bool read_only = false;
    std::unique_ptr<DIR, DirCloser> listing{};
    std::vector<long> positions{};  ///< telldir() of each entry read so far; the last is that of the next one
    u64 at = 0;                     ///< the entry that `listing` yields next
  };

  HostFiles() = default;
  /// The descriptor behind a handle, -1 (EBADF to every call) when it is none.
  int fd_of(u32 handle) const;
  u16 place(u32 dir, u32 lookup_flags, std::string_view path, Place& out) const;
  /// The same for a call that changes what it finds: EROFS below a read-only grant.
  u16 place_to_change(u32 dir, u32 lookup_flags, std::string_view path, Place& out) const;
  bool read_only(u32 handle) const { return handle < files_.size() && files_[handle].read_only; }

  std::vector<std::string> guest_paths_;
  std::vector<File> files_;
};

}  // namespace pipit::host
