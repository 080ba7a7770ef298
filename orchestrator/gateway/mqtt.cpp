#include "orchestrator/gateway/mqtt.h"

#include <mosquitto.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

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
    if (code != 0) {
      mqtt.refusal_ = std::string("the broker refuses: ") + mosquitto_connack_string(code);
      return;
    }
    for (const std::string& topic : mqtt.options_.topics)
      mosquitto_subscribe(client, nullptr, topic.c_str(), kQos);
    mqtt.was_connected_ = true;
    mqtt.told_.clear();
    mqtt.connected_ = true;
    mqtt.handlers_.state(true, "");
  }
  static void on_log(mosquitto*, void* self, int, const char* text) {
    auto& mqtt = *static_cast<Mqtt*>(self);
    if (std::string_view(text).starts_with("OpenSSL Error")) mqtt.words_ += text;
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
  mosquitto_log_callback_set(mqtt->client_, MqttAdapter::on_log);
  mosquitto_message_callback_set(mqtt->client_, MqttAdapter::on_message);
  if (mqtt->options_.tls != nullptr) {
    // All of it is set there: the library's own defaults would want files.
    int set = mosquitto_int_option(mqtt->client_, MOSQ_OPT_SSL_CTX_WITH_DEFAULTS, 0);
    if (set == MOSQ_ERR_SUCCESS)
      set = mosquitto_void_option(mqtt->client_, MOSQ_OPT_SSL_CTX, mqtt->options_.tls->context());
    if (set != MOSQ_ERR_SUCCESS) return support::Error(Code::internal, mosquitto_strerror(set));
  }
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
  while (!stopping()) {
    words_.clear();
    refusal_.clear();
    was_connected_ = false;
    if (options_.tls != nullptr) options_.tls->begin();
    int code = mosquitto_connect(client_, options_.host.c_str(), options_.port, kKeepAliveSeconds);
    while (!stopping() && code == MOSQ_ERR_SUCCESS) {
      code = mosquitto_loop(client_, kLoopMs, 1);
      if (connected_) wait_ms = kFirstRetryMs;
    }
    if (!stopping()) disconnected(code);
    pause(wait_ms);
    wait_ms = std::min(wait_ms * 2, kMostRetryMs);
  }
}

void Mqtt::disconnected(int code) {
  connected_ = false;
  std::string reason = why(code);
  if (reason == told_) return;
  told_ = std::move(reason);
  handlers_.state(false, told_);
}

std::string Mqtt::why(int code) const {
  if (!refusal_.empty()) return refusal_;
  // What ends later is the network's doing, or the broker's: 1.3 tells of a certificate only then.
  const bool refused = words_.find("alert") != words_.npos;
  const bool reached = code != MOSQ_ERR_ERRNO && code != MOSQ_ERR_EAI;
  if (options_.tls != nullptr && (refused || (reached && !was_connected_))) return options_.tls->why(words_);
  if (reached && !was_connected_)
    return "the broker ended the connection before it answered: does it speak TLS on this port (--tls-ca)?";
  return code == MOSQ_ERR_ERRNO ? std::strerror(errno) : mosquitto_strerror(code);
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
