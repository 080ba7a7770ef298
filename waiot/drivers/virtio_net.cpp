#include "waiot/drivers/virtio_net.h"

#include <cstring>

namespace pipit::waiot {
namespace {

// Transport registers, virtio 1.1 §4.2.2.
constexpr u32 kMagic = 0x000;
constexpr u32 kVersion = 0x004;
constexpr u32 kDeviceId = 0x008;
constexpr u32 kDeviceFeaturesSelect = 0x014;
constexpr u32 kDeviceFeatures = 0x010;
constexpr u32 kDriverFeatures = 0x020;
constexpr u32 kDriverFeaturesSelect = 0x024;
constexpr u32 kQueueSelect = 0x030;
constexpr u32 kQueueMax = 0x034;
constexpr u32 kQueueSize = 0x038;
constexpr u32 kQueueReady = 0x044;
constexpr u32 kQueueNotify = 0x050;
constexpr u32 kInterruptStatus = 0x060;
constexpr u32 kInterruptAcknowledge = 0x064;
constexpr u32 kDeviceStatus = 0x070;
constexpr u32 kQueueDescriptors = 0x080;
constexpr u32 kQueueAvailable = 0x090;
constexpr u32 kQueueUsed = 0x0A0;
constexpr u32 kConfig = 0x100;

constexpr u32 kMagicValue = 0x7472'6976;  // "virt"
constexpr u32 kModernVersion = 2;
constexpr u32 kNetworkDevice = 1;
constexpr u32 kStatusAcknowledge = 1, kStatusDriver = 2, kStatusDriverOk = 4, kStatusFeaturesOk = 8;
constexpr u32 kFeatureMac = 1u << 5;              // §5.1.3, low word
constexpr u32 kFeatureVersion1 = 1u << 0;         // §6, high word
constexpr u32 kReceiveQueue = 0, kSendQueue = 1;  // §5.1.2
constexpr u16 kDescriptorWrite = 2;               // §2.6.5
constexpr u16 kAvailableNoInterrupt = 1;          // §2.6.6

/// One split virtqueue (virtio 1.1, §2.6) of `N` descriptors, in memory the device reads and writes.
template <u16 N>
struct SplitQueue {
  struct Descriptor {
    u64 address;
    u32 length;
    u16 flags;
    u16 next;
  };
  struct Used {
    u32 id;
    u32 length;
  };
  alignas(16) Descriptor descriptors[N];
  struct {
    u16 flags;
    volatile u16 index;
    u16 ring[N];
  } available;
  alignas(4) struct {
    u16 flags;
    volatile u16 index;
    Used ring[N];
  } used;
  static_assert(sizeof(Descriptor) == 16 && sizeof(Used) == 8);
};

constexpr u16 kReceiveBuffers = 4, kSendBuffers = 2;
constexpr usize kHeaderBytes = 12;  // virtio_net_hdr of version 1

struct alignas(4) Buffer {
  u8 bytes[kHeaderBytes + Nic::kMaxFrameBytes];
};

// What the device reads and writes. A board has one; here, and not in the object, which has an initial value
// that flash would have to hold.
SplitQueue<kReceiveBuffers> g_receive_queue;
SplitQueue<kSendBuffers> g_send_queue;
Buffer g_receive_buffers[kReceiveBuffers];
Buffer g_send_buffers[kSendBuffers];

void memory_barrier() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }

u32 address_of(const volatile void* at) { return reinterpret_cast<usize>(at); }

template <u16 N>
Status start_queue(const Registers& registers, u32 index, SplitQueue<N>& queue) {
  registers.write(kQueueSelect, index);
  if (registers.read(kQueueMax) < N) return Error{Code::unsupported, "virtio queue is too short", index};
  registers.write(kQueueSize, N);
  const struct {
    u32 offset;
    u32 address;
  } areas[] = {{kQueueDescriptors, address_of(queue.descriptors)},
               {kQueueAvailable, address_of(&queue.available)},
               {kQueueUsed, address_of(&queue.used)}};
  for (const auto& area : areas) {
    registers.write(area.offset, area.address);
    registers.write(area.offset + 4, 0);  // high half
  }
  registers.write(kQueueReady, 1);
  return {};
}

void offer_receive_buffer(u16 id) {
  auto& available = g_receive_queue.available;
  available.ring[available.index % kReceiveBuffers] = id;
  memory_barrier();
  available.index = available.index + 1;
}

}  // namespace

Status VirtioNet::init(usize base, u32 slots) {
  for (slot_ = 0; slot_ < slots; ++slot_) {
    registers_ = Registers(base + slot_ * kSlotBytes);
    if (registers_.read(kMagic) == kMagicValue && registers_.read(kDeviceId) == kNetworkDevice) break;
  }
  if (slot_ == slots) return Error{Code::unavailable, "no virtio network device in any slot"};
  if (registers_.read(kVersion) != kModernVersion)
    return Error{Code::unsupported, "virtio network device is of the legacy kind", slot_};
  TRY(negotiate());
  for (u32 i = 0; i < mac_.size(); ++i) mac_[i] = registers_.read_byte(kConfig + i);

  TRY(start_queue(registers_, kReceiveQueue, g_receive_queue));
  TRY(start_queue(registers_, kSendQueue, g_send_queue));
  g_send_queue.available.flags = kAvailableNoInterrupt;
  for (u16 i = 0; i < kReceiveBuffers; ++i) {
    g_receive_queue.descriptors[i] = {address_of(&g_receive_buffers[i]), sizeof(Buffer), kDescriptorWrite, 0};
    offer_receive_buffer(i);
  }
  registers_.write(kDeviceStatus, registers_.read(kDeviceStatus) | kStatusDriverOk);
  registers_.write(kQueueNotify, kReceiveQueue);
  return {};
}

/// §3.1.1: reset, acknowledge, agree on the two features we use.
Status VirtioNet::negotiate() {
  registers_.write(kDeviceStatus, 0);
  registers_.write(kDeviceStatus, kStatusAcknowledge);
  registers_.write(kDeviceStatus, kStatusAcknowledge | kStatusDriver);
  registers_.write(kDeviceFeaturesSelect, 0);
  if ((registers_.read(kDeviceFeatures) & kFeatureMac) == 0)
    return Error{Code::unsupported, "virtio network device has no address", slot_};
  registers_.write(kDriverFeaturesSelect, 0);
  registers_.write(kDriverFeatures, kFeatureMac);
  registers_.write(kDriverFeaturesSelect, 1);
  registers_.write(kDriverFeatures, kFeatureVersion1);
  const u32 agreed = kStatusAcknowledge | kStatusDriver | kStatusFeaturesOk;
  registers_.write(kDeviceStatus, agreed);
  if ((registers_.read(kDeviceStatus) & kStatusFeaturesOk) == 0)
    return Error{Code::unsupported, "virtio network device refuses our features", slot_};
  return {};
}

void VirtioNet::on_interrupt() { registers_.write(kInterruptAcknowledge, registers_.read(kInterruptStatus)); }

bool VirtioNet::waiting() { return received_ != g_receive_queue.used.index; }

bool VirtioNet::send(std::span<const Bytes> pieces) {
  auto& queue = g_send_queue;
  // Buffers come back in the order they went: the next one is free once fewer than all are under way.
  if (static_cast<u16>(queue.available.index - queue.used.index) == kSendBuffers) return false;
  const u16 id = queue.available.index % kSendBuffers;
  Buffer& buffer = g_send_buffers[id];
  usize at = kHeaderBytes;  // the header stays zero: no offloads
  for (const Bytes piece : pieces) {
    if (piece.size() > sizeof buffer.bytes - at) return false;
    std::memcpy(buffer.bytes + at, piece.data(), piece.size());
    at += piece.size();
  }
  queue.descriptors[id] = {address_of(&buffer), static_cast<u32>(at), 0, 0};
  queue.available.ring[queue.available.index % kSendBuffers] = id;
  memory_barrier();
  queue.available.index = queue.available.index + 1;
  memory_barrier();
  registers_.write(kQueueNotify, kSendQueue);
  return true;
}

Bytes VirtioNet::receive() {
  if (holding_) {
    holding_ = false;
    offer_receive_buffer(held_);
    memory_barrier();
    registers_.write(kQueueNotify, kReceiveQueue);
  }
  if (!waiting()) return {};
  memory_barrier();
  const auto entry = g_receive_queue.used.ring[received_ % kReceiveBuffers];
  ++received_;
  held_ = static_cast<u16>(entry.id % kReceiveBuffers);
  holding_ = true;
  if (entry.length < kHeaderBytes || entry.length > sizeof(Buffer)) return {};
  return {g_receive_buffers[held_].bytes + kHeaderBytes, entry.length - kHeaderBytes};
}

}  // namespace pipit::waiot
