#pragma once
#include "mewz/virtio/queue.h"
#include "mewz/virtio/transport.h"

namespace pipit::mewz {

/// A virtio disk, read only (virtio 1.1 §5.2). One request at a time, waited for: what is read is wanted at
/// once.
class BlockDevice {
 public:
  static constexpr u32 kSectorBytes = 512;

  /// The machine's next disk: unavailable when there is none left; unsupported or out_of_memory when it
  /// cannot be used.
  Status open();
  u64 bytes() const { return sectors_ * kSectorBytes; }
  /// Reads from `offset`, a multiple of a sector as is the size of `out`, which must lie as it is addressed.
  /// What lies behind the disk's end is zero. Errors: io (the disk says so), timeout, malformed (its answer).
  Status read(u64 offset, MutBytes out);

 private:
  struct Request;

  Transport* transport_ = nullptr;
  SplitQueue queue_;
  Request* request_ = nullptr;
  u64 sectors_ = 0;
  bool broken_ = false;  ///< a request was never answered: its memory is the device's for ever
};

}  // namespace pipit::mewz
