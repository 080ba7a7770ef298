#include "mewz/virtio/plan9_device.h"

#include <algorithm>

#include "mewz/memory/kernel_map.h"
#include "mewz/virtio/waiting.h"

namespace pipit::mewz {
namespace {

constexpr u16 kQueueSize = 4;
constexpr u64 kHasTag = 1u << 0;
constexpr u32 kTagLength = 0, kTag = 2;

}  // namespace

Status Plan9Device::open() {
  transport_ = find_device(VirtioDevice::plan9);
  if (transport_ == nullptr)
    return Error{Code::unavailable, "the machine has no further directory of the host's"};
  TRY(transport_->negotiate(kHasTag, 0));
  TRY(start_queue(*transport_, queue_, kQueueSize));
  tag_bytes_ = transport_->config(kTagLength) | u32{transport_->config(kTagLength + 1)} << 8;
  tag_bytes_ = std::min<u32>(tag_bytes_, sizeof tag_);
  for (u32 i = 0; i < tag_bytes_; ++i) tag_[i] = static_cast<char>(transport_->config(kTag + i));
  return {};
}

Status Plan9Device::exchange(Bytes request, MutBytes reply, usize& got) {
  if (broken_) return Error{Code::io, "the host's directory stopped answering"};
  const QueueBuffer chain[] = {
      {reinterpret_cast<usize>(request.data()), static_cast<u32>(request.size()), false},
      {reinterpret_cast<usize>(reply.data()), static_cast<u32>(reply.size()), true}};
  u32 bytes = 0;
  const Status answered = submit_and_wait(*transport_, queue_, chain, bytes);
  broken_ = !answered.ok();
  got = bytes;
  return answered.ok() ? Status{} : Status{answered.error()};
}

}  // namespace pipit::mewz
