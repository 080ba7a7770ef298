#include "mewz/net/receive_queue.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace pipit::mewz {

void ReceiveQueue::append(pbuf* data) {
  (last_ == nullptr ? first_ : last_->next) = data;
  if (at_ == nullptr) {
    at_ = data;
    offset_ = 0;
    if (kept_ == 0) start_ = 0;
  }
  for (last_ = data;; last_ = last_->next) {
    unread_ += last_->len;
    if (last_->next == nullptr) return;
  }
}

usize ReceiveQueue::read(MutBytes out, bool peek) {
  usize count = 0, offset = offset_;
  pbuf* at = at_;
  while (at != nullptr && count < out.size()) {
    const usize part = std::min<usize>(out.size() - count, at->len - offset);
    if (part != 0) std::memcpy(out.data() + count, static_cast<const u8*>(at->payload) + offset, part);
    count += part;
    offset += part;
    if (offset == at->len) at = at->next, offset = 0;
  }
  if (peek) return count;
  at_ = at;
  offset_ = offset;
  unread_ -= count;
  kept_ += count;
  return count;
}

usize ReceiveQueue::release() {
  while (first_ != at_) {
    pbuf* const done = std::exchange(first_, first_->next);
    done->next = nullptr;  // the others stay
    pbuf_free(done);
  }
  if (first_ == nullptr) last_ = nullptr;
  start_ = offset_;
  return std::exchange(kept_, usize{0});
}

void ReceiveQueue::rewind() {
  at_ = first_;
  offset_ = start_;
  unread_ += std::exchange(kept_, usize{0});
}

void ReceiveQueue::clear() {
  at_ = nullptr;
  offset_ = 0;
  (void)release();
  unread_ = 0;
}

}  // namespace pipit::mewz
