#include "cli/up/observer.h"

#include <mosquitto.h>
#include <unistd.h>

#include <array>

namespace pipit::up {

using support::Error;
using support::Result;

namespace {

constexpr int kQos = 1;
constexpr int kKeepAliveSeconds = 30;
constexpr std::string_view kLeaves[] = {link::topic::kHello, link::topic::kStatus, link::topic::kTelemetry};

Error mqtt_error(int code, const char* what) {
  return {Code::unavailable, std::string("MQTT ") + what + ": " + mosquitto_strerror(code)};
}

}  // namespace

Result<std::unique_ptr<Observer>> Observer::connect(u16 broker_port) {
  static const int initialised = mosquitto_lib_init();
  if (initialised != MOSQ_ERR_SUCCESS) return mqtt_error(initialised, "start");
  std::unique_ptr<Observer> observer(new Observer);
  const std::string id = "pipit-up-" + std::to_string(getpid());
  observer->client_ = mosquitto_new(id.c_str(), true, observer.get());
  if (observer->client_ == nullptr) return Error(Code::out_of_memory, "no MQTT client");
  mosquitto_connect_callback_set(observer->client_, on_connect);
  mosquitto_message_callback_set(observer->client_, on_message);
  mosquitto_reconnect_delay_set(observer->client_, 1, 5, false);
  int code = mosquitto_connect(observer->client_, "127.0.0.1", broker_port, kKeepAliveSeconds);
  if (code == MOSQ_ERR_SUCCESS) code = mosquitto_loop_start(observer->client_);
  if (code != MOSQ_ERR_SUCCESS) return mqtt_error(code, "connect");
  std::unique_lock lock(observer->mutex_);
  if (!observer->connected_signal_.wait_for(lock, std::chrono::seconds(10),
                                            [&] { return observer->connected_; }))
    return Error(Code::timeout, "the broker does not answer");
  lock.unlock();
  return observer;
}

Observer::~Observer() {
  if (client_ == nullptr) return;
  mosquitto_disconnect(client_);
  mosquitto_loop_stop(client_, true);
  mosquitto_destroy(client_);
}

support::Status Observer::publish(const std::string& device, const std::string& name,
                                  const link::SensorFrame& frame) {
  std::vector<u8> buffer(frame.data.size() + 256);
  const Bytes message = TRY(link::encode(frame, buffer));
  const std::string topic =
      std::string(link::topic::kPrefix) + device + "/" + std::string(link::topic::kSensor) + name;
  const int code = mosquitto_publish(client_, nullptr, topic.c_str(), static_cast<int>(message.size()),
                                     message.data(), kQos, false);
  if (code != MOSQ_ERR_SUCCESS) return mqtt_error(code, "publish");
  return {};
}

void Observer::on_connect(mosquitto* client, void* self, int code) {
  if (code != 0) return;
  // Subscriptions do not outlive a clean session: made anew after each connect.
  for (std::string_view leaf : kLeaves) {
    const std::string topic = std::string(link::topic::kPrefix) + "+/" + std::string(leaf);
    mosquitto_subscribe(client, nullptr, topic.c_str(), kQos);
  }
  auto& observer = *static_cast<Observer*>(self);
  const std::lock_guard lock(observer.mutex_);
  observer.connected_ = true;
  observer.connected_signal_.notify_all();
}

void Observer::on_message(mosquitto*, void* self, const mosquitto_message* message) {
  std::string_view topic = message->topic;
  if (!topic.starts_with(link::topic::kPrefix)) return;
  topic.remove_prefix(link::topic::kPrefix.size());
  const usize slash = topic.find('/');
  if (slash == std::string_view::npos || message->payloadlen < 0) return;
  static_cast<Observer*>(self)->take(
      topic.substr(0, slash), topic.substr(slash + 1),
      {static_cast<const u8*>(message->payload), static_cast<usize>(message->payloadlen)});
}

void Observer::take(std::string_view name, std::string_view leaf, Bytes payload) {
  const Clock::time_point now = Clock::now();
  const std::lock_guard lock(mutex_);
  Device& device = devices_[std::string(name)];
  if (leaf == link::topic::kHello) {
    link::Hello hello;
    if (!link::decode(payload, hello).ok()) return;
    device.facts = {std::string(hello.board), std::string(hello.arch), std::string(hello.firmware),
                    hello.persistent,         hello.ram_bytes,         hello.app_ram_bytes,
                    hello.slot_bytes,         hello.sensor_queue};
  } else if (leaf == link::topic::kStatus) {
    link::DeviceStatus status;
    if (!link::decode(payload, status).ok()) return;
    // The last will of a device that was refused this name says nothing about the one that has it.
    if (!status.online && status.boot_id != device.boot_id) return;
    device.boot_id = status.boot_id;
    device.status.assign(payload.begin(), payload.end());
  } else if (leaf == link::topic::kTelemetry) {
    link::TelemetryMessage message;
    if (!link::decode(payload, message).ok()) return;
    Answer& answer = device.answers[message.sequence];
    if (answer.count++ > 0) return;
    answer.at = now;
    answer.version = message.version;
    answer.instructions = message.instructions;
    answer.payload.assign(message.payload.begin(), message.payload.end());
  }
}

std::optional<DeviceFacts> Observer::facts(const std::string& device) const {
  const std::lock_guard lock(mutex_);
  const auto found = devices_.find(device);
  return found == devices_.end() ? std::nullopt : found->second.facts;
}

std::optional<OwnedStatus> Observer::status(const std::string& device) const {
  const std::lock_guard lock(mutex_);
  const auto found = devices_.find(device);
  if (found == devices_.end() || found->second.status.empty()) return std::nullopt;
  OwnedStatus owned{std::make_unique<std::vector<u8>>(found->second.status), {}};
  if (!link::decode(*owned.bytes, owned.status).ok()) return std::nullopt;
  return owned;
}

std::optional<Answer> Observer::answer(const std::string& device, u32 sequence) const {
  const std::lock_guard lock(mutex_);
  const auto found = devices_.find(device);
  if (found == devices_.end()) return std::nullopt;
  const auto answer = found->second.answers.find(sequence);
  if (answer == found->second.answers.end()) return std::nullopt;
  return answer->second;
}

std::optional<u32> Observer::first_answer(const std::string& device, const std::string& version,
                                          u32 from) const {
  const std::lock_guard lock(mutex_);
  const auto found = devices_.find(device);
  if (found == devices_.end()) return std::nullopt;
  for (auto entry = found->second.answers.lower_bound(from); entry != found->second.answers.end(); ++entry)
    if (entry->second.version == version) return entry->first;
  return std::nullopt;
}

}  // namespace pipit::up
