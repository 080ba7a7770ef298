#pragma once
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/types.h"
#include "support/error.h"

struct mosquitto;

namespace pipit::gateway {

/// One connection to an MQTT broker that comes back by itself. The only file that knows libmosquitto is its
/// .cpp.
class Mqtt {
 public:
  struct Options {
    std::string host;
    u16 port = 0;
    std::string client_id;
    std::vector<std::string> topics;  ///< subscribed after each connect
  };
  /// Called on the connection's own thread.
  struct Handlers {
    std::function<void(bool connected)> state;
    std::function<void(std::string topic, std::vector<u8> payload, bool retained)> message;
  };
  static constexpr usize kMaxPayloadBytes = 64 * 1024;  ///< larger messages are dropped

  /// Begins to connect; an unreachable broker is no error, it is tried again.
  static support::Result<std::unique_ptr<Mqtt>> start(Options options, Handlers handlers);
  ~Mqtt();
  Mqtt(const Mqtt&) = delete;
  Mqtt& operator=(const Mqtt&) = delete;

  /// At least once. False when there is no connection: say it again after the next one.
  bool publish(const std::string& topic, Bytes payload, bool retain);
  bool connected() const { return connected_; }

 private:
  friend struct MqttAdapter;
  Mqtt(Options options, Handlers handlers) : options_(std::move(options)), handlers_(std::move(handlers)) {}

  void run();
  void pause(u32 ms);

  Options options_;
  Handlers handlers_;
  mosquitto* client_ = nullptr;
  std::atomic<bool> connected_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace pipit::gateway
