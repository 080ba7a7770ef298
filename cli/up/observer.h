#pragma once
#include <chrono>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "link/messages.h"
#include "support/error.h"

struct mosquitto;
struct mosquitto_message;

namespace pipit::up {

using Clock = std::chrono::steady_clock;

/// What a device said of itself when it dialled in.
struct DeviceFacts {
  std::string board, arch, firmware;
  bool persistent = false;
  u32 ram_bytes = 0, app_ram_bytes = 0, slot_bytes = 0, sensor_queue = 0;
};

/// A status message and the bytes its texts point into.
struct OwnedStatus {
  std::unique_ptr<std::vector<u8>> bytes;
  link::DeviceStatus status;
};

/// The first answer to a frame, and how many came.
struct Answer {
  Clock::time_point at;
  std::string version;
  u64 instructions = 0;
  std::vector<u8> payload;
  u32 count = 0;
};

/// Listens to every device on the broker, and plays the camera. Its callbacks run in libmosquitto's thread;
/// every method may be called from any thread.
class Observer {
 public:
  static support::Result<std::unique_ptr<Observer>> connect(u16 broker_port);
  ~Observer();
  Observer(const Observer&) = delete;

  /// QoS 1, to the device's sensor `name`.
  support::Status publish(const std::string& device, const std::string& name, const link::SensorFrame& frame);

  std::optional<DeviceFacts> facts(const std::string& device) const;
  std::optional<OwnedStatus> status(const std::string& device) const;
  std::optional<Answer> answer(const std::string& device, u32 sequence) const;
  /// Sequence number of the first answer of this version, at or after `from`.
  std::optional<u32> first_answer(const std::string& device, const std::string& version, u32 from) const;

 private:
  Observer() = default;
  static void on_connect(mosquitto* client, void* self, int code);
  static void on_message(mosquitto* client, void* self, const mosquitto_message* message);
  void take(std::string_view device, std::string_view leaf, Bytes payload);

  struct Device {
    std::optional<DeviceFacts> facts;
    std::vector<u8> status;
    u64 boot_id = 0;  ///< in that status
    std::map<u32, Answer> answers;
  };
  mosquitto* client_ = nullptr;
  mutable std::mutex mutex_;
  std::condition_variable connected_signal_;
  bool connected_ = false;
  std::map<std::string, Device, std::less<>> devices_;
};

}  // namespace pipit::up
