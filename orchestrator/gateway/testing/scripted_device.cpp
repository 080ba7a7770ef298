#include "orchestrator/gateway/testing/scripted_device.h"

#include <mosquitto.h>

#include <chrono>

#include "support/files.h"
#include "support/hex.h"
#include "support/http.h"

namespace pipit::gateway {

using Lock = std::lock_guard<std::recursive_mutex>;

namespace {
constexpr u32 kBlockBytes = 4096;
}  // namespace

struct ScriptedDeviceAdapter {
  static void connected(mosquitto*, void* self, int code) {
    if (code == 0) static_cast<ScriptedDevice*>(self)->on_connect();
  }
  static void disconnected(mosquitto*, void* self, int) {
    auto& device = *static_cast<ScriptedDevice*>(self);
    Lock lock(device.mutex_);
    device.connected_ = device.admitted_ = false;
  }
  static void message(mosquitto*, void* self, const mosquitto_message* message) {
    const auto* data = static_cast<const u8*>(message->payload);
    static_cast<ScriptedDevice*>(self)->on_message(message->topic,
                                                   Bytes(data, static_cast<usize>(message->payloadlen)));
  }
};

ScriptedDevice::ScriptedDevice(Options options) : options_(std::move(options)) {
  mosquitto_lib_init();
  const std::string id = options_.name + "-" + std::to_string(options_.boot_id);
  client_ = mosquitto_new(id.c_str(), true, this);
  u8 will[1024];
  const auto farewell = link::encode(status_now(false), will);
  const std::string topic = "pipit/" + options_.name + "/status";
  mosquitto_will_set(client_, topic.c_str(), static_cast<int>(farewell->size()), farewell->data(), 1, true);
  mosquitto_connect_callback_set(client_, ScriptedDeviceAdapter::connected);
  mosquitto_disconnect_callback_set(client_, ScriptedDeviceAdapter::disconnected);
  mosquitto_message_callback_set(client_, ScriptedDeviceAdapter::message);
  mosquitto_reconnect_delay_set(client_, 1, 1, false);
  mosquitto_connect_async(client_, "127.0.0.1", options_.broker_port, 10);
  thread_ = std::thread([this] { run(); });
}

ScriptedDevice::~ScriptedDevice() {
  stopping_ = true;
  thread_.join();
  mosquitto_destroy(client_);  // closes the socket without a DISCONNECT
}

/// The device's main loop: network, a hello every second until admitted, a status every 2 s.
void ScriptedDevice::run() {
  using Clock = std::chrono::steady_clock;
  auto next_word = Clock::now();
  while (!stopping_) {
    if (mosquitto_loop(client_, 50, 10) != MOSQ_ERR_SUCCESS) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      mosquitto_reconnect(client_);
      continue;
    }
    Lock lock(mutex_);
    if (!connected_ || Clock::now() < next_word) continue;
    admitted_ ? say_status() : say_hello();
    next_word = Clock::now() + std::chrono::milliseconds(admitted_ ? 2000 : 1000);
  }
}

void ScriptedDevice::on_connect() {
  Lock lock(mutex_);
  connected_ = true;
  for (const char* leaf : {"admission", "desired"})
    mosquitto_subscribe(client_, nullptr, ("pipit/" + options_.name + "/" + leaf).c_str(), 1);
  say_hello();
}

void ScriptedDevice::on_message(const std::string& topic, Bytes payload) {
  Lock lock(mutex_);
  if (topic.ends_with("/admission")) on_admission(payload);
  if (topic.ends_with("/desired")) on_desired(payload);
}

void ScriptedDevice::on_admission(Bytes payload) {
  link::Admission admission;
  if (!link::decode(payload, admission).ok() || admission.boot_id != options_.boot_id) return;
  admitted_ = admission.admitted;
  admitted_ ? ++seen_.admissions : ++seen_.refusals;
  if (!admitted_) seen_.refusal = admission.reason;
  if (!admitted_) return;
  say_status();
  if (pending_desired_.empty()) return;
  const std::vector<u8> pending = std::move(pending_desired_);
  pending_desired_.clear();
  on_desired(pending);
}

void ScriptedDevice::on_desired(Bytes payload) {
  if (!admitted_) {
    pending_desired_.assign(payload.begin(), payload.end());
    return;
  }
  link::Desired desired;
  if (!link::decode(payload, desired).ok()) return;
  seen_.generation = desired.generation;
  const std::string instance(desired.instance);
  if (!desired.app) {
    ++seen_.desired_nothing;
    if (active_.state == link::AppState::running) seen_.interrupted = true;
    active_ = next_ = App();
    seen_.active.clear();
    return say_status();
  }
  const bool known = (active_.instance == instance && active_.attempt == desired.attempt &&
                      active_.state == link::AppState::running) ||
                     (next_.instance == instance && next_.attempt == desired.attempt);
  if (known) return;
  ++seen_.desired;
  seen_.attempt = desired.attempt;
  link::Manifest manifest;
  if (!link::decode(desired.manifest, manifest).ok()) return;
  next_ = App{instance, std::string(manifest.name), std::string(manifest.version), desired.attempt,
              link::AppState::fetching};
  const std::string behaviour(desired.argument_count > 0 ? desired.arguments[0] : "");
  for (u32 i = 0; i < manifest.blob_count; ++i) next_.total += manifest.blobs[i].size;
  say_status();
  if (!fetch(manifest)) {
    next_.state = link::AppState::failed;
    next_.reason = link::Reason::digest_mismatch;
    return say_status();
  }
  start_next(behaviour);
}

bool ScriptedDevice::fetch(const link::Manifest& manifest) {
  for (u32 i = 0; i < manifest.blob_count; ++i) {
    const std::string hex = support::hex(manifest.blobs[i].digest);
    std::string data;
    while (data.size() < manifest.blobs[i].size) {
      support::HttpRequest request;
      request.url = "http://127.0.0.1:" + std::to_string(options_.blob_port) + "/blobs/sha256:" + hex;
      request.headers = {
          "Range: bytes=" + std::to_string(data.size()) + "-" + std::to_string(data.size() + kBlockBytes - 1),
          "X-Pipit-Device: " + options_.name};
      auto response = support::http(request);
      if (!response.ok() || response->status != 206 || response->body.empty()) return false;
      data += response->body;
    }
    next_.fetched += static_cast<u32>(data.size());
    seen_.bytes_fetched += data.size();
    if (support::sha256_hex(as_bytes(data)) != hex) return false;
  }
  return true;
}

void ScriptedDevice::start_next(const std::string& behaviour) {
  next_.state = link::AppState::starting;
  say_status();
  if (behaviour == "trap" || next_.version == "trap") {
    log_line(next_, "about to trap");
    next_.state = link::AppState::failed;
    next_.reason = link::Reason::trapped;
    seen_.last_failure = next_.instance;
    return say_status();
  }
  log_line(next_, "hello from " + next_.version);
  if (behaviour == "exit") {
    next_.state = link::AppState::exited;
    return say_status();
  }
  if (active_.state == link::AppState::running) ++seen_.handovers;
  active_ = std::move(next_);
  active_.state = link::AppState::running;
  next_ = App();
  seen_.active = active_.instance;
  seen_.active_version = active_.version;
  say_status();
}

void ScriptedDevice::say_hello() {
  link::Hello hello;
  hello.device = options_.name;
  hello.boot_id = options_.boot_id;
  hello.board = "scripted";
  hello.arch = "riscv32";
  hello.firmware = "0.1.0";
  hello.token = options_.token;
  hello.ram_bytes = 262144;
  hello.app_ram_bytes = 131072;
  hello.slot_bytes = 1 << 20;
  u8 buffer[512];
  if (const auto encoded = link::encode(hello, buffer); encoded.ok()) send("hello", *encoded, false);
}

link::DeviceStatus ScriptedDevice::status_now(bool online) const {
  const auto app = [](const App& from) {
    link::AppStatus out;
    out.instance = from.instance;
    out.name = from.name;
    out.version = from.version;
    out.attempt = from.attempt;
    out.state = from.state;
    out.reason = from.reason;
    out.fetched_bytes = from.fetched;
    out.total_bytes = from.total;
    if (from.state == link::AppState::exited) out.exit_code = 3;
    if (from.reason != link::Reason::trapped) return out;
    out.message = "unreachable";
    out.trap_func = "run";
    out.trap_index = 7;
    out.trap_offset = 0x1a2;
    return out;
  };
  link::DeviceStatus status;
  status.online = online;
  status.boot_id = options_.boot_id;
  status.boot_count = 1;
  status.generation = seen_.generation;
  status.active = app(active_);
  status.next = app(next_);
  status.handovers = seen_.handovers;
  return status;
}

void ScriptedDevice::say_status() {
  u8 buffer[2048];
  if (const auto encoded = link::encode(status_now(true), buffer); encoded.ok())
    send("status", *encoded, true);
}

void ScriptedDevice::log_line(App& app, const std::string& text) {
  link::Log line;
  line.instance = app.instance;
  line.sequence = app.lines++;
  line.uptime_ms = static_cast<u64>(std::chrono::steady_clock::now().time_since_epoch().count()) / 1'000'000;
  line.text = text;
  u8 buffer[512];
  if (const auto encoded = link::encode(line, buffer); encoded.ok()) send("log", *encoded, false);
}

void ScriptedDevice::print(const std::string& text) {
  Lock lock(mutex_);
  log_line(active_, text);
}

ScriptedDevice::Seen ScriptedDevice::seen() {
  Lock lock(mutex_);
  return seen_;
}

void ScriptedDevice::send(std::string_view leaf, Bytes payload, bool retain) {
  const std::string topic = "pipit/" + options_.name + "/" + std::string(leaf);
  mosquitto_publish(client_, nullptr, topic.c_str(), static_cast<int>(payload.size()), payload.data(), 1,
                    retain);
}

}  // namespace pipit::gateway
