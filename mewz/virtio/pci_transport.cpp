#include "mewz/virtio/pci_transport.h"

#include "mewz/interrupts/apic.h"
#include "mewz/memory/kernel_map.h"

namespace pipit::mewz {
namespace {

constexpr u16 kVendor = 0x1AF4, kFirstModern = 0x1040, kLastModern = 0x107F;
constexpr u8 kVendorCapability = 0x09, kMsiX = 0x11;
constexpr u32 kCommand = 0x04;
constexpr u16 kMemorySpace = 1u << 1, kBusMaster = 1u << 2, kNoLegacyInterrupt = 1u << 10;
// virtio_pci_cap, §4.1.4.
constexpr u32 kKind = 3, kBar = 4, kOffset = 8, kLength = 12, kNotifyStep = 16;
constexpr u8 kCommonKind = 1, kNotifyKind = 2, kConfigKind = 4;
// virtio_pci_common_cfg, §4.1.4.3.
constexpr u32 kDeviceFeaturesSelect = 0x00, kDeviceFeatures = 0x04, kDriverFeaturesSelect = 0x08,
              kDriverFeatures = 0x0C, kConfigVector = 0x10, kStatus = 0x14, kQueueSelect = 0x16,
              kQueueSize = 0x18, kQueueVector = 0x1A, kQueueEnable = 0x1C, kQueueNotifyOffset = 0x1E,
              kQueueDescriptors = 0x20, kCommonBytes = 0x38;
constexpr u8 kAcknowledge = 1, kDriver = 2, kDriverOk = 4, kFeaturesOk = 8;
constexpr u16 kNoVector = 0xFFFF;
// MSI-X capability and table, PCI Local Bus 3.0 §6.8.2.
constexpr u32 kMessageControl = 2, kTable = 4, kEntryBytes = 16;
constexpr u16 kMsiXEnable = 1u << 15, kMsiXMaskAll = 1u << 14;
constexpr u32 kResetPatience = 1'000'000;

}  // namespace

bool PciTransport::recognises(pci::Function function) {
  const u32 id = pci::read32(function, 0);
  return (id & 0xFFFF) == kVendor && id >> 16 >= 0x1000 && id >> 16 <= kLastModern;
}

Result<PciTransport::Region> PciTransport::region(u32 bar, u32 offset, u32 bytes) {
  const pci::Bar place = pci::memory_bar(function_, bar);
  if (place.address == 0 || bytes == 0 || offset > place.bytes || bytes > place.bytes - offset)
    return Error{Code::malformed, "virtio device: a structure lies outside of its memory", bar};
  const usize address = place.address + offset;
  TRY(map_device(address, bytes));
  return Region{address, bytes};
}

Status PciTransport::find_regions() {
  const struct {
    u8 kind;
    u32 least_bytes;
    Region& out;
  } wanted[] = {{kCommonKind, kCommonBytes, common_}, {kNotifyKind, 2, notify_}, {kConfigKind, 1, config_}};
  for (u32 at = pci::find_capability(function_, kVendorCapability, 0); at != 0;
       at = pci::find_capability(function_, kVendorCapability, at)) {
    const u8 kind = pci::read8(function_, at + kKind);
    for (const auto& each : wanted) {
      if (each.kind != kind || each.out.bytes != 0) continue;  // the first of a kind is the preferred one
      each.out = TRY(region(pci::read8(function_, at + kBar), pci::read32(function_, at + kOffset),
                            pci::read32(function_, at + kLength)));
      if (each.out.bytes < each.least_bytes)
        return Error{Code::malformed, "virtio device: a structure is too short", kind};
      if (kind == kNotifyKind) notify_step_ = pci::read32(function_, at + kNotifyStep);
    }
  }
  if (common_.bytes == 0 || notify_.bytes == 0)
    return Error{Code::unsupported, "virtio device of the legacy kind (QEMU: disable-legacy=on)"};
  return {};
}

Status PciTransport::find_vector_table() {
  const u32 at = pci::find_capability(function_, kMsiX, 0);
  if (at == 0) return Error{Code::unsupported, "virtio device without MSI-X"};
  const u32 place = pci::read32(function_, at + kTable);
  vectors_ = TRY(region(place & 7, place & ~u32{7}, kEntryBytes));
  const u16 control = pci::read16(function_, at + kMessageControl);
  pci::write16(function_, at + kMessageControl, static_cast<u16>((control | kMsiXEnable) & ~kMsiXMaskAll));
  return {};
}

Status PciTransport::open(pci::Function function) {
  function_ = function;
  TRY(find_regions());
  const u16 command = pci::read16(function, kCommand);
  pci::write16(function, kCommand, command | kMemorySpace | kBusMaster | kNoLegacyInterrupt);
  TRY(find_vector_table());
  const u16 id = pci::read16(function, 2);
  // Transitional devices are numbered by what they were; what they are is in the subsystem's number.
  device_ = static_cast<VirtioDevice>(id >= kFirstModern ? id - kFirstModern : pci::read16(function, 0x2E));
  return {};
}

Result<u64> PciTransport::negotiate(u64 required, u64 optional) {
  common<u8>(kStatus) = 0;
  for (u32 i = 0; common<u8>(kStatus) != 0; ++i)
    if (i == kResetPatience) return Error{Code::timeout, "virtio device does not reset"};
  common<u8>(kStatus) = kAcknowledge;
  common<u8>(kStatus) = kAcknowledge | kDriver;
  common<u32>(kDeviceFeaturesSelect) = 1;
  u64 offered = u64{common<u32>(kDeviceFeatures)} << 32;
  common<u32>(kDeviceFeaturesSelect) = 0;
  offered |= common<u32>(kDeviceFeatures);
  const u64 agreed = TRY(agree_on(offered, required, optional));
  for (u32 half = 0; half < 2; ++half) {
    common<u32>(kDriverFeaturesSelect) = half;
    common<u32>(kDriverFeatures) = static_cast<u32>(agreed >> 32 * half);
  }
  common<u8>(kStatus) = kAcknowledge | kDriver | kFeaturesOk;
  if ((common<u8>(kStatus) & kFeaturesOk) == 0)
    return Error{Code::unsupported, "virtio device refuses our features"};
  common<u16>(kConfigVector) = kNoVector;
  return agreed;
}

u16 PciTransport::queue_size(u32 index) {
  common<u16>(kQueueSelect) = static_cast<u16>(index);
  const u16 most = common<u16>(kQueueSize);
  return most > 0x8000 ? 0x8000 : most;
}

Status PciTransport::set_queue(u32 index, u16 size, const QueueAddresses& addresses) {
  common<u16>(kQueueSelect) = static_cast<u16>(index);
  if (common<u16>(kQueueEnable) != 0) return Error{Code::internal, "virtio queue is in use already", index};
  common<u16>(kQueueSize) = size;
  const u64 parts[] = {addresses.descriptors, addresses.available, addresses.used};
  for (u32 i = 0; i < 3; ++i) {
    common<u32>(kQueueDescriptors + 8 * i) = static_cast<u32>(parts[i]);
    common<u32>(kQueueDescriptors + 8 * i + 4) = static_cast<u32>(parts[i] >> 32);
  }
  common<u16>(kQueueVector) = 0;
  if (common<u16>(kQueueVector) != 0)
    return Error{Code::unsupported, "virtio device has no interrupt for a queue", index};
  const u64 bell = u64{common<u16>(kQueueNotifyOffset)} * notify_step_;
  if (bell + 2 > notify_.bytes)
    return Error{Code::malformed, "virtio device: a queue's bell lies outside of its memory", index};
  common<u16>(kQueueEnable) = 1;
  return {};
}

void PciTransport::start() { common<u8>(kStatus) = common<u8>(kStatus) | kDriverOk; }

void PciTransport::notify(u32 queue) {
  common<u16>(kQueueSelect) = static_cast<u16>(queue);
  const u64 bell = u64{common<u16>(kQueueNotifyOffset)} * notify_step_;
  if (bell + 2 <= notify_.bytes)  // as it was in set_queue()
    *reinterpret_cast<volatile u16*>(notify_.address + bell) = static_cast<u16>(queue);
}

u8 PciTransport::config(u32 offset) {
  return offset < config_.bytes ? *reinterpret_cast<volatile u8*>(config_.address + offset) : u8{0};
}

Status PciTransport::enable_interrupt() {
  const Message message = TRY(route_message([](void*) {}, nullptr));  // to wake the processor is all
  auto* const entry = reinterpret_cast<volatile u32*>(vectors_.address);
  entry[0] = static_cast<u32>(message.address);
  entry[1] = 0;
  entry[2] = message.data;
  entry[3] = 0;  // not masked
  return {};
}

}  // namespace pipit::mewz
