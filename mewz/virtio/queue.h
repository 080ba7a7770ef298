#pragma once
#include "base/result.h"
#include "base/types.h"

namespace pipit::mewz {

/// One piece of memory handed to a device.
struct QueueBuffer {
  u64 address;  ///< physical
  u32 bytes;
  bool writable;  ///< by the device
};

/// A split virtqueue (virtio 1.1 §2.6), seen by its driver. Which descriptors are free and how large what was
/// handed over is, is kept where the device cannot write; whatever it answers is checked against that.
class SplitQueue {
 public:
  static constexpr u16 kMaxSize = 256;
  /// Bytes of memory for any size, and their alignment (descriptors, the strictest: virtio 1.1 §2.6).
  static constexpr u32 kMemoryBytes = 8192, kMemoryAlign = 16;

  /// `memory` is kMemoryBytes of zeroed memory that the device reads and writes, `size` a power of two of at
  /// most kMaxSize.
  void init(u8* memory, u16 size);
  u64 descriptors() const { return reinterpret_cast<usize>(memory_); }
  u64 available() const { return descriptors() + kAvailableOffset; }
  u64 used() const { return descriptors() + kUsedOffset; }
  u16 size() const { return size_; }

  /// Hands a chain of buffers over; false when too few descriptors are free. `id` names it until it comes
  /// back. The device learns of it by publish() and, when that says so, a notification.
  bool add(std::span<const QueueBuffer> chain, u16& id);
  /// Makes everything added visible; true when the device wants to be notified.
  bool publish();

  struct Used {
    u16 id;
    u32 bytes;  ///< that the device wrote
  };
  /// The next chain the device is done with: true, and its descriptors are free again; false when there is
  /// none. malformed when the device names a chain that it does not have, says it wrote more than there is
  /// room, or moved its index beyond what it was given: it is not to be used any more.
  Result<bool> take(Used& out);
  /// Whether take() has something to say.
  bool waiting() const { return seen_ != used_index(); }
  /// Asks the device to interrupt after each chain, or not to.
  void want_interrupts(bool wanted);
  u16 free_descriptors() const { return free_count_; }
  /// What add() will name the next chain; only while descriptors are free.
  u16 next_id() const { return free_; }

 private:
  static constexpr u32 kAvailableOffset = 4096, kUsedOffset = 5120;
  u16 used_index() const { return *reinterpret_cast<volatile u16*>(memory_ + kUsedOffset + 2); }

  u8* memory_ = nullptr;
  u16 size_ = 0, free_ = 0, free_count_ = 0;
  u16 added_ = 0, seen_ = 0, in_flight_ = 0;
  u16 next_[kMaxSize] = {};      ///< free list, and the rest of a chain
  u16 chain_[kMaxSize] = {};     ///< descriptors of the chain that begins here; 0: none does
  u32 writable_[kMaxSize] = {};  ///< bytes the device may write of that chain
};

}  // namespace pipit::mewz
