#include "mewz/memory/page_allocator.h"

#include <cstring>

#include "base/check.h"

namespace pipit::mewz {

void PageAllocator::init(usize start, usize end, u8* states) {
  constexpr usize kLargest = block_bytes(kMaxOrder);
  // Aligned down, so that a block's buddy is found by its address alone.
  start_ = start & ~(kLargest - 1);
  PIPIT_CHECK(start_ == start);
  end_ = end;
  states_ = states;
}

void PageAllocator::add(usize start, usize end) {
  constexpr usize kPage = block_bytes(0);
  const Range range{(start + kPage - 1) & ~(kPage - 1), end & ~(kPage - 1)};
  if (range.at >= range.end) return;
  PIPIT_CHECK(range.at >= start_ && range.end <= end_ && range_count_ < kMaxRanges);
  untouched_[range_count_++] = range;
  free_bytes_ += range.end - range.at;
}

bool PageAllocator::refill() {
  for (Range& range : std::span(untouched_, range_count_)) {
    if (range.at == range.end) continue;
    u32 order = kMaxOrder;
    while ((range.end & (block_bytes(order) - 1)) != 0 || block_bytes(order) > range.end - range.at) --order;
    range.end -= block_bytes(order);
    free_bytes_ -= block_bytes(order);
    free(range.end, order);
    return true;
  }
  return false;
}

void PageAllocator::push(usize address, u32 order) {
  auto* const block = reinterpret_cast<Block*>(address);
  *block = {lists_[order], nullptr};
  if (block->next != nullptr) block->next->previous = block;
  lists_[order] = block;
  state(address) = static_cast<u8>(order + 1);
}

void PageAllocator::remove(usize address, u32 order) {
  auto* const block = reinterpret_cast<Block*>(address);
  if (block->previous != nullptr)
    block->previous->next = block->next;
  else
    lists_[order] = block->next;
  if (block->next != nullptr) block->next->previous = block->previous;
  state(address) = 0;
}

usize PageAllocator::allocate(u32 order) {
  PIPIT_CHECK(order <= kMaxOrder);
  u32 have;
  do {
    have = order;
    while (have <= kMaxOrder && lists_[have] == nullptr) ++have;
  } while (have > kMaxOrder && refill());
  if (have > kMaxOrder) return 0;
  const usize address = reinterpret_cast<usize>(lists_[have]);
  remove(address, have);
  while (have > order) {
    --have;
    push(address + block_bytes(have), have);
  }
  free_bytes_ -= block_bytes(order);
  return address;
}

usize PageAllocator::allocate_zeroed(u32 order) {
  const usize address = allocate(order);
  if (address != 0) std::memset(reinterpret_cast<void*>(address), 0, block_bytes(order));
  return address;
}

void PageAllocator::free(usize address, u32 order) {
  PIPIT_CHECK(order <= kMaxOrder && address >= start_ && address < end_ &&
              (address & (block_bytes(order) - 1)) == 0 && state(address) == 0);
  free_bytes_ += block_bytes(order);
  while (order < kMaxOrder) {
    const usize buddy = address ^ block_bytes(order);
    if (buddy < start_ || buddy + block_bytes(order) > end_ || state(buddy) != order + 1) break;
    remove(buddy, order);
    if (buddy < address) address = buddy;
    ++order;
  }
  push(address, order);
}

}  // namespace pipit::mewz
