#pragma once
#include <atomic>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "link/messages.h"

struct mosquitto;

namespace pipit::gateway {

/// A device for tests that speaks the real link: MQTT with a last will, blobs over HTTP with Range, digests
/// checked. Only the application is scripted, by the Pod's first argument: "trap" fails at start, "exit" ends
/// with code 3, anything else runs and prints.
class ScriptedDevice {
 public:
  struct Options {
    std::string name, token;
    u16 broker_port = 0, blob_port = 0;
    u64 boot_id = 0;
  };
  explicit ScriptedDevice(Options options);
  /// Goes like a pulled plug: no word of farewell, the broker sends the last will.
  ~ScriptedDevice();
  ScriptedDevice(const ScriptedDevice&) = delete;
  ScriptedDevice& operator=(const ScriptedDevice&) = delete;

  /// What has been seen, under a lock.
  struct Seen {
    u32 admissions = 0, refusals = 0;
    std::string refusal;
    u32 desired = 0;          ///< desired states that changed something
    u32 desired_nothing = 0;  ///< those with app == false
    u64 generation = 0;
    std::string active, active_version;  ///< instance that answers, and its package's version
    bool interrupted = false;            ///< an application that answered was ended without a successor
    u32 attempt = 0;
    u32 handovers = 0;
    u64 bytes_fetched = 0;
    std::string last_failure;
  };
  Seen seen();
  /// Prints a line from the active application.
  void print(const std::string& text);

 private:
  friend struct ScriptedDeviceAdapter;
  struct App {
    std::string instance, name, version;
    u32 attempt = 0;
    link::AppState state = link::AppState::none;
    link::Reason reason = link::Reason::none;
    u32 fetched = 0, total = 0, lines = 0;
  };
  void on_connect();
  void on_message(const std::string& topic, Bytes payload);
  void on_admission(Bytes payload);
  void on_desired(Bytes payload);
  bool fetch(const link::Manifest& manifest);
  void start_next(const std::string& behaviour);
  void say_hello();
  void say_status();
  void log_line(App& app, const std::string& text);
  void send(std::string_view leaf, Bytes payload, bool retain);
  link::DeviceStatus status_now(bool online) const;
  void run();

  Options options_;
  mosquitto* client_ = nullptr;
  std::recursive_mutex mutex_;
  Seen seen_;
  App active_, next_;
  bool admitted_ = false, connected_ = false;
  std::vector<u8> pending_desired_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace pipit::gateway
