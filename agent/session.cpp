#include "agent/session.h"

#include "base/endian.h"

namespace pipit::agent {

namespace topic = link::topic;

namespace {

constexpr u64 kHelloMs = 3'000;
constexpr u64 kStatusMs = 10'000;       ///< a status at least so often
constexpr u64 kStatusShortestMs = 200;  ///< and at most so often
constexpr u64 kLonelyMs = 10'000;       ///< without a gateway for so long, results are given up
/// Bytes of the send buffer that log lines, and more of it that results, leave to acknowledgements, hello and
/// status.
constexpr usize kLogReserve = 1536, kTelemetryReserve = 2304;

}  // namespace

Session::Session(const Parts& parts)
    : parts_(parts),
      device_(link::device_name(parts.network.mac())),
      mqtt_(parts_.clock, parts_.entropy, parts_.network.stream(0), parts_.buffers, *this) {
  u8 random[8];
  parts_.entropy.fill(random);
  boot_id_ = load_le<u64>(random);
  parts_.hello.device = device_.view();
  parts_.hello.boot_id = boot_id_;
  parts_.hello.token = parts_.config.token;

  TextWriter id(client_id_.data);
  id << device_.view() << "-";
  id.hex(boot_id_, 16);
  client_id_.size = static_cast<u32>(id.text().size());
  will_topic_.assign(topic(topic::kStatus));
  link::DeviceStatus gone;
  gone.boot_id = boot_id_;
  const auto will = link::encode(gone, will_);
  mqtt_.set_identity({.host = parts_.config.broker_host,
                      .port = parts_.config.broker_port,
                      .client_id = client_id_.view(),
                      .will_topic = will_topic_.view(),
                      .will = will.value()});
}

std::string_view Session::topic(std::string_view leaf) {
  TextWriter out(topic_.data);
  out << topic::kPrefix << device_.view() << "/" << leaf;
  return out.text();
}

template <class T>
bool Session::send(std::string_view leaf, const T& message, u8 qos, bool retain, usize reserve) {
  const Mqtt::Message head = {.topic = topic(leaf), .qos = qos, .retain = retain, .reserve = reserve};
  const auto encoded = link::encode(message, mqtt_.begin(head));
  if (!encoded.ok()) return false;
  mqtt_.commit(head, encoded->size());
  return true;
}

bool Session::step() {
  bool busy = mqtt_.step();
  if (!mqtt_.connected()) return busy;
  busy |= subscribe_step();
  const u64 now = parts_.clock.uptime_ms();
  if (listens_admission_ && !admitted_ && now >= hello_ms_) say_hello();
  const u64 since = now - status_ms_;
  if (admitted_ && (status_ms_ == 0 || since >= kStatusMs || (status_due_ && since >= kStatusShortestMs)))
    publish_status();
  return busy;
}

bool Session::subscribe_step() {
  if (!listens_admission_) return listens_admission_ = mqtt_.subscribe(topic(topic::kAdmission), 1);
  if (!admitted_) return false;
  // Only now: the broker sends the retained desired state on subscribing, when it may be acted on.
  if (!listens_desired_) return listens_desired_ = mqtt_.subscribe(topic(topic::kDesired), 1);
  if (listens_sensors_) return false;
  char filter[64];
  TextWriter out(filter);
  out << topic(topic::kSensor) << "#";
  return listens_sensors_ = mqtt_.subscribe(out.text(), 1);
}

void Session::on_connected() {
  note("connected to the broker");
  listens_admission_ = listens_desired_ = listens_sensors_ = false;
  hello_ms_ = status_ms_ = 0;
}

void Session::leave() {
  if (admitted_) unadmitted_since_ms_ = parts_.clock.uptime_ms();
  admitted_ = false;
}

void Session::on_disconnected() {
  char text[96];
  TextWriter out(text);
  out << "disconnected: " << std::string_view(mqtt_.problem());
  note(out.text());
  leave();
}

void Session::say_hello() {
  parts_.hello.boot_count = supervisor_->boot_count();
  if (send(topic::kHello, parts_.hello, 1, false, 0)) hello_ms_ = parts_.clock.uptime_ms() + kHelloMs;
}

void Session::note_losses() {
  if ((lines_lost_ | results_lost_) == 0) return;
  char text[96];
  TextWriter out(text);
  out << "dropped for want of a gateway or room: " << results_lost_ << " results, " << lines_lost_
      << " log lines";
  note(out.text());
  lines_lost_ = results_lost_ = 0;
}

void Session::publish_status() {
  note_losses();
  link::DeviceStatus status;
  fill(status);
  if (!send(topic::kStatus, status, 0, true, 0)) return;
  status_ms_ = parts_.clock.uptime_ms();
  status_due_ = false;
}

void Session::fill(link::DeviceStatus& out) const {
  out.online = true;
  out.boot_id = boot_id_;
  out.uptime_ms = parts_.clock.uptime_ms();
  out.bytes_received = mqtt_.bytes_received() + parts_.fetch.bytes_received();
  out.bytes_sent = mqtt_.bytes_sent() + parts_.fetch.bytes_sent();
  supervisor_->fill(out);
  if (parts_.memory == nullptr) return;
  const MemoryReport memory = parts_.memory->measure();
  out.static_bytes = memory.static_bytes;
  out.stack_peak_bytes = memory.stack_peak_bytes;
  out.heap_peak_bytes = memory.heap_peak_bytes;
}

bool Session::telemetry(const link::TelemetryMessage& message) {
  // Not before it is certain that this device has its name for itself.
  if (admitted_) return send(topic::kTelemetry, message, 1, false, kTelemetryReserve);
  // A device without a network goes on working: after a while its results are nobody's.
  const bool lonely = parts_.clock.uptime_ms() - unadmitted_since_ms_ > kLonelyMs;
  results_lost_ += lonely;
  return lonely;
}

void Session::log(const link::Log& line) {
  if (!send(topic::kLog, line, 1, false, kLogReserve)) ++lines_lost_;
}

void Session::note(std::string_view text) {
  parts_.console.write(as_bytes("agent: "));
  parts_.console.write(as_bytes(text));
  parts_.console.write(as_bytes("\n"));
}

void Session::on_message(std::string_view name, Bytes payload) {
  const std::string_view ours = topic("");
  if (slice(name, 0, ours.size()) != ours) return;
  const std::string_view leaf = slice(name, ours.size());
  if (leaf == topic::kAdmission) return take_admission(payload);
  if (!admitted_) return;
  if (leaf == topic::kDesired) return take_desired(payload);
  if (slice(leaf, 0, topic::kSensor.size()) == topic::kSensor)
    take_frame(slice(leaf, topic::kSensor.size()), payload);
}

void Session::on_oversized(std::string_view name, u32 bytes) {
  char text[160];
  TextWriter out(text);
  out << "a message of " << bytes << " bytes for " << name << " is too large and was passed over";
  note(out.text());
  if (name.find(topic::kSensor) != std::string_view::npos) supervisor_->frame_refused();
}

void Session::take_admission(Bytes payload) {
  link::Admission admission;
  if (!link::decode(payload, admission).ok() || admission.boot_id != boot_id_) return;
  if (admission.realtime_ms != 0) parts_.clock.tell(admission.realtime_ms);
  if (admission.admitted) {
    if (!admitted_) note("admitted");
    admitted_ = true;
    refused_ = false;
    status_due_ = true;
    return;
  }
  // Someone else is this device, says the gateway: what runs here must not answer in its name.
  if (!refused_) {
    char text[160];
    TextWriter out(text);
    out << "refused: " << admission.reason;
    note(out.text());
  }
  leave();
  listens_desired_ = listens_sensors_ = false;
  refused_ = true;
  hello_ms_ = parts_.clock.uptime_ms() + kHelloMs;
  supervisor_->stop_all(false);
}

void Session::take_desired(Bytes payload) {
  link::Desired desired;
  if (const Status status = link::decode(payload, desired); !status.ok()) {
    char text[128];
    TextWriter out(text);
    out << "desired state refused: " << std::string_view(status.error().message);
    note(out.text());
    return;
  }
  supervisor_->desire(desired);
}

void Session::take_frame(std::string_view sensor, Bytes payload) {
  link::SensorFrame frame;
  if (sensor.empty() || sensor.size() > link::kMaxNameBytes || !link::decode(payload, frame).ok() ||
      !link::holds_its_shape(frame)) {
    supervisor_->frame_refused();
    return;
  }
  supervisor_->frame(sensor, frame);
}

}  // namespace pipit::agent
