#include "orchestrator/gateway/mqtt.h"

#include <mosquitto.h>

#include <algorithm>
#include <chrono>

namespace pipit::gateway {

namespace {
constexpr int kKeepAliveSeconds = 15;
constexpr int kQos = 1;
constexpr int kLoopMs = 250;
constexpr u32 kFirstRetryMs = 250, kMostRetryMs = 5'000;
}  // namespace

struct MqttAdapter {
  static void on_connect(mosquitto* client, void* self, int code) {
    auto& mqtt = *static_cast<Mqtt*>(self);
    if (code != 0) return;
    for (const std::string& topic : mqtt.options_.topics)
      mosquitto_subscribe(client, nullptr, topic.c_str(), kQos);
    mqtt.connected_ = true;
    mqtt.handlers_.state(true);
  }
  static void on_disconnect(mosquitto*, void* self, int) {
    auto& mqtt = *static_cast<Mqtt*>(self);
    if (mqtt.connected_.exchange(false)) mqtt.handlers_.state(false);
  }
  static void on_message(mosquitto*, void* self, const mosquitto_message* message) {
    auto& mqtt = *static_cast<Mqtt*>(self);
    if (message->payloadlen < 0 || static_cast<usize>(message->payloadlen) > Mqtt::kMaxPayloadBytes) return;
    const auto* data = static_cast<const u8*>(message->payload);
    mqtt.handlers_.message(message->topic, std::vector<u8>(data, data + message->payloadlen),
                           message->retain);
  }
};

support::Result<std::unique_ptr<Mqtt>> Mqtt::start(Options options, Handlers handlers) {
  static const int initialised = mosquitto_lib_init();
  std::unique_ptr<Mqtt> mqtt(new Mqtt(std::move(options), std::move(handlers)));
  if (initialised != MOSQ_ERR_SUCCESS) return support::Error(Code::internal, "libmosquitto does not start");
  mqtt->client_ = mosquitto_new(mqtt->options_.client_id.c_str(), true, mqtt.get());
  if (mqtt->client_ == nullptr) return support::Error(Code::out_of_memory, "no MQTT client");
  mosquitto_connect_callback_set(mqtt->client_, MqttAdapter::on_connect);
  mosquitto_disconnect_callback_set(mqtt->client_, MqttAdapter::on_disconnect);
  mosquitto_message_callback_set(mqtt->client_, MqttAdapter::on_message);
  // The library's own thread gives up when the very first connection fails; this one does not.
  mosquitto_threaded_set(mqtt->client_, true);
  mqtt->thread_ = std::thread([self = mqtt.get()] { self->run(); });
  return mqtt;
}

void Mqtt::pause(u32 ms) {
  std::unique_lock lock(mutex_);
  wake_.wait_for(lock, std::chrono::milliseconds(ms), [this] { return stopping_; });
}

void Mqtt::run() {
  const auto stopping = [this] {
    std::lock_guard lock(mutex_);
    return stopping_;
  };
  u32 wait_ms = kFirstRetryMs;
  bool told = false;
  while (!stopping()) {
    if (mosquitto_connect(client_, options_.host.c_str(), options_.port, kKeepAliveSeconds) ==
        MOSQ_ERR_SUCCESS) {
      while (!stopping() && mosquitto_loop(client_, kLoopMs, 1) == MOSQ_ERR_SUCCESS)
        if (connected_) wait_ms = kFirstRetryMs;
      if (connected_.exchange(false)) handlers_.state(false);
    } else if (!told) {
      handlers_.state(false);
    }
    told = true;
    pause(wait_ms);
    wait_ms = std::min(wait_ms * 2, kMostRetryMs);
  }
}

Mqtt::~Mqtt() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  if (client_ == nullptr) return;
  mosquitto_disconnect(client_);
  mosquitto_destroy(client_);
}

bool Mqtt::publish(const std::string& topic, Bytes payload, bool retain) {
  if (!connected_) return false;
  return mosquitto_publish(client_, nullptr, topic.c_str(), static_cast<int>(payload.size()), payload.data(),
                           kQos, retain) == MOSQ_ERR_SUCCESS;
}

}  // namespace pipit::gateway
