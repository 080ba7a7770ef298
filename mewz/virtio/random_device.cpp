#include "mewz/virtio/random_device.h"

#include "mewz/entropy.h"
#include "mewz/virtio/waiting.h"

namespace pipit::mewz {
namespace {

constexpr u16 kQueueSize = 4;
alignas(64) u8 g_numbers[64];
constinit SplitQueue g_queue;

}  // namespace

Status feed_from_device() {
  Transport* const transport = find_device(VirtioDevice::entropy);
  if (transport == nullptr) return Error{Code::unavailable, "the machine has no entropy device"};
  TRY(transport->negotiate(0, 0));
  TRY(start_queue(*transport, g_queue, kQueueSize));
  const QueueBuffer buffer{reinterpret_cast<usize>(g_numbers), sizeof g_numbers, true};
  u32 bytes = 0;
  TRY(submit_and_wait(*transport, g_queue, {&buffer, 1}, bytes));
  if (bytes == 0) return Error{Code::io, "the entropy device gave nothing"};
  entropy().feed({g_numbers, bytes});
  return {};
}

}  // namespace pipit::mewz
