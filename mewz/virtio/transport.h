#pragma once
#include "base/result.h"
#include "base/types.h"
#include "mewz/boot/command_line.h"

namespace pipit::mewz {

/// Which device a transport leads to (virtio 1.1 §5).
enum class VirtioDevice : u32 { none = 0, network = 1, block = 2, console = 3, entropy = 4, plan9 = 9 };

/// Features every device of ours needs or may have (§6); bits of the 64-bit feature word.
constexpr u64 kFeatureVersion1 = u64{1} << 32;

/// What driver and device agree on: of what is `offered`, everything in `required` (unsupported without), and
/// what there is of `optional`.
Result<u64> agree_on(u64 offered, u64 required, u64 optional);

/// Where a queue's three parts lie, physically.
struct QueueAddresses {
  u64 descriptors, available, used;
};

/// How a driver reaches its device: registers that mean the same by memory (virtio-mmio) and by PCI.
class Transport {
 public:
  virtual VirtioDevice device() const = 0;
  /// Resets the device and agrees on `required` and what of `optional` it has (§3.1.1); unsupported without
  /// one of the required.
  virtual Result<u64> negotiate(u64 required, u64 optional) = 0;
  /// Descriptors that queue `index` can have; 0 when there is no such queue.
  virtual u16 queue_size(u32 index) = 0;
  virtual Status set_queue(u32 index, u16 size, const QueueAddresses& addresses) = 0;
  /// The driver is ready: the device may use its queues.
  virtual void start() = 0;
  virtual void notify(u32 queue) = 0;
  /// From its interrupt: lets go of the line.
  virtual void acknowledge() = 0;
  /// One byte of the device's own configuration.
  virtual u8 config(u32 offset) = 0;
  /// Lets the device's interrupt wake the processor.
  virtual Status enable_interrupt() = 0;

 protected:
  ~Transport() = default;
};

/// The next transport that leads to a device of `kind`; nullptr when there is none left.
Transport* find_device(VirtioDevice kind);
/// Looks at everything the command line announces or, when that is nothing, at PCI's bus 0; one that cannot
/// be used is logged and left out.
void discover_devices(const CommandLine& command);

}  // namespace pipit::mewz
