#pragma once
#include <cstring>

#include "base/types.h"

/// MQTT 3.1.1 packets as bytes.
namespace pipit::agent {

enum class PacketType : u8 {
  connect = 1,
  connect_ack = 2,
  publish = 3,
  publish_ack = 4,
  subscribe = 8,
  subscribe_ack = 9,
  ping_request = 12,
  ping_response = 13,
  disconnect = 14,
};

// §3.1.2.3 connect flags, §3.3.1.1 DUP.
constexpr u8 kCleanSession = 0x02, kWill = 0x04, kWillQos1 = 0x08, kWillRetain = 0x20;
constexpr u8 kDuplicate = 0x08;
constexpr usize kMaxLengthBytes = 4;

/// Writes one packet into the caller's bytes; ok() turns false when they are too few.
class PacketWriter {
 public:
  explicit PacketWriter(MutBytes out) : out_(out) {}
  void byte(u8 value) {
    if (size_ < out_.size()) out_[size_] = value;
    ++size_;
  }
  void word(u16 value) {
    byte(static_cast<u8>(value >> 8));
    byte(static_cast<u8>(value));
  }
  /// §2.2.3: seven bits a byte, the lowest first.
  void length(u32 value) {
    do {
      const u8 low = value & 0x7F;
      value >>= 7;
      byte(static_cast<u8>(low | (value != 0 ? 0x80 : 0)));
    } while (value != 0);
  }
  /// Two bytes of length and the text.
  void text(std::string_view text) {
    word(static_cast<u16>(text.size()));
    for (const char c : text) byte(static_cast<u8>(c));
  }
  bool ok() const { return size_ <= out_.size(); }
  usize size() const { return size_; }

 private:
  MutBytes out_;
  usize size_ = 0;
};

enum class Parse : u8 { incomplete, malformed, complete };

/// The fixed header of the packet that `bytes` begin with: bytes of the header and of what follows it.
inline Parse parse_head(Bytes bytes, usize& head, u32& body) {
  body = 0;
  for (usize i = 0; i < kMaxLengthBytes; ++i) {
    if (1 + i >= bytes.size()) return Parse::incomplete;
    body |= u32{bytes[1 + i] & 0x7Fu} << (7 * i);
    head = 2 + i;
    if ((bytes[1 + i] & 0x80) == 0) return Parse::complete;
  }
  return Parse::malformed;
}

/// What precedes the payload of a PUBLISH.
struct PublishHead {
  std::string_view topic;
  u16 id = 0;  ///< 0 with QoS 0
  usize bytes = 0;
};

/// False when `body` is too short for what it claims, or asks for QoS 2, which was never subscribed to.
inline bool parse_publish(u8 flags, Bytes body, PublishHead& out) {
  const u8 qos = flags >> 1 & 3;
  if (qos > 1 || body.size() < 2) return false;
  const usize length = static_cast<usize>(body[0] << 8 | body[1]);
  out.bytes = 2 + length + (qos != 0 ? 2 : 0);
  if (body.size() < out.bytes) return false;
  out.topic = as_text(body.subspan(2, length));
  out.id = qos != 0 ? static_cast<u16>(body[2 + length] << 8 | body[3 + length]) : u16{0};
  return qos == 0 || out.id != 0;
}

}  // namespace pipit::agent
