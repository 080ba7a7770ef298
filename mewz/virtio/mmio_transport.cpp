#include "mewz/virtio/mmio_transport.h"

#include "mewz/interrupts/apic.h"
#include "mewz/memory/kernel_map.h"

namespace pipit::mewz {
namespace {

// Registers, virtio 1.1 §4.2.2.
constexpr u32 kMagic = 0x000, kVersion = 0x004, kDeviceId = 0x008, kDeviceFeatures = 0x010,
              kDeviceFeaturesSelect = 0x014, kDriverFeatures = 0x020, kDriverFeaturesSelect = 0x024,
              kQueueSelect = 0x030, kQueueMax = 0x034, kQueueSize = 0x038, kQueueReady = 0x044,
              kQueueNotify = 0x050, kInterruptStatus = 0x060, kInterruptAcknowledge = 0x064, kStatus = 0x070,
              kQueueDescriptors = 0x080, kQueueAvailable = 0x090, kQueueUsed = 0x0A0, kConfig = 0x100;
constexpr u32 kMagicValue = 0x7472'6976, kModern = 2;
constexpr u32 kAcknowledge = 1, kDriver = 2, kDriverOk = 4, kFeaturesOk = 8;

}  // namespace

Status MmioTransport::open(const TransportAddress& place) {
  TRY(map_device(place.address, place.bytes));
  base_ = place.address;
  bytes_ = place.bytes;
  line_ = place.line;
  if (read(kMagic) != kMagicValue)
    return Error{Code::malformed, "no virtio device where the command line says"};
  if (read(kVersion) != kModern) return Error{Code::unsupported, "virtio device of the legacy kind"};
  device_ = static_cast<VirtioDevice>(read(kDeviceId));
  return {};
}

Result<u64> MmioTransport::negotiate(u64 required, u64 optional) {
  write(kStatus, 0);
  write(kStatus, kAcknowledge);
  write(kStatus, kAcknowledge | kDriver);
  write(kDeviceFeaturesSelect, 1);
  u64 offered = u64{read(kDeviceFeatures)} << 32;
  write(kDeviceFeaturesSelect, 0);
  offered |= read(kDeviceFeatures);
  const u64 agreed = TRY(agree_on(offered, required, optional));
  write(kDriverFeaturesSelect, 0);
  write(kDriverFeatures, static_cast<u32>(agreed));
  write(kDriverFeaturesSelect, 1);
  write(kDriverFeatures, static_cast<u32>(agreed >> 32));
  write(kStatus, kAcknowledge | kDriver | kFeaturesOk);
  if ((read(kStatus) & kFeaturesOk) == 0)
    return Error{Code::unsupported, "virtio device refuses our features"};
  return agreed;
}

u16 MmioTransport::queue_size(u32 index) {
  write(kQueueSelect, index);
  const u32 most = read(kQueueMax);
  return most > 0x8000 ? 0x8000 : static_cast<u16>(most);
}

Status MmioTransport::set_queue(u32 index, u16 size, const QueueAddresses& addresses) {
  write(kQueueSelect, index);
  if (read(kQueueReady) != 0) return Error{Code::internal, "virtio queue is in use already", index};
  write(kQueueSize, size);
  const struct {
    u32 offset;
    u64 address;
  } parts[] = {{kQueueDescriptors, addresses.descriptors},
               {kQueueAvailable, addresses.available},
               {kQueueUsed, addresses.used}};
  for (const auto& part : parts) {
    write(part.offset, static_cast<u32>(part.address));
    write(part.offset + 4, static_cast<u32>(part.address >> 32));
  }
  write(kQueueReady, 1);
  return {};
}

void MmioTransport::start() { write(kStatus, read(kStatus) | kDriverOk); }
void MmioTransport::notify(u32 queue) { write(kQueueNotify, queue); }
void MmioTransport::acknowledge() { write(kInterruptAcknowledge, read(kInterruptStatus)); }

u8 MmioTransport::config(u32 offset) {
  if (offset >= bytes_ - kConfig) return 0;
  return *reinterpret_cast<volatile u8*>(base_ + kConfig + offset);
}

Status MmioTransport::enable_interrupt() {
  return route_interrupt(line_, [](void* self) { static_cast<MmioTransport*>(self)->acknowledge(); }, this);
}

}  // namespace pipit::mewz
