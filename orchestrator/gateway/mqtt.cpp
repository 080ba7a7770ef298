#include "orchestrator/gateway/mqtt.h"

#include <mosquitto.h>

namespace pipit::gateway {

namespace {
constexpr int kKeepAliveSeconds = 15;
constexpr int kQos = 1;
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
  mosquitto_reconnect_delay_set(mqtt->client_, 1, 10, true);
  const int connecting = mosquitto_connect_async(mqtt->client_, mqtt->options_.host.c_str(),
                                                 mqtt->options_.port, kKeepAliveSeconds);
  if (connecting == MOSQ_ERR_INVAL)
    return support::Error(Code::invalid_argument, "broker address is not valid: " + mqtt->options_.host);
  if (mosquitto_loop_start(mqtt->client_) != MOSQ_ERR_SUCCESS)
    return support::Error(Code::internal, "MQTT thread does not start");
  return mqtt;
}

Mqtt::~Mqtt() {
  if (client_ == nullptr) return;
  mosquitto_disconnect(client_);
  // Not forced: that would cancel the thread wherever it is, mutexes held.
  mosquitto_loop_stop(client_, false);
  mosquitto_destroy(client_);
}

bool Mqtt::publish(const std::string& topic, Bytes payload, bool retain) {
  if (!connected_) return false;
  return mosquitto_publish(client_, nullptr, topic.c_str(), static_cast<int>(payload.size()), payload.data(),
                           kQos, retain) == MOSQ_ERR_SUCCESS;
}

}  // namespace pipit::gateway
