#include "mewz/virtio/block_device.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "base/check.h"
#include "mewz/memory/kernel_map.h"
#include "mewz/virtio/waiting.h"

namespace pipit::mewz {

/// virtio_blk_req, §5.2.6, without its data.
struct BlockDevice::Request {
  u32 type, reserved;
  u64 sector;
  u8 status;
};

namespace {

constexpr u16 kQueueSize = 4;
constexpr u32 kRead = 0, kHeaderBytes = 16;
constexpr u8 kStatusOk = 0, kStatusNone = 0xFF;
constexpr u64 kMostSectors = u64{1} << 40;

u64 address_of(const void* at) { return reinterpret_cast<usize>(at); }

}  // namespace

Status BlockDevice::open() {
  transport_ = find_device(VirtioDevice::block);
  if (transport_ == nullptr) return Error{Code::unavailable, "the machine has no further disk"};
  TRY(transport_->negotiate(0, 0));
  TRY(start_queue(*transport_, queue_, kQueueSize));
  const usize request = pages().allocate(0);
  if (request == 0) return Error{Code::out_of_memory, "no memory for the disk's requests"};
  request_ = new (reinterpret_cast<void*>(request)) Request{};
  u64 sectors = 0;
  for (u32 i = 0; i < sizeof sectors; ++i) sectors |= u64{transport_->config(i)} << 8 * i;
  if (sectors > kMostSectors) return Error{Code::malformed, "the disk says it is larger than can be"};
  sectors_ = sectors;
  return {};
}

Status BlockDevice::read(u64 offset, MutBytes out) {
  PIPIT_CHECK(offset % kSectorBytes == 0 && out.size() % kSectorBytes == 0);
  if (broken_) return Error{Code::io, "the disk stopped answering"};
  const u64 left = bytes() > offset ? bytes() - offset : 0;
  const usize present = static_cast<usize>(std::min<u64>(out.size(), left));
  std::memset(out.data() + present, 0, out.size() - present);
  if (present == 0) return {};
  *request_ = {kRead, 0, offset / kSectorBytes, kStatusNone};
  const QueueBuffer chain[] = {{address_of(request_), kHeaderBytes, false},
                               {address_of(out.data()), static_cast<u32>(present), true},
                               {address_of(&request_->status), 1, true}};
  u32 written = 0;
  const Status answered = submit_and_wait(*transport_, queue_, chain, written);
  broken_ = !answered.ok();
  if (broken_) return answered.error();
  const u8 status = *static_cast<volatile u8*>(&request_->status);
  if (status != kStatusOk)
    return Error{Code::io, "the disk cannot read a sector", static_cast<u32>(offset / kSectorBytes)};
  return {};
}

}  // namespace pipit::mewz
