#pragma once
#include "mewz/virtio/queue.h"
#include "mewz/virtio/transport.h"
#include "ports/network.h"

namespace pipit::mewz {

/// A received frame in a buffer of the card's, lent until release().
struct ReceivedFrame {
  u16 buffer;
  Bytes data;
  bool checksum_good;  ///< the device vouches for TCP and UDP checksums
};

/// One piece of a frame to send, and who wants to know when it has gone.
using SentHandler = void (*)(void* token);

/// virtio network device (virtio 1.1 §5.1), polled; its interrupt only wakes the processor. Buffers are lent
/// in both directions, nothing is copied here.
class NetworkCard {
 public:
  static constexpr u32 kFrameBytes = 1514;  ///< without its check sequence
  static constexpr u16 kReceiveBuffers = 128, kSendChains = 256;
  static constexpr u32 kMaxPieces = 16;

  /// Finds and starts the machine's card; unavailable when there is none. `sent` is called with the token of
  /// each frame that has left.
  Status init(SentHandler sent);
  ports::MacAddress mac() const { return mac_; }
  /// The device computes TCP and UDP checksums of what is sent from the pseudo header's.
  bool computes_checksums() const { return checksums_; }

  /// Hands a frame over, its memory lent until `sent`; false when the queue is full. `checksum_start` and
  /// `checksum_offset`: where the device is to compute a checksum; 0: nowhere.
  bool send(std::span<const Bytes> pieces, u16 checksum_start, u16 checksum_offset, void* token);
  /// Tells the device of what send() handed over.
  void flush();
  /// The oldest waiting frame; false when there is none. Stops the machine when the device lies.
  bool receive(ReceivedFrame& out);
  /// Gives a buffer back to the device.
  void release(u16 buffer);
  /// Learns what has been sent.
  void reap();
  /// Whether receive() has something; when not, the device interrupts as soon as it has. Until this is asked
  /// again nothing does: who is busy looks by himself.
  bool waiting();
  /// Buffers that the device has; few left means that others should copy and give back.
  u16 buffers_at_device() const { return at_device_; }

 private:
  Transport* transport_ = nullptr;
  SplitQueue receive_, send_;
  SentHandler sent_ = nullptr;
  ports::MacAddress mac_{};
  bool checksums_ = false;
  u16 at_device_ = 0, returned_ = 0;
};

}  // namespace pipit::mewz
