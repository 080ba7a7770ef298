#pragma once
#include "base/result.h"
#include "base/types.h"

namespace pipit::mewz {

/// Physical memory in blocks of 4 KB to 2 MB: a binary buddy allocator (Knuth, TAOCP volume 1 §2.5). Memory
/// is addressed as it lies (physical = virtual); a free block's first bytes hold its place in a list.
class PageAllocator {
 public:
  static constexpr u32 kPageShift = 12, kMaxOrder = 9;  // 4 KB << 9 = 2 MB
  static constexpr usize block_bytes(u32 order) { return usize{1} << (kPageShift + order); }

  /// Manages addresses in [start, end), all of it taken at first. `states` are state_bytes() of zeroed
  /// memory.
  void init(usize start, usize end, u8* states);
  static usize state_bytes(usize start, usize end) { return (end - start) >> kPageShift; }
  /// Gives the whole pages of [start, end) to the allocator. They are not touched before they are needed: the
  /// host finds real memory, and clears it, for whatever is. At most kMaxRanges times.
  void add(usize start, usize end);

  /// A block of 4 KB << order, aligned to its size, contents unspecified; 0 when there is none.
  usize allocate(u32 order);
  /// As allocate(), all zero.
  usize allocate_zeroed(u32 order);
  void free(usize address, u32 order);

  usize free_bytes() const { return free_bytes_; }

 private:
  struct Block {
    Block* next;
    Block* previous;
  };
  static constexpr u32 kMaxRanges = 20;
  struct Range {
    usize at, end;
  };
  /// Moves one block, as large as it can be, from the end of the first untouched range to the lists; false
  /// when none is left. From the end, since that is beside the RAM disk, where the host has found memory
  /// already.
  bool refill();
  u8& state(usize address) { return states_[(address - start_) >> kPageShift]; }
  void push(usize address, u32 order);
  void remove(usize address, u32 order);

  usize start_ = 0, end_ = 0;
  u8* states_ = nullptr;  ///< of each page: order + 1 where a free block begins, else 0
  Block* lists_[kMaxOrder + 1] = {};
  Range untouched_[kMaxRanges] = {};
  u32 range_count_ = 0;
  usize free_bytes_ = 0;
};

}  // namespace pipit::mewz
