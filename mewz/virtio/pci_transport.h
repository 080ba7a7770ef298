#pragma once
#include "mewz/virtio/pci_config.h"
#include "mewz/virtio/transport.h"

namespace pipit::mewz {

/// virtio by PCI, the modern kind (virtio 1.1 §4.1), with one MSI-X vector for all of a device's queues.
class PciTransport final : public Transport {
 public:
  /// Whether `function` is a virtio device that open() can take.
  static bool recognises(pci::Function function);
  /// Finds its structures and maps them. unsupported for a device of the legacy kind or without MSI-X;
  /// malformed when a structure lies outside of its memory.
  Status open(pci::Function function);

  VirtioDevice device() const override { return device_; }
  Result<u64> negotiate(u64 required, u64 optional) override;
  u16 queue_size(u32 index) override;
  Status set_queue(u32 index, u16 size, const QueueAddresses& addresses) override;
  void start() override;
  void notify(u32 queue) override;
  void acknowledge() override {}
  u8 config(u32 offset) override;
  Status enable_interrupt() override;

 private:
  struct Region {
    usize address = 0;
    u32 bytes = 0;
  };
  Status find_regions();
  Result<Region> region(u32 bar, u32 offset, u32 bytes);
  Status find_vector_table();

  template <class T>
  volatile T& common(u32 offset) const {
    return *reinterpret_cast<volatile T*>(common_.address + offset);
  }

  pci::Function function_{};
  VirtioDevice device_ = VirtioDevice::none;
  Region common_, notify_, config_, vectors_;
  u32 notify_step_ = 0;
};

}  // namespace pipit::mewz
