#pragma once
#include <deque>
#include <vector>

#include "mewz/virtio/transport.h"

/// A machine of a test's own around the card's driver and lwIP: time that stands until it is moved, and a
/// network card whose device side the test plays.
namespace pipit::mewz::testing {

class FakeCard final : public Transport {
 public:
  using Frame = std::vector<u8>;
  /// Puts a frame into the next buffer that the driver has handed over; false when there is none.
  bool receive(const Frame& frame, bool checksum_good = true);
  /// What the driver has sent since.
  std::vector<Frame> sent();
  /// A used element that no driver should believe.
  void lie(u32 id, u32 bytes);

  VirtioDevice device() const override { return VirtioDevice::network; }
  Result<u64> negotiate(u64 required, u64 optional) override { return required | optional; }
  u16 queue_size(u32) override { return 256; }
  Status set_queue(u32 index, u16 size, const QueueAddresses& addresses) override {
    queues_[index] = {size, 0, 0, addresses};
    return {};
  }
  void start() override {}
  void notify(u32) override {}
  void acknowledge() override {}
  u8 config(u32 offset) override { return static_cast<u8>(offset == 0 ? 0x52 : offset); }
  Status enable_interrupt() override { return {}; }

 private:
  struct Queue {
    u16 size = 0, taken = 0, given = 0;
    QueueAddresses at{};
  };
  bool next(Queue& queue, u16& head) const;
  static void give_back(Queue& queue, u32 head, u32 bytes);
  Queue queues_[2];
};

FakeCard& card();
/// Milliseconds of uptime.
u64& now_ms();

}  // namespace pipit::mewz::testing
