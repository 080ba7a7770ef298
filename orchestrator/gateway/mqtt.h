#pragma once
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "orchestrator/gateway/mqtt_tls.h"

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
    std::unique_ptr<MqttTls> tls;     ///< null: in the clear
  };
  /// Called on the connection's own thread.
  struct Handlers {
    /// Also when the reason changes for which there is no connection; `why` is empty when there is one.
    std::function<void(bool connected, const std::string& why)> state;
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
  void disconnected(int code);
  std::string why(int code) const;

  Options options_;
  Handlers handlers_;
  mosquitto* client_ = nullptr;
  std::string words_;           ///< what was said of the connection under way; its thread's alone
  std::string refusal_;         ///< the broker's own, likewise
  bool was_connected_ = false;  ///< this connection, likewise
  std::string told_;            ///< the reason that was told last
  std::atomic<bool> connected_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace pipit::gateway
