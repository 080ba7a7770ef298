#pragma once
#include "mewz/files/inode.h"
#include "mewz/files/slab.h"
#include "ports/clock.h"
#include "ports/files.h"

namespace pipit::mewz {

/// A file system in memory, one granted directory. It begins empty or with the files of an archive, which are
/// read where they lie until they are written to.
class MemoryFiles final : public ports::Files {
 public:
  /// All outlive it. `path` is the name under which the application sees it.
  MemoryFiles(PageAllocator& pages, ports::Clock& clock, std::string_view path = "/");
  MemoryFiles(const MemoryFiles&) = delete;
  /// Says that the root directory was made now. Until then that is 1970: asking for the date takes a while.
  void date_root();
  /// Lays the members of a tar or cpio archive into it; the archive's bytes stay where they are. malformed as
  /// ArchiveReader::next(); out_of_memory.
  Status add_archive(Bytes archive);

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
  static constexpr u32 kMaxOpen = 256, kMaxPath = 4096, kMaxLinks = 40;

  struct Open {
    Inode* inode = nullptr;
    u64 position = 0;
    bool append = false, writable = false;
  };
  /// Where a path ends: a directory, one name in it, and what has that name.
  struct Place {
    Inode* directory = nullptr;
    char name_text[DirectoryEntry::kMaxName];
    u8 name_bytes = 0;
    DirectoryEntry* entry =
        nullptr;             ///< null: nothing has the name; also null where the path is the directory itself
    Inode* inode = nullptr;  ///< what the path leads to; null: nothing
    bool must_be_directory = false;

    std::string_view name() const { return {name_text, name_bytes}; }
  };

  u16 place(u32 dir, bool follow, std::string_view path, Place& out);
  Open* opened(u32 handle);
  u16 open_inode(Inode& inode, u16 fdflags, bool writable, u32& handle);
  u16 make_symlink(std::string_view target, u32 dir, std::string_view path);
  Inode* make_inode(u8 filetype);
  u16 enter(Inode& directory, std::string_view name, Inode& inode);
  void remove_entry(Inode& directory, DirectoryEntry& entry);
  void drop_if_unused(Inode& inode);
  u16 create(const Place& at, u8 filetype, Inode*& out);
  u16 make_parents(std::string_view path);
  static void fill(const Inode& inode, Stat& out);
  void set_times(Inode& inode, u64 accessed_ns, u64 modified_ns, u16 fst_flags);
  u64 now() { return clock_.realtime_ns(); }

  PageAllocator& pages_;
  ports::Clock& clock_;
  std::string_view path_;
  Slab<Inode> inodes_;
  Slab<DirectoryEntry> names_;
  Inode root_;
  u64 next_number_ = 2;
  Open open_[kMaxOpen];
};

}  // namespace pipit::mewz
