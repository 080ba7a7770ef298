#pragma once
#include "base/types.h"

extern "C" {
#include "lwip/pbuf.h"
}

namespace pipit::mewz {

/// What a stream has received, in lwIP's own buffers: unread, or read and kept until release(). Counts in 32
/// bits, which lwIP's chains do not, so a window may be larger than 64 KB.
class ReceiveQueue {
 public:
  /// Takes `data` over.
  void append(pbuf* data);
  bool empty() const { return at_ == nullptr; }
  usize unread() const { return unread_; }
  usize kept() const { return kept_; }
  /// Copies what is unread into `out`; `peek` leaves it unread.
  usize read(MutBytes out, bool peek);
  /// Frees what was read and says how many bytes that were.
  usize release();
  /// What was read since the last release() is unread again.
  void rewind();
  void clear();

 private:
  pbuf *first_ = nullptr, *last_ = nullptr;
  pbuf* at_ = nullptr;            ///< the next unread byte lies in it; null: everything was read
  usize offset_ = 0, start_ = 0;  ///< of that byte in at_; of the first kept byte in first_
  usize unread_ = 0, kept_ = 0;
};

}  // namespace pipit::mewz
