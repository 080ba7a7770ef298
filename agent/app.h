#pragma once
#include "agent/failure.h"
#include "agent/native.h"
#include "agent/platform.h"
#include "agent/store.h"
#include "base/arena.h"
#include "wasi/context.h"

namespace pipit::agent {

class App;

/// What applications need of the device around them.
class AppHost {
 public:
  virtual Result<u32> open_sensor(App& app, std::string_view name) = 0;
  virtual Result<bool> read_frame(App& app, u32 handle, MutBytes out, ports::FrameInfo& info) = 0;
  virtual Result<bool> publish(App& app, std::string_view name, u32 sequence, Bytes payload) = 0;
  /// One line without its end; longer ones come in pieces.
  virtual void print(App& app, bool error, std::string_view line) = 0;

 protected:
  ~AppHost() = default;
};

/// Gathers what an application writes into lines.
class LineConsole final : public ports::Console {
 public:
  LineConsole(App& app, bool error) : app_(app), error_(error) {}
  void write(Bytes text) override;
  /// Hands over a last line that has no end.
  void flush();

 private:
  App& app_;
  bool error_;
  FixedText<160> line_;
};

/// How an application is started: what was asked for, in the application's own memory.
struct Launch {
  link::Desired desired;     ///< without manifest
  Bytes encoded;             ///< the same, as it is stored
  Sha256::Digest package{};  ///< of the encoded manifest: which package it is
  FixedText<link::kMaxNameBytes> name, version;
};

/// One application: its launch, package, linear memory, engine stack and activations, all in one region of
/// memory and one slot of flash. Two of them take turns.
class App final : private ports::Sensor, private ports::Telemetry {
 public:
  /// `platform` may be null.
  App(u32 index, MutBytes memory, ports::Clock& clock, ports::Entropy& entropy, AppHost& host,
      Platform* platform = nullptr, const NativeSupport& native = {});
  App(const App&) = delete;

  /// Takes a copy of what is asked for, dropping whatever was here before. Also keeps a copy of the encoded
  /// manifest until start(). False, with failure(), when it is malformed or too large.
  bool adopt(const link::Desired& desired, Bytes manifest);
  /// Checks what the manifest says against this device, before anything is fetched: memory, slot, imports.
  bool check(const Store& store);
  /// Loads module and models in place from `slot` (whose digests were checked), instantiates and begins
  /// `_start`.
  bool start(const Store& store, u32 slot);
  /// Runs for at most `fuel`; true while it has more to do that waits for nobody.
  bool step(u64 fuel);
  /// Ends it with `state` (failed: for `why`); memory is free again but for the launch.
  void end(link::AppState state);
  void fail(link::Reason why, const Error& error);
  void fail(link::Reason why, std::string_view message);
  /// As before adopt().
  void clear();

  u32 index() const { return index_; }
  u32 slot() const { return slot_; }
  void set_slot(u32 slot) { slot_ = slot; }
  link::AppState state() const { return state_; }
  void set_state(link::AppState state) { state_ = state; }
  /// Instantiated, neither ended nor failed.
  bool alive() const { return instance_ != nullptr; }
  /// Asked for a frame and got none: between two frames.
  bool waiting_for_frame() const { return waiting_for_frame_; }
  bool reached_first_read() const { return context_.reached_first_read; }
  u64 started_ms() const { return started_ms_; }
  const Launch& launch() const { return launch_; }
  /// The copy adopt() kept; empty after start().
  Bytes manifest() const { return manifest_; }
  bool same(const link::Desired& desired, const Sha256::Digest& package) const;
  const Failure& failure() const { return failure_; }
  u32 next_line() { return lines_++; }
  usize memory_used() const { return arena_.used(); }
  usize memory_bytes() const { return arena_.capacity(); }
  void fill(link::AppStatus& out) const;

  LineConsole& out() { return out_; }
  AppHost& host() { return host_; }

 private:
  Result<u32> open(std::string_view name) override { return host_.open_sensor(*this, name); }
  Result<bool> read(u32 handle, MutBytes out, ports::FrameInfo& info) override;
  Result<bool> publish(std::string_view name, u32 sequence, Bytes payload) override {
    return host_.publish(*this, name, sequence, payload);
  }

  bool load_models(const Store& store, const link::Manifest& manifest);
  bool load_module(Bytes code, Bytes native, const link::Manifest& manifest);
  bool fail_module(const Error& error);
  bool instantiate(const wasm::ValidModule& module, Bytes native, wasm::InstanceConfig& config,
                   const link::Manifest& manifest);
  void trapped();

  u32 index_;
  AppHost& host_;
  Arena arena_;
  LineConsole out_, err_;
  wasi::Context context_;
  ports::Clock& clock_;
  ports::Entropy& entropy_;
  Platform* platform_;
  bool equipped_ = false;
  const NativeSupport native_;
  bool runs_native_ = false;
  wasm::Instance* instance_ = nullptr;
  Launch launch_;
  Bytes manifest_;
  usize launch_mark_ = 0;  ///< of the arena, behind the launch
  u32 slot_ = 0;
  link::AppState state_ = link::AppState::none;
  Failure failure_;
  bool waiting_for_frame_ = false;
  u32 exit_code_ = 0;
  u32 lines_ = 0;
  u64 started_ms_ = 0;
  std::span<wasi::NamedModel> models_;
};

}  // namespace pipit::agent
