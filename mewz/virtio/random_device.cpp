#include "mewz/virtio/random_device.h"

#include "mewz/clock.h"
#include "mewz/cpu/cpu.h"
#include "mewz/entropy.h"
#include "mewz/virtio/queue.h"
#include "mewz/virtio/transport.h"

namespace pipit::mewz {
namespace {

constexpr u16 kQueueSize = 4;
constexpr u64 kPatienceNs = 1'000'000'000;
alignas(SplitQueue::kMemoryBytes) u8 g_memory[SplitQueue::kMemoryBytes];
alignas(64) u8 g_numbers[64];
constinit SplitQueue g_queue;

}  // namespace

Status feed_from_device() {
  Transport* const transport = find_device(VirtioDevice::entropy);
  if (transport == nullptr) return Error{Code::unavailable, "the machine has no entropy device"};
  TRY(transport->negotiate(0, 0));
  if (transport->queue_size(0) < kQueueSize)
    return Error{Code::unsupported, "the entropy device's queue is too short"};
  g_queue.init(g_memory, kQueueSize);
  g_queue.want_interrupts(false);
  TRY(transport->set_queue(0, kQueueSize, {g_queue.descriptors(), g_queue.available(), g_queue.used()}));
  transport->start();
  const QueueBuffer buffer{reinterpret_cast<usize>(g_numbers), sizeof g_numbers, true};
  u16 id;
  (void)g_queue.add({&buffer, 1}, id);  // an empty queue has room
  if (g_queue.publish()) transport->notify(0);
  const u64 start = clock().uptime_ns();
  while (!g_queue.waiting()) {
    if (clock().uptime_ns() - start > kPatienceNs)
      return Error{Code::timeout, "the entropy device does not answer"};
    cpu::pause();
  }
  SplitQueue::Used used{};
  TRY(g_queue.take(used));
  if (used.bytes == 0) return Error{Code::io, "the entropy device gave nothing"};
  entropy().feed({g_numbers, used.bytes});
  return {};
}

}  // namespace pipit::mewz
