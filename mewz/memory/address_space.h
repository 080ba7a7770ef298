#pragma once
#include "base/result.h"
#include "mewz/memory/page_allocator.h"

namespace pipit::mewz {

/// What a mapping allows; reading always. There is no user mode, and nothing may be both writable and
/// executable.
enum class Access : u8 { read, write, execute, device };  // device: read and write, uncached

/// Four-level page tables (Intel SDM volume 3 §4.5), in the largest pages that fit.
class AddressSpace {
 public:
  /// `large_pages`: the processor has pages of 1 GB.
  Status create(PageAllocator& pages, bool large_pages);
  /// Maps [virtual, virtual + bytes) to physical; all multiples of 4 KB. out_of_memory for tables;
  /// already_exists (at the page's number) when something of it is mapped.
  Status map(usize virtual_address, u64 physical, usize bytes, Access access);
  /// Removes whatever is mapped in the range; a page of 2 MB or 1 GB must lie inside as a whole.
  void unmap(usize virtual_address, usize bytes);
  /// Changes what mapped pages of 4 KB and 2 MB in the range allow.
  void protect(usize virtual_address, usize bytes, Access access);

  struct Mapping {
    u64 physical;
    usize bytes;  ///< of the page it lies in; 0: not mapped
  };
  Mapping find(usize virtual_address) const;
  /// What CR3 holds while this is in use.
  u64 root() const { return root_; }

 private:
  using Table = u64*;
  /// The entry of `virtual_address` at `level` (0: 4 KB pages, 3: root), tables made on the way; nullptr when
  /// memory ran out or a larger page is in the way.
  u64* make_entry(usize virtual_address, u32 level);
  /// The entry that maps it, and its level; nullptr when none does.
  u64* find_entry(usize virtual_address, u32& level) const;

  PageAllocator* pages_ = nullptr;
  u64 root_ = 0;
  u32 largest_level_ = 1;
};

}  // namespace pipit::mewz
