#pragma once
#include "agent/device_clock.h"
#include "agent/mqtt.h"
#include "agent/supervisor.h"
#include "link/device_name.h"

namespace pipit::agent {

/// What a platform has measured of its memory.
struct MemoryReport {
  u32 static_bytes = 0;      ///< all that the linker placed but the stack, the agent's memory included
  u32 stack_peak_bytes = 0;  ///< most of the stack ever used
  u32 heap_peak_bytes =
      0;  ///< most ever used of the network's pools (part of static_bytes where those are static)
};
class MemoryProbe {
 public:
  virtual MemoryReport measure() = 0;

 protected:
  ~MemoryProbe() = default;
};

/// The conversation with the gateway: hello until admitted, then desired state and frames in, status, logs
/// and results out.
class Session final : public Uplink, private MqttEvents {
 public:
  struct Parts {
    DeviceClock& clock;
    ports::Entropy& entropy;
    ports::Console& console;
    ports::Network& network;
    MemoryProbe* memory;
    const Fetch& fetch;
    Mqtt::Buffers buffers;
    link::DeviceConfig config;
    link::Hello hello;  ///< what stays the same; device, boot id and boot count are filled in
  };
  explicit Session(const Parts& parts);
  Session(const Session&) = delete;

  /// Before the first step().
  void attach(Supervisor& supervisor) { supervisor_ = &supervisor; }
  bool step();

  std::string_view device() const { return device_.view(); }
  u64 boot_id() const { return boot_id_; }
  bool admitted() const { return admitted_; }
  bool refused() const { return refused_; }
  bool connected() const { return mqtt_.connected(); }
  void fill(link::DeviceStatus& out) const;

  bool telemetry(const link::TelemetryMessage& message) override;
  void log(const link::Log& line) override;
  void status_changed() override { status_due_ = true; }
  void note(std::string_view text) override;

 private:
  void on_connected() override;
  void on_disconnected() override;
  void on_message(std::string_view topic, Bytes payload) override;
  void on_oversized(std::string_view topic, u32 bytes) override;

  void take_admission(Bytes payload);
  void take_desired(Bytes payload);
  void take_frame(std::string_view sensor, Bytes payload);
  void leave();
  void say_hello();
  void note_losses();
  void publish_status();
  bool subscribe_step();
  template <class T>
  bool send(std::string_view leaf, const T& message, u8 qos, bool retain, usize reserve);
  std::string_view topic(std::string_view leaf);

  Parts parts_;
  Supervisor* supervisor_ = nullptr;
  link::DeviceName device_;
  u64 boot_id_ = 0;
  FixedText<40> client_id_;
  FixedText<32> will_topic_;
  FixedText<128> topic_;
  u8 will_[24];
  Mqtt mqtt_;

  bool admitted_ = false, refused_ = false;
  u64 unadmitted_since_ms_ = 0;
  bool listens_admission_ = false, listens_desired_ = false, listens_sensors_ = false;
  u64 hello_ms_ = 0;  ///< when the next is due
  bool status_due_ = false;
  u64 status_ms_ = 0;                      ///< when the last was sent
  u32 lines_lost_ = 0, results_lost_ = 0;  ///< since they were last told of
};

}  // namespace pipit::agent
