#pragma once
#include "mewz/files/plan9_files.h"
#include "mewz/virtio/queue.h"
#include "mewz/virtio/transport.h"

namespace pipit::mewz {

/// A virtio-9p device (virtio 1.1 §5.10; its configuration: Linux' virtio_9p.h): one request at a time,
/// waited for.
class Plan9Device final : public Plan9Files::Channel {
 public:
  /// The machine's next one: unavailable when there is none left; unsupported or out_of_memory when it cannot
  /// be used.
  Status open();
  /// What the host calls its directory.
  std::string_view tag() const { return {tag_, tag_bytes_}; }
  Status exchange(Bytes request, MutBytes reply, usize& got) override;

 private:
  Transport* transport_ = nullptr;
  SplitQueue queue_;
  char tag_[64] = {};
  u32 tag_bytes_ = 0;
  bool broken_ = false;  ///< a request was never answered: its memory is the device's for ever
};

}  // namespace pipit::mewz
