#include "orchestrator/gateway/device_link.h"

#include <unistd.h>

#include <random>

#include "orchestrator/gateway/log.h"
#include "orchestrator/gateway/timestamp.h"

namespace pipit::gateway {

using support::Json;

namespace {
constexpr usize kAnswerBytes = 512;

std::string topic_of(const std::string& device, std::string_view leaf) {
  return std::string(link::topic::kPrefix) + device + "/" + std::string(leaf);
}

std::string every_device(std::string_view leaf) { return topic_of("+", leaf); }

void dropped(const std::string& device, const char* what, const pipit::Error& error) {
  log(Level::warn, "message dropped", {{"device", device}, {"kind", what}, {"error", error.message}});
}
}  // namespace

DeviceLink::DeviceLink(Parts parts, std::string devices_file)
    : parts_(parts), file_(std::move(devices_file), "devices") {
  restore(unix_ms());
}

support::Status DeviceLink::start(const std::string& host, u16 port, std::unique_ptr<MqttTls> tls) {
  Mqtt::Options options;
  options.host = host;
  options.port = port;
  options.tls = std::move(tls);
  options.client_id =
      "pipit-gateway-" + std::to_string(getpid()) + "-" + std::to_string(std::random_device{}());
  for (std::string_view leaf : {link::topic::kHello, link::topic::kStatus, link::topic::kLog})
    options.topics.push_back(every_device(leaf));
  Mqtt::Handlers handlers;
  handlers.state = [this](bool connected, const std::string& why) {
    parts_.loop.post([this, connected, why] {
      if (connected) log(Level::info, "broker connected");
      if (!connected) log(Level::warn, "no connection to the broker", {{"error", why}});
      // The broker may have been restarted without its retained messages.
      if (connected) parts_.pods.republish();
    });
  };
  handlers.message = [this](std::string topic, std::vector<u8> payload, bool retained) {
    parts_.loop.post([this, topic = std::move(topic), payload = std::move(payload), retained] {
      receive(topic, payload, retained, unix_ms());
    });
  };
  mqtt_ = TRY(Mqtt::start(std::move(options), std::move(handlers)));
  return {};
}

void DeviceLink::receive(const std::string& topic, Bytes payload, bool retained, i64 now_ms) {
  std::string_view rest = topic;
  if (!rest.starts_with(link::topic::kPrefix)) return;
  rest.remove_prefix(link::topic::kPrefix.size());
  const usize slash = rest.find('/');
  if (slash == std::string_view::npos) return;
  const std::string device(rest.substr(0, slash));
  const std::string_view leaf = rest.substr(slash + 1);
  if (leaf == link::topic::kHello && !retained) on_hello(device, payload, now_ms);
  if (leaf == link::topic::kStatus) on_status(device, payload, retained, now_ms);
  if (leaf == link::topic::kLog && !retained) on_log(device, payload, now_ms);
}

void DeviceLink::answer(const std::string& device, u64 boot_id, bool admitted, const std::string& reason,
                        i64 now_ms) {
  link::Admission admission;
  admission.boot_id = boot_id;
  admission.admitted = admitted;
  admission.reason = reason;
  admission.realtime_ms = static_cast<u64>(now_ms);
  u8 buffer[kAnswerBytes];
  const auto encoded = link::encode(admission, buffer);
  if (encoded.ok() && mqtt_) mqtt_->publish(topic_of(device, link::topic::kAdmission), *encoded, false);
}

void DeviceLink::on_hello(const std::string& device, Bytes payload, i64 now_ms) {
  link::Hello hello;
  if (auto decoded = link::decode(payload, hello); !decoded.ok())
    return dropped(device, "hello", decoded.error());
  const Devices::Verdict verdict = parts_.devices.hello(device, hello, now_ms);
  answer(device, hello.boot_id, verdict.admitted, verdict.reason, now_ms);
  if (!verdict.admitted) {
    log(Level::warn, "device refused",
        {{"device", device}, {"boot", boot_text(hello.boot_id)}, {"reason", verdict.reason}});
    return;
  }
  const Device& known = *parts_.devices.find(device);
  if (verdict.new_boot) {
    unsaved_ = true;
    log(Level::info, "device admitted",
        {{"device", device},
         {"boot", boot_text(hello.boot_id)},
         {"board", known.identity.board},
         {"arch", known.identity.arch}});
  }
  parts_.nodes.changed(known, verdict.new_boot, now_ms);
  parts_.pods.republish(device);
  parts_.pods.device_changed(device);
}

void DeviceLink::on_status(const std::string& device, Bytes payload, bool retained, i64 now_ms) {
  using Effect = Devices::Effect;
  link::DeviceStatus status;
  if (auto decoded = link::decode(payload, status); !decoded.ok())
    return dropped(device, "status", decoded.error());
  const Effect effect = parts_.devices.status(device, report_of(status), retained, now_ms);
  // A device of a lost identities file: its answer to a refusal is a hello.
  if (effect == Effect::unknown)
    return answer(device, status.boot_id, false, "not admitted, say hello", now_ms);
  if (effect == Effect::ignored) return;
  if (effect != Effect::updated) {
    log(Level::info, effect == Effect::came_online ? "device online" : "device offline",
        {{"device", device}});
    parts_.nodes.changed(*parts_.devices.find(device), false, now_ms);
  }
  parts_.pods.device_changed(device);
}

void DeviceLink::on_log(const std::string& device, Bytes payload, i64 now_ms) {
  link::Log line;
  if (auto decoded = link::decode(payload, line); !decoded.ok())
    return dropped(device, "log", decoded.error());
  const std::string uid(line.instance);
  if (parts_.pods.runs_on(uid, device))
    parts_.logs.append(uid, line.sequence, line.uptime_ms, line.error, std::string(line.text), now_ms);
}

void DeviceLink::forget(const std::string& device) {
  parts_.devices.forget(device);
  unsaved_ = true;
  send_desired(device, {});
}

void DeviceLink::send_desired(const std::string& device, Bytes message) {
  if (mqtt_) mqtt_->publish(topic_of(device, link::topic::kDesired), message, true);
}

void DeviceLink::tick(i64 now_ms) {
  for (const std::string& name : parts_.devices.expire(now_ms)) {
    log(Level::warn, "device silent", {{"device", name}});
    parts_.nodes.changed(*parts_.devices.find(name), false, now_ms);
    parts_.pods.device_changed(name);
  }
  if (unsaved_ || file_.due(now_ms)) save(now_ms);
}

void DeviceLink::restore(i64 now_ms) {
  const Json saved = file_.load(Json::value_t::array);
  for (const Json& identity : saved) parts_.devices.restore(identity_from(identity), now_ms);
}

void DeviceLink::save(i64 now_ms) {
  Json all = Json::array();
  for (const auto& [name, device] : parts_.devices.all()) all.push_back(to_json(device.identity));
  file_.save(all, now_ms);
  unsaved_ = false;
}

}  // namespace pipit::gateway
