#include "mewz/virtio/network_card.h"

#include "mewz/devices/power.h"
#include "mewz/log.h"

namespace pipit::mewz {
namespace {

constexpr u64 kChecksum = 1u << 0, kGuestChecksum = 1u << 1, kMac = 1u << 5;  // §5.1.3
constexpr u32 kReceiveQueue = 0, kSendQueue = 1;

/// virtio_net_hdr, §5.1.6.
struct Header {
  u8 flags, gso_type;
  u16 header_bytes, gso_bytes, checksum_start, checksum_offset, buffer_count;
};
static_assert(sizeof(Header) == 12);
constexpr u8 kNeedsChecksum = 1, kDataValid = 2;

struct alignas(64) Buffer {
  u8 bytes[2048];
};

// What the device reads and writes; a machine has one card.
alignas(SplitQueue::kMemoryAlign) u8 g_receive_memory[SplitQueue::kMemoryBytes];
alignas(SplitQueue::kMemoryAlign) u8 g_send_memory[SplitQueue::kMemoryBytes];
[[gnu::section(".bss.LARGE")]] Buffer g_buffers[NetworkCard::kReceiveBuffers];
Header g_headers[NetworkCard::kSendChains];  // by the first descriptor of a chain
void* g_tokens[NetworkCard::kSendChains];
u16 g_buffer_of[SplitQueue::kMaxSize];  // by descriptor: which buffer was handed over

u64 address_of(const void* at) { return reinterpret_cast<usize>(at); }

[[noreturn]] void broken(const Error& error) {
  Line() << "network card: " << error;
  stop(StopCode::kernel_fault);
}

}  // namespace

Status NetworkCard::init(SentHandler sent) {
  transport_ = find_device(VirtioDevice::network);
  if (transport_ == nullptr) return Error{Code::unavailable, "the machine has no network card"};
  sent_ = sent;
  const u64 agreed = TRY(transport_->negotiate(kMac, kChecksum | kGuestChecksum));
  checksums_ = (agreed & kChecksum) != 0;
  for (u32 i = 0; i < mac_.size(); ++i) mac_[i] = transport_->config(i);
  const struct {
    u32 index;
    SplitQueue& queue;
    u8* memory;
    u16 size;
  } queues[] = {{kReceiveQueue, receive_, g_receive_memory, kReceiveBuffers},
                {kSendQueue, send_, g_send_memory, kSendChains}};
  for (const auto& each : queues) {
    if (transport_->queue_size(each.index) < each.size)
      return Error{Code::unsupported, "the card's queues are too short", each.index};
    each.queue.init(each.memory, each.size);
    TRY(transport_->set_queue(each.index, each.size,
                              {each.queue.descriptors(), each.queue.available(), each.queue.used()}));
  }
  send_.want_interrupts(false);
  TRY(transport_->enable_interrupt());
  transport_->start();
  for (u16 i = 0; i < kReceiveBuffers; ++i) release(i);
  flush();
  return {};
}

void NetworkCard::release(u16 buffer) {
  const QueueBuffer piece{address_of(&g_buffers[buffer]), sizeof(Header) + kFrameBytes, true};
  u16 id;
  if (!receive_.add({&piece, 1}, id)) return;  // as many descriptors as buffers: cannot be
  g_buffer_of[id] = buffer;
  ++at_device_;
  ++returned_;
}

void NetworkCard::flush() {
  if (send_.publish()) transport_->notify(kSendQueue);
  if (returned_ != 0 && receive_.publish()) transport_->notify(kReceiveQueue);
  returned_ = 0;
}

bool NetworkCard::waiting() {
  if (!receive_.waiting()) receive_.want_interrupts(true);
  return receive_.waiting();  // it may have come before the wish was seen
}

bool NetworkCard::receive(ReceivedFrame& out) {
  receive_.want_interrupts(false);
  SplitQueue::Used used;
  for (;;) {
    const auto got = receive_.take(used);
    if (!got.ok()) broken(got.error());
    if (!*got) return false;
    --at_device_;
    const u16 buffer = g_buffer_of[used.id];
    if (used.bytes <= sizeof(Header)) {  // nothing in it
      release(buffer);
      continue;
    }
    const u8* const bytes = g_buffers[buffer].bytes;
    const u8 flags = bytes[0];
    out = {buffer,
           {bytes + sizeof(Header), used.bytes - sizeof(Header)},
           (flags & (kNeedsChecksum | kDataValid)) != 0};
    return true;
  }
}

bool NetworkCard::send(std::span<const Bytes> pieces, u16 checksum_start, u16 checksum_offset, void* token) {
  QueueBuffer chain[kMaxPieces + 1];
  if (pieces.size() > kMaxPieces || pieces.size() + 1 > send_.free_descriptors()) return false;
  for (usize i = 0; i < pieces.size(); ++i)
    chain[i + 1] = {address_of(pieces[i].data()), static_cast<u32>(pieces[i].size()), false};
  const u16 id = send_.next_id();
  g_headers[id] = {
      static_cast<u8>(checksum_start != 0 ? kNeedsChecksum : 0), 0, 0, 0, checksum_start, checksum_offset, 0};
  g_tokens[id] = token;
  chain[0] = {address_of(&g_headers[id]), sizeof(Header), false};
  u16 named;
  return send_.add({chain, pieces.size() + 1}, named);
}

void NetworkCard::reap() {
  SplitQueue::Used used;
  for (;;) {
    const auto got = send_.take(used);
    if (!got.ok()) broken(got.error());
    if (!*got) return;
    sent_(g_tokens[used.id]);
  }
}

}  // namespace pipit::mewz
