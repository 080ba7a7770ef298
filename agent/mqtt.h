#pragma once
#include "agent/backoff.h"
#include "base/result.h"
#include "base/types.h"
#include "ports/network.h"

namespace pipit::agent {

/// Who and where an MQTT client is. Texts and bytes outlive the client.
struct MqttIdentity {
  ports::Ipv4 host{};
  u16 port = 0;
  std::string_view client_id;
  std::string_view will_topic;  ///< the last will, retained, QoS 1
  Bytes will;
  u16 keep_alive_s = 15;
};

/// What a client tells whoever uses it. Views last until the call returns.
class MqttEvents {
 public:
  /// The broker took the connection: subscriptions are to be made (again).
  virtual void on_connected() = 0;
  virtual void on_disconnected() = 0;
  virtual void on_message(std::string_view topic, Bytes payload) = 0;
  /// A message that does not fit the receive buffer was passed over.
  virtual void on_oversized(std::string_view topic, u32 bytes) = 0;

 protected:
  ~MqttEvents() = default;
};

/// An MQTT 3.1.1 client (OASIS, 2014) over one polled TCP stream, with clean sessions. What was published
/// with QoS 1 stays in the send buffer until it is acknowledged, and is sent again after a broken connection;
/// so it may arrive twice, but is not lost while this device lives. A broker that breaks the protocol is
/// disconnected.
class Mqtt {
 public:
  struct Buffers {
    MutBytes receive;  ///< the largest packet that can be read
    MutBytes send;     ///< packets that wait to be sent or acknowledged
  };
  Mqtt(ports::Clock& clock, ports::Entropy& entropy, ports::TcpStream& stream, Buffers buffers,
       MqttEvents& events);

  void set_identity(const MqttIdentity& identity) { identity_ = identity; }
  /// Moves bytes; connects when there is no connection and it is time to. True when something happened.
  bool step();
  bool connected() const { return phase_ == Phase::connected; }

  /// False when the send buffer has no room; ask again.
  bool subscribe(std::string_view filter, u8 qos);

  struct Message {
    std::string_view topic;
    u8 qos = 0;
    bool retain = false;
    usize reserve = 0;  ///< bytes of the send buffer this message must leave free for others
  };
  /// Room for the payload of one message, to be filled and committed before anything else is called. Empty
  /// when there is none: then nothing may be committed.
  MutBytes begin(const Message& message);
  void commit(const Message& message, usize payload_bytes);

  /// Why the last connection ended or did not come about; nullptr when none ended yet.
  const char* problem() const { return problem_; }
  u64 bytes_received() const { return bytes_received_; }
  u64 bytes_sent() const { return bytes_sent_; }
  /// Packets that were never acknowledged or sent.
  bool idle() const { return send_used_ == 0; }

 private:
  enum class Phase : u8 { waiting, connecting, greeting, connected };
  /// Precedes each packet in the send buffer.
  struct Record {
    u32 bytes;  ///< of the packet
    u16 id;     ///< packet identifier; 0 = none
    u8 keep;    ///< QoS 1: stays until acknowledged
    u8 done;    ///< acknowledged, or sent and not to be kept
  };
  static_assert(sizeof(Record) == 8);

  void enter(Phase phase);
  void drop(const char* why);
  bool connect_step();
  usize write_connect();
  bool send_step();
  bool receive_step();
  void keep_alive_step();

  bool append(Bytes packet, u16 id);
  void trim();
  void rewind_unacknowledged();
  Record record(usize at) const;
  void store(usize at, const Record& record);

  bool take_packet(bool& malformed);
  bool take_publish(u8 flags, Bytes body);
  bool take_control(u8 type, u8 flags, Bytes body);
  bool begin_skip(usize head, u32 body_bytes);
  bool acknowledge(u16 id);
  u16 next_id();

  ports::Clock* clock_;
  ports::TcpStream* stream_;
  Buffers buffers_;
  MqttEvents* events_;
  MqttIdentity identity_;
  Backoff backoff_;

  Phase phase_ = Phase::waiting;
  u64 phase_ms_ = 0;  ///< when the phase was entered
  u64 last_sent_ms_ = 0, last_received_ms_ = 0;
  const char* problem_ = nullptr;
  bool ping_waiting_ = false;
  u16 last_id_ = 0;

  usize received_ = 0;  ///< bytes in the receive buffer
  u32 skip_bytes_ = 0;  ///< of an oversized packet still to come
  u16 skip_id_ = 0;     ///< to acknowledge after it
  usize connect_bytes_ = 0, connect_sent_ = 0;
  usize send_used_ = 0;    ///< bytes in the send buffer
  usize send_record_ = 0;  ///< offset of the record being sent
  usize send_done_ = 0;    ///< bytes of its packet that are sent
  u64 bytes_received_ = 0, bytes_sent_ = 0;
};

}  // namespace pipit::agent
