#pragma once
#include "mewz/memory/page_allocator.h"

/// What the in-memory file system is made of.
namespace pipit::mewz {

struct Inode;

/// One name in a directory.
struct DirectoryEntry {
  static constexpr u32 kMaxName = 255;
  DirectoryEntry* next;
  Inode* inode;
  u8 name_bytes;
  char name[kMaxName];

  std::string_view text() const { return {name, name_bytes}; }
};

/// The bytes of a file: some that lie elsewhere and are only read, or pages of its own.
class FileData {
 public:
  static constexpr usize kPage = PageAllocator::block_bytes(0);
  static constexpr u64 kMostBytes = u64{1} << 30;

  usize read(u64 offset, MutBytes out) const;
  /// How much was written; less than all when memory ran out.
  usize write(u64 offset, Bytes data, PageAllocator& pages);
  /// False when memory ran out, which changes nothing.
  bool set_size(u64 size, PageAllocator& pages);
  void borrow(Bytes data);
  void release(PageAllocator& pages) { (void)set_size(0, pages); }
  u64 size() const { return size_; }

 private:
  static constexpr u32 kDirect = 8, kPerTable = kPage / sizeof(u8*);
  /// Where the pointer to page `index` lies; nullptr when its tables are missing and cannot be, or shall not
  /// be, made.
  u8** slot(u64 index, PageAllocator* pages);
  /// Makes the borrowed bytes its own.
  bool own(PageAllocator& pages);
  void drop_pages(u64 from_index, PageAllocator& pages);

  u64 size_ = 0;
  const u8* borrowed_ = nullptr;
  u8* direct_[kDirect] = {};
  u8*** tables_ = nullptr;  ///< kPerTable tables of kPerTable pages
};

/// A file, directory or symbolic link.
struct Inode {
  u64 number = 0;
  u8 filetype = 0;  ///< WASI preview 1
  u32 links = 0, opens = 0;
  u64 accessed_ns = 0, modified_ns = 0, changed_ns = 0;
  FileData data;                      ///< of a file; a link's target
  DirectoryEntry* entries = nullptr;  ///< of a directory, in order
  Inode* parent = nullptr;            ///< of a directory; itself at the top; null once it was removed

  DirectoryEntry* find(std::string_view name) const {
    for (DirectoryEntry* entry = entries; entry != nullptr; entry = entry->next)
      if (entry->text() == name) return entry;
    return nullptr;
  }
};

}  // namespace pipit::mewz
