#include "mewz/virtio/waiting.h"

#include "base/check.h"
#include "mewz/clock.h"
#include "mewz/cpu/cpu.h"
#include "mewz/interrupts/watchdog.h"
#include "mewz/memory/kernel_map.h"

namespace pipit::mewz {
namespace {

constexpr u64 kPatienceNs = 8'000'000'000;  // less than the watchdog's, so that the device is named

/// Sleeps until the device has answered, or for too long. The processor is the host's meanwhile, which needs
/// it to answer. Also from a page fault, where interrupts are off: they have another stack, and touch nothing
/// that faults.
bool wait(const SplitQueue& queue) {
  const bool enabled = cpu::interrupts_enabled();
  const u64 start = clock().uptime_ns();
  cpu::disable_interrupts();  // so that none slips in between the look and the sleep
  while (!queue.waiting() && clock().uptime_ns() - start < kPatienceNs) {
    cpu::wait_for_interrupt();
    cpu::disable_interrupts();
  }
  if (enabled) cpu::enable_interrupts();
  return queue.waiting();
}

}  // namespace

Status start_queue(Transport& transport, SplitQueue& queue, u16 size) {
  constexpr u32 kOrder = 1;
  static_assert(PageAllocator::block_bytes(kOrder) == SplitQueue::kMemoryBytes);
  if (transport.queue_size(0) < size) return Error{Code::unsupported, "the device's queue is too short"};
  const usize memory = pages().allocate_zeroed(kOrder);
  if (memory == 0) return Error{Code::out_of_memory, "no memory for a device's queue"};
  queue.init(reinterpret_cast<u8*>(memory), size);
  TRY(transport.set_queue(0, size, {queue.descriptors(), queue.available(), queue.used()}));
  TRY(transport.enable_interrupt());
  transport.start();
  return {};
}

Status submit_and_wait(Transport& transport, SplitQueue& queue, std::span<const QueueBuffer> chain,
                       u32& bytes) {
  u16 id;
  PIPIT_CHECK(queue.add(chain, id));
  if (queue.publish()) transport.notify(0);
  if (!wait(queue)) return Error{Code::timeout, "the device does not answer"};
  SplitQueue::Used used{};
  TRY(queue.take(used));
  watchdog::progress();  // an application may ask for much before it is looked after again
  if (used.id != id) return Error{Code::malformed, "the device answered another request", used.id};
  bytes = used.bytes;
  return {};
}

}  // namespace pipit::mewz
