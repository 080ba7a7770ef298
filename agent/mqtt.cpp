#include "agent/mqtt.h"

#include <algorithm>
#include <cstring>

#include "agent/mqtt_packet.h"

namespace pipit::agent {
namespace {

constexpr u32 kAnswerMs = 10'000;  ///< longest wait for TCP, CONNACK and PINGRESP
constexpr u32 kStableMs = 5'000;   ///< a connection that lived this long starts the back-off afresh
constexpr u32 kFirstBackoffMs = 250, kLongestBackoffMs = 10'000;
constexpr u32 kPacketsPerStep = 8;  ///< so that a flood leaves time for applications
constexpr usize kAckRoom = 16;      ///< PUBACK with its record

}  // namespace

Mqtt::Mqtt(ports::Clock& clock, ports::Entropy& entropy, ports::TcpStream& stream, Buffers buffers,
           MqttEvents& events)
    : clock_(&clock),
      stream_(&stream),
      buffers_(buffers),
      events_(&events),
      backoff_(clock, entropy, kFirstBackoffMs, kLongestBackoffMs) {}

void Mqtt::enter(Phase phase) {
  phase_ = phase;
  phase_ms_ = clock_->uptime_ms();
}

void Mqtt::drop(const char* why) {
  problem_ = why;
  const bool was_connected = phase_ == Phase::connected;
  stream_->close();
  if (was_connected && clock_->uptime_ms() - phase_ms_ >= kStableMs) backoff_.reset();
  backoff_.fail();
  enter(Phase::waiting);
  rewind_unacknowledged();
  if (was_connected) events_->on_disconnected();
}

bool Mqtt::step() {
  if (phase_ != Phase::connected) return connect_step();
  bool moved = receive_step();
  if (phase_ == Phase::connected) moved |= send_step();
  if (phase_ == Phase::connected) keep_alive_step();
  return moved;
}

bool Mqtt::connect_step() {
  using State = ports::TcpStream::State;
  const State state = stream_->state();
  if (phase_ == Phase::waiting) {
    if (!backoff_.due() || identity_.port == 0) return false;
    if (state != State::closed) stream_->close();
    if (!stream_->connect(identity_.host, identity_.port).ok()) {
      drop("no connection to be had");
      return false;
    }
    enter(Phase::connecting);
    return true;
  }
  const bool late = clock_->uptime_ms() - phase_ms_ > kAnswerMs;
  if (late || state == State::failed || (state == State::closed && phase_ == Phase::connecting)) {
    drop("no answer");
    return true;
  }
  if (phase_ == Phase::connecting) {
    if (state != State::open) return false;
    received_ = 0, skip_bytes_ = 0, connect_sent_ = 0;
    connect_bytes_ = write_connect();
    enter(Phase::greeting);
  }
  if (connect_sent_ < connect_bytes_) {
    // The greeting lies in the receive buffer: nothing arrives before it is sent.
    const usize sent =
        stream_->send(Bytes(buffers_.receive).subspan(connect_sent_, connect_bytes_ - connect_sent_));
    connect_sent_ += sent;
    bytes_sent_ += sent;
    return sent != 0;
  }
  return receive_step();
}

usize Mqtt::write_connect() {
  PacketWriter out(buffers_.receive);
  const u32 body = static_cast<u32>(10 + 2 + identity_.client_id.size() + 2 + identity_.will_topic.size() +
                                    2 + identity_.will.size());
  out.byte(static_cast<u8>(PacketType::connect) << 4);
  out.length(body);
  out.text("MQTT");
  out.byte(4);  // protocol level of 3.1.1
  out.byte(kCleanSession | kWill | kWillQos1 | kWillRetain);
  out.word(identity_.keep_alive_s);
  out.text(identity_.client_id);
  out.text(identity_.will_topic);
  out.text(as_text(identity_.will));
  last_sent_ms_ = last_received_ms_ = clock_->uptime_ms();
  ping_waiting_ = false;
  return out.size();
}

// ---- sending

Mqtt::Record Mqtt::record(usize at) const {
  Record record;
  std::memcpy(&record, &buffers_.send[at], sizeof record);
  return record;
}

void Mqtt::store(usize at, const Record& record) { std::memcpy(&buffers_.send[at], &record, sizeof record); }

bool Mqtt::append(Bytes packet, u16 id) {
  if (packet.size() + sizeof(Record) > buffers_.send.size() - send_used_) return false;
  std::memcpy(&buffers_.send[send_used_ + sizeof(Record)], packet.data(), packet.size());
  store(send_used_, {static_cast<u32>(packet.size()), id, 0, 0});
  send_used_ += sizeof(Record) + packet.size();
  return true;
}

bool Mqtt::subscribe(std::string_view filter, u8 qos) {
  u8 packet[128];
  PacketWriter out(packet);
  out.byte(static_cast<u8>(PacketType::subscribe) << 4 | 2);
  out.length(static_cast<u32>(2 + 2 + filter.size() + 1));
  out.word(next_id());
  out.text(filter);
  out.byte(qos);
  return out.ok() && append(Bytes(packet).first(out.size()), 0);
}

MutBytes Mqtt::begin(const Message& message) {
  const usize head = sizeof(Record) + 1 + kMaxLengthBytes + 2 + message.topic.size() + 2;
  const usize needed = send_used_ + head + message.reserve;
  if (needed >= buffers_.send.size()) return {};
  return buffers_.send.subspan(send_used_ + head, buffers_.send.size() - needed);
}

void Mqtt::commit(const Message& message, usize payload_bytes) {
  const usize topic = 2 + message.topic.size() + (message.qos != 0 ? 2 : 0);
  const u8* payload =
      &buffers_.send[send_used_ + sizeof(Record) + 1 + kMaxLengthBytes + 4 + message.topic.size()];
  PacketWriter out(buffers_.send.subspan(send_used_ + sizeof(Record)));
  const u16 id = message.qos != 0 ? next_id() : u16{0};
  out.byte(static_cast<u8>(static_cast<u8>(PacketType::publish) << 4 | message.qos << 1 |
                           (message.retain ? 1 : 0)));
  out.length(static_cast<u32>(topic + payload_bytes));
  out.text(message.topic);
  if (message.qos != 0) out.word(id);
  // The head is at most as long as begin() assumed, so the payload moves down.
  std::memmove(&buffers_.send[send_used_ + sizeof(Record) + out.size()], payload, payload_bytes);
  const u32 bytes = static_cast<u32>(out.size() + payload_bytes);
  store(send_used_, {bytes, id, static_cast<u8>(message.qos != 0), 0});
  send_used_ += sizeof(Record) + bytes;
}

u16 Mqtt::next_id() {
  if (++last_id_ == 0) last_id_ = 1;
  return last_id_;
}

bool Mqtt::send_step() {
  bool moved = false;
  while (send_record_ < send_used_) {
    Record packet = record(send_record_);
    const Bytes rest =
        Bytes(buffers_.send).subspan(send_record_ + sizeof(Record) + send_done_, packet.bytes - send_done_);
    const usize sent = stream_->send(rest);
    if (sent == 0) break;
    moved = true;
    bytes_sent_ += sent;
    send_done_ += sent;
    last_sent_ms_ = clock_->uptime_ms();
    if (send_done_ < packet.bytes) break;
    if (packet.keep == 0) {
      packet.done = 1;
      store(send_record_, packet);
    }
    send_record_ += sizeof(Record) + packet.bytes;
    send_done_ = 0;
  }
  if (moved) trim();
  return moved;
}

/// Frees what is done: also behind packets that still wait, or acknowledgements of ours would pile up there.
void Mqtt::trim() {
  usize to = 0;
  for (usize at = 0; at < send_record_;) {
    const Record packet = record(at);
    const usize bytes = sizeof(Record) + packet.bytes;
    if (packet.done == 0) {
      if (to != at) std::memmove(buffers_.send.data() + to, buffers_.send.data() + at, bytes);
      to += bytes;
    }
    at += bytes;
  }
  const usize freed = send_record_ - to;
  if (freed == 0) return;
  std::memmove(buffers_.send.data() + to, buffers_.send.data() + send_record_, send_used_ - send_record_);
  send_used_ -= freed;
  send_record_ = to;
}

/// After a broken connection: only what was not acknowledged stays, to be sent again.
void Mqtt::rewind_unacknowledged() {
  usize to = 0;
  for (usize at = 0; at < send_used_;) {
    const Record packet = record(at);
    const usize bytes = sizeof(Record) + packet.bytes;
    if (packet.keep != 0 && packet.done == 0) {
      const bool started = at < send_record_ || (at == send_record_ && send_done_ != 0);
      std::memmove(buffers_.send.data() + to, buffers_.send.data() + at, bytes);
      if (started) buffers_.send[to + sizeof(Record)] |= kDuplicate;
      to += bytes;
    }
    at += bytes;
  }
  send_used_ = to;
  send_record_ = send_done_ = 0;
}

void Mqtt::keep_alive_step() {
  const u64 now = clock_->uptime_ms();
  if (ping_waiting_) {
    if (now - last_sent_ms_ > kAnswerMs && now - last_received_ms_ > kAnswerMs) drop("no answer to a ping");
    return;
  }
  // Also when only the broker fell silent: a half-open connection is noticed by sending into it.
  const u64 half = u64{identity_.keep_alive_s} * 500;
  if (now - last_sent_ms_ < half && now - last_received_ms_ < half) return;
  const u8 ping[] = {static_cast<u8>(PacketType::ping_request) << 4, 0};
  if (append(ping, 0)) ping_waiting_ = true;
}

// ---- receiving

bool Mqtt::receive_step() {
  bool moved = false;
  for (u32 packets = 0; packets < kPacketsPerStep;) {
    if (skip_bytes_ == 0) {
      bool malformed = false;
      const bool taken = take_packet(malformed);
      if (malformed) {
        drop("the broker broke the protocol");
        return true;
      }
      if (phase_ == Phase::waiting) return true;
      if (taken) {
        ++packets;
        moved = true;
        continue;
      }
    }
    MutBytes room = buffers_.receive.subspan(received_);
    if (skip_bytes_ != 0)
      room = buffers_.receive.first(std::min<usize>(skip_bytes_, buffers_.receive.size()));
    const usize got = room.empty() ? 0 : stream_->receive(room);
    if (got == 0) break;
    moved = true;
    bytes_received_ += got;
    last_received_ms_ = clock_->uptime_ms();
    if (skip_bytes_ == 0) {
      received_ += got;
      continue;
    }
    skip_bytes_ -= static_cast<u32>(got);
    if (skip_bytes_ == 0 && skip_id_ != 0 && !acknowledge(skip_id_)) drop("no room to acknowledge");
  }
  using State = ports::TcpStream::State;
  if (!moved && stream_->state() != State::open) drop("the broker closed the connection");
  return moved;
}

/// Handles the packet at the front of the receive buffer; false when it is not complete or cannot be taken
/// yet.
bool Mqtt::take_packet(bool& malformed) {
  usize head = 0;
  u32 body = 0;
  const Bytes waiting = Bytes(buffers_.receive).first(received_);
  switch (parse_head(waiting, head, body)) {
    case Parse::incomplete: return false;
    case Parse::malformed: malformed = true; return false;
    case Parse::complete: break;
  }
  const u8 type = waiting[0] >> 4, flags = waiting[0] & 15;
  const bool publish = type == static_cast<u8>(PacketType::publish);
  // A message may have to be acknowledged: without room for that it waits, and TCP holds the broker back.
  if (publish && buffers_.send.size() - send_used_ < kAckRoom) return false;
  if (head + body > buffers_.receive.size()) {
    if (!publish || phase_ != Phase::connected) malformed = true;
    return !malformed && received_ == buffers_.receive.size() && begin_skip(head, body);
  }
  if (received_ < head + body) return false;
  const Bytes content = waiting.subspan(head, body);
  malformed = publish ? !take_publish(flags, content) : !take_control(type, flags, content);
  if (malformed || phase_ == Phase::waiting) return false;
  received_ -= head + body;
  std::memmove(buffers_.receive.data(), buffers_.receive.data() + head + body, received_);
  return true;
}

bool Mqtt::begin_skip(usize head, u32 body_bytes) {
  PublishHead publish;
  const u8 flags = buffers_.receive[0] & 15;
  skip_id_ = 0;
  if (parse_publish(flags, Bytes(buffers_.receive).subspan(head), publish)) {
    skip_id_ = publish.id;
    events_->on_oversized(publish.topic, body_bytes);
  }
  skip_bytes_ = static_cast<u32>(head + body_bytes - received_);
  received_ = 0;
  return true;
}

bool Mqtt::acknowledge(u16 id) {
  const u8 packet[] = {static_cast<u8>(PacketType::publish_ack) << 4, 2, static_cast<u8>(id >> 8),
                       static_cast<u8>(id)};
  return append(packet, 0);
}

bool Mqtt::take_publish(u8 flags, Bytes body) {
  PublishHead publish;
  if (phase_ != Phase::connected || !parse_publish(flags, body, publish)) return false;
  events_->on_message(publish.topic, body.subspan(publish.bytes));
  // The listener may have filled the buffer with answers; unacknowledged, the message would come again.
  return publish.id == 0 || acknowledge(publish.id);
}

bool Mqtt::take_control(u8 type, u8 flags, Bytes body) {
  if (flags != 0) return false;
  switch (static_cast<PacketType>(type)) {
    case PacketType::connect_ack:
      if (phase_ != Phase::greeting || body.size() != 2 || body[1] != 0) return false;
      enter(Phase::connected);
      events_->on_connected();
      return true;
    case PacketType::publish_ack:
      if (body.size() != 2) return false;
      for (usize at = 0; at < send_record_;) {
        Record packet = record(at);
        if (packet.keep != 0 && packet.id == (body[0] << 8 | body[1])) {
          packet.done = 1;
          store(at, packet);
          break;
        }
        at += sizeof(Record) + packet.bytes;
      }
      trim();
      return true;
    case PacketType::subscribe_ack: return body.size() == 3 && body[2] != 0x80;
    case PacketType::ping_response: ping_waiting_ = false; return body.empty();
    default: return false;
  }
}

}  // namespace pipit::agent
