#include "mewz/virtio/queue.h"

#include "base/check.h"

namespace pipit::mewz {
namespace {

struct Descriptor {
  u64 address;
  u32 bytes;
  u16 flags, next;
};
struct UsedElement {
  u32 id, bytes;
};
static_assert(sizeof(Descriptor) == 16 && sizeof(UsedElement) == 8);
constexpr u16 kNext = 1, kWrite = 2;  // Descriptor::flags, §2.6.5
constexpr u16 kNoInterrupt = 1;       // of the available ring, §2.6.6
constexpr u16 kNoNotify = 1;          // of the used ring, §2.6.8

void barrier() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
volatile u16* words(u64 address) { return reinterpret_cast<volatile u16*>(address); }

}  // namespace

void SplitQueue::init(u8* memory, u16 size) {
  PIPIT_CHECK(size != 0 && size <= kMaxSize && (size & (size - 1)) == 0);
  static_assert(kMaxSize * sizeof(Descriptor) <= kAvailableOffset &&
                6 + 2 * kMaxSize <= kUsedOffset - kAvailableOffset &&
                6 + kMaxSize * sizeof(UsedElement) <= kMemoryBytes - kUsedOffset);
  memory_ = memory;
  size_ = free_count_ = size;
  free_ = added_ = seen_ = in_flight_ = 0;
  for (u16 i = 0; i < size; ++i) {
    next_[i] = static_cast<u16>(i + 1);
    chain_[i] = 0;
  }
}

bool SplitQueue::add(std::span<const QueueBuffer> chain, u16& id) {
  if (chain.empty() || chain.size() > free_count_) return false;
  auto* const table = reinterpret_cast<volatile Descriptor*>(descriptors());
  id = free_;
  u32 writable = 0;
  u16 at = free_;
  for (usize i = 0; i < chain.size(); ++i) {
    const bool last = i + 1 == chain.size();
    volatile Descriptor& descriptor = table[at];
    descriptor.address = chain[i].address;
    descriptor.bytes = chain[i].bytes;
    descriptor.flags = static_cast<u16>((last ? 0 : kNext) | (chain[i].writable ? kWrite : 0));
    descriptor.next = last ? 0 : next_[at];
    if (chain[i].writable) writable += chain[i].bytes;
    at = next_[at];
  }
  free_ = at;
  free_count_ = static_cast<u16>(free_count_ - chain.size());
  chain_[id] = static_cast<u16>(chain.size());
  writable_[id] = writable;
  words(available())[2 + added_ % size_] = id;
  ++added_;
  ++in_flight_;
  return true;
}

bool SplitQueue::publish() {
  barrier();
  if (words(available())[1] == added_) return false;
  words(available())[1] = added_;
  barrier();
  return (words(used())[0] & kNoNotify) == 0;
}

Result<bool> SplitQueue::take(Used& out) {
  const u16 index = used_index();
  if (index == seen_) return false;
  if (static_cast<u16>(index - seen_) > in_flight_)
    return Error{Code::malformed, "virtio: the device returned more than it was given", index};
  barrier();
  const auto* const ring = reinterpret_cast<const volatile UsedElement*>(used() + 4);
  const u32 id = ring[seen_ % size_].id, bytes = ring[seen_ % size_].bytes;
  if (id >= size_ || chain_[id] == 0)
    return Error{Code::malformed, "virtio: the device returned a buffer that it does not have", id};
  if (bytes > writable_[id])
    return Error{Code::malformed, "virtio: the device says it wrote beyond a buffer", bytes};
  u16 last = static_cast<u16>(id);
  for (u16 i = 1; i < chain_[id]; ++i) last = next_[last];
  next_[last] = free_;
  free_ = static_cast<u16>(id);
  free_count_ = static_cast<u16>(free_count_ + chain_[id]);
  chain_[id] = 0;
  ++seen_;
  --in_flight_;
  out = {static_cast<u16>(id), bytes};
  return true;
}

void SplitQueue::want_interrupts(bool wanted) {
  words(available())[0] = wanted ? 0 : kNoInterrupt;
  if (wanted) barrier();  // before the next look at what came
}

}  // namespace pipit::mewz
