#include "base/check.h"
#include "mewz/interrupts/fault.h"
#include "mewz/log.h"
#include "mewz/memory/kernel_map.h"

namespace pipit::mewz {
namespace {

// Far above memory and devices. A reservation may be as large as what a Wasm address and offset of 32 bits
// reach together, 8 GB; each has a terabyte to itself, so whatever misses one meets nothing.
constexpr usize kFirstBase = usize{1} << 40, kStride = usize{1} << 40, kGap = usize{2} << 30;
constexpr u32 kMaxReservations = 16;
constexpr u32 kChunkOrder = 4, kLargeOrder = PageAllocator::kMaxOrder;  // 64 KB, 2 MB
constexpr usize kLargeFrom = usize{4} << 20;    // of a reservation: small ones do not waste a large page
constexpr usize kLargeSpare = usize{64} << 20;  // and only while this much memory is free

constinit Reservation g_reservations[kMaxReservations];

}  // namespace

Result<Reservation*> Reservation::create(usize bytes, Pages sizes) {
  PIPIT_CHECK(bytes != 0 && bytes <= kStride - 2 * kGap);
  for (u32 i = 0; i < kMaxReservations; ++i) {
    Reservation& free = g_reservations[i];
    if (free.base_ != 0) continue;
    free = {};
    free.base_ = kFirstBase + i * kStride + kGap;
    free.bytes_ = free.limit_ = bytes;
    free.sizes_ = sizes;
    return &free;
  }
  return Error{Code::out_of_memory, "all reservations of address space are in use"};
}

bool Reservation::commit(usize address) {
  const usize offset = address - base_;
  const bool large = sizes_ == Pages::any && offset >= kLargeFrom && pages().free_bytes() >= kLargeSpare;
  for (const u32 order : {large ? kLargeOrder : kChunkOrder, kChunkOrder}) {
    const usize bytes = PageAllocator::block_bytes(order);
    const usize start = base_ + (offset & ~(bytes - 1));
    // Part of the 2 MB may have memory in small chunks already.
    if (order == kLargeOrder && address_space().find(start).bytes != 0) continue;
    const usize block = fill_ != nullptr ? pages().allocate(order) : pages().allocate_zeroed(order);
    if (block == 0) continue;
    if (fill_ != nullptr) {
      const Status filled = fill_(fill_context_, start - base_, {reinterpret_cast<u8*>(block), bytes});
      if (!filled.ok()) {
        Line() << filled.error();
        stop(StopCode::input_output);
      }
    }
    const Access access = fill_ != nullptr ? Access::read : Access::write;
    if (!address_space().map(start, block, bytes, access).ok()) {
      pages().free(block, order);
      continue;
    }
    committed_ += bytes;
    return true;
  }
  return false;
}

Reservation* Reservation::at(const u8* base) {
  for (Reservation& each : g_reservations)
    if (each.base_ == reinterpret_cast<usize>(base)) return &each;
  return nullptr;
}

void Reservation::seal() {
  limit_ = 0;
  const usize chunk = PageAllocator::block_bytes(kChunkOrder);
  for (usize at = base_; at < base_ + bytes_; at += chunk)
    if (address_space().find(at).bytes != 0) address_space().protect(at, chunk, Access::read);
}

void Reservation::release() {
  const usize chunk = PageAllocator::block_bytes(kChunkOrder);
  for (usize at = base_; committed_ != 0 && at < base_ + bytes_;) {
    const AddressSpace::Mapping mapping = address_space().find(at);
    const bool large = mapping.bytes == PageAllocator::block_bytes(kLargeOrder);
    const usize step = large ? mapping.bytes : chunk;
    if (mapping.bytes != 0) {
      address_space().unmap(at, step);
      pages().free(mapping.physical, large ? kLargeOrder : kChunkOrder);
      committed_ -= step;
    }
    at += step;
  }
  base_ = 0;
}

bool commit_fault(usize address) {
  if (address < kFirstBase || address >= kFirstBase + kMaxReservations * kStride) return false;
  Reservation& reservation = g_reservations[(address - kFirstBase) / kStride];
  if (address < reservation.base_ || address - reservation.base_ >= reservation.limit_) return false;
  if (address_space().find(address).bytes != 0) return false;  // it has memory: something else is wrong
  if (reservation.commit(address)) return true;
  Line() << "out of memory: " << pages().free_bytes() << " bytes free; give the machine more (--memory)";
  stop(StopCode::out_of_memory);
}

}  // namespace pipit::mewz
