#pragma once
#include "ports/files.h"

namespace pipit::mewz {

/// Several file systems as one: each is a granted directory of its own. Names cannot be moved or linked from
/// one to another (EXDEV).
class MountedFiles final : public ports::Files {
 public:
  static constexpr u32 kMost = 16;
  /// `files` grants one directory and outlives this. False when there are kMost already.
  bool add(ports::Files& files);
  /// `prepare` runs once, before anything is looked up in any of them.
  void before_first_use(void (*prepare)(void* context), void* context) {
    prepare_ = prepare;
    context_ = context;
  }

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
  /// A handle is the file system's own, sixteen times, plus its place here: what it grants (0) becomes its
  /// place.
  template <class Call>
  u16 with(u32 handle, Call call);

  ports::Files* all_[kMost] = {};
  u32 count_ = 0;
  void (*prepare_)(void* context) = nullptr;
  void* context_ = nullptr;
};

}  // namespace pipit::mewz
