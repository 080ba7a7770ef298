#pragma once
#include "agent/app.h"
#include "agent/fetch.h"
#include "agent/frame_queue.h"
#include "agent/store.h"

namespace pipit::agent {

/// Where results and log lines leave the device.
class Uplink {
 public:
  /// True when taken (or given up because nobody has been there for long), false: ask again later.
  virtual bool telemetry(const link::TelemetryMessage& message) = 0;
  virtual void log(const link::Log& line) = 0;
  /// Something that a status message tells has changed.
  virtual void status_changed() = 0;
  /// One line for whoever looks at the device's console.
  virtual void note(std::string_view text) = 0;

 protected:
  ~Uplink() = default;
};

/// Brings the device to its desired state, level-triggered: at most one application is active, and at most
/// one is on its way to replace it. The successor is checked, fetched into the slot the active one does not
/// use, verified and started in the other region of memory, while the active one goes on answering; it takes
/// over once it has asked for its first frame (or ran for a while without reading any) and the active one is
/// between two frames. Whatever fails on the way, the active one stays.
class Supervisor final : public AppHost {
 public:
  struct Parts {
    ports::Clock& clock;
    Store& store;
    Fetch& fetch;
    FrameQueue& frames;
    Uplink& uplink;
    App* apps[2];
    u64 fuel_slice;
    Platform* platform = nullptr;
  };
  explicit Supervisor(const Parts& parts) : parts_(parts) {}
  Supervisor(const Supervisor&) = delete;

  /// Counts this start-up in flash and starts what was active, without being told.
  void boot();
  void desire(const link::Desired& desired);
  /// Stops everything at once. `forget`: also after a restart.
  void stop_all(bool forget);
  bool step();

  /// A frame arrived for sensor `name`.
  void frame(std::string_view name, const link::SensorFrame& frame);
  void frame_refused() { ++frames_received_, ++frames_dropped_; }

  u32 boot_count() const { return boot_count_; }
  void fill(link::DeviceStatus& out);

 private:
  enum class Phase : u8 {
    idle,
    checking,
    reusing,
    erasing,
    fetching,
    starting,
    ready,
    leaving
  };  ///< leaving: next() is whom active() has replaced

  Result<u32> open_sensor(App& app, std::string_view name) override;
  Result<bool> read_frame(App& app, u32 handle, MutBytes out, ports::FrameInfo& info) override;
  Result<bool> publish(App& app, std::string_view name, u32 sequence, Bytes payload) override;
  void print(App& app, bool error, std::string_view line) override;

  App& active() { return *parts_.apps[active_]; }
  App& next() { return *parts_.apps[1 - active_]; }
  bool has_active() {
    return active().state() != link::AppState::none && active().state() != link::AppState::stopped;
  }
  void enter(Phase phase);
  void drop_next();
  void next_failed();

  bool next_step();
  void check_step();
  void reuse_step();
  void erase_step();
  void fetch_step();
  void fetch_blob(const link::Manifest& manifest);
  void start_step();
  bool run(App& app);
  bool successor_ready();
  Platform::Trial trial();
  void leave_step();
  void take_over();
  void first_result(u64 now);

  Parts parts_;
  u32 active_ = 0;
  Phase phase_ = Phase::idle;
  u64 phase_ms_ = 0;
  u64 generation_ = 0;
  u32 boot_count_ = 0;
  // The successor's way into flash.
  u32 slot_ = 0;
  SlotCheck check_;
  bool distrust_[kSlots] = {};  ///< a slot whose digests were found wrong since its last write
  u32 erased_bytes_ = 0;
  u32 blob_ = 0;
  u32 fetched_before_ = 0, total_bytes_ = 0;
  u32 active_fetched_bytes_ = 0;  ///< what the active one cost; 0 when its slot was reused
  // Figures.
  u32 frames_received_ = 0, frames_dropped_ = 0, frames_answered_ = 0;
  u64 last_result_instructions_ = 0;
  u32 frames_since_result_ = 0;
  bool any_result_ = false, handover_open_ = false;
  u32 handovers_ = 0, handover_frames_delayed_ = 0;
  u64 handover_instructions_ = 0;
  usize arena_peak_bytes_ = 0;
};

}  // namespace pipit::agent
