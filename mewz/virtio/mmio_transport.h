#pragma once
#include "mewz/virtio/transport.h"

namespace pipit::mewz {

/// virtio-mmio version 2 (virtio 1.1 §4.2).
class MmioTransport final : public Transport {
 public:
  /// Maps the registers at `place` and looks who is there: device() is none when nobody is. unsupported for
  /// version 1 (QEMU: -global virtio-mmio.force-legacy=false).
  Status open(const TransportAddress& place);

  VirtioDevice device() const override { return device_; }
  Result<u64> negotiate(u64 required, u64 optional) override;
  u16 queue_size(u32 index) override;
  Status set_queue(u32 index, u16 size, const QueueAddresses& addresses) override;
  void start() override;
  void notify(u32 queue) override;
  void acknowledge() override;
  u8 config(u32 offset) override;
  Status enable_interrupt() override;

 private:
  u32 read(u32 offset) const { return *reinterpret_cast<volatile u32*>(base_ + offset); }
  void write(u32 offset, u32 value) const { *reinterpret_cast<volatile u32*>(base_ + offset) = value; }

  usize base_ = 0;
  u32 bytes_ = 0, line_ = 0;
  VirtioDevice device_ = VirtioDevice::none;
};

}  // namespace pipit::mewz
