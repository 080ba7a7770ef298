#pragma once
#include <memory>
#include <optional>

#include "agent/supervisor.h"
#include "agent/tests/fakes.h"

/// A device without a broker: the supervisor with everything it uses, told directly what is desired.
namespace pipit::agent::testing {

class RecordingUplink final : public Uplink {
 public:
  struct Result {
    std::string instance, version;
    u32 sequence;
    Buffer payload;
  };
  std::vector<Result> results;
  std::vector<std::string> lines, notes;
  bool full = false;

  bool telemetry(const link::TelemetryMessage& message) override {
    if (full) return false;
    results.push_back({std::string(message.instance), std::string(message.version), message.sequence,
                       Buffer(message.payload.begin(), message.payload.end())});
    return true;
  }
  void log(const link::Log& line) override {
    u32& expected = lines_of_[std::string(line.instance)];
    EXPECT_TRUE(line.sequence == expected || line.sequence == 0) << "each start counts from 0";
    expected = line.sequence + 1;
    lines.push_back(std::string(line.text));
  }
  void status_changed() override {}
  void note(std::string_view text) override { notes.emplace_back(text); }

 private:
  std::map<std::string, u32> lines_of_;
};

class TestDevice {
 public:
  static constexpr u32 kArenaBytes = 48 * 1024;
  /// Without a runtime: it is the platform that is given the native code.
  static constexpr NativeSupport kNative{nullptr, {kNativeTarget, 0}};

  TestDevice(CutFlash& flash, const Blobs& blobs, Platform* platform = nullptr)
      : stream(blobs),
        arena(memory),
        store(*Store::open(flash, default_layout(flash), kNative.target())),
        frames(*FrameQueue::create(8, 64, arena)),
        fetch(clock, entropy, stream, flash, fetch_buffer, 4096),
        apps{{0, {arenas[0].data(), kArenaBytes}, clock, entropy, supervisor, platform, kNative},
             {1, {arenas[1].data(), kArenaBytes}, clock, entropy, supervisor, platform, kNative}},
        supervisor({clock, store, fetch, frames, uplink, {&apps[0], &apps[1]}, 2000, platform}) {
    fetch.set_server({{127, 0, 0, 1}, 80, "waiot-1"});
    supervisor.boot();
  }

  void desire(const std::string& instance, const Package& package, u32 attempt = 0,
              std::initializer_list<std::string_view> arguments = {}) {
    link::Desired desired;
    desired.generation = ++generation;
    desired.app = true;
    desired.instance = instance;
    desired.attempt = attempt;
    desired.manifest = package.manifest;
    for (const auto argument : arguments) desired.arguments[desired.argument_count++] = argument;
    supervisor.desire(desired);
  }
  void desire_nothing() {
    link::Desired desired;
    desired.generation = ++generation;
    supervisor.desire(desired);
  }
  void run(u32 steps = 400) {
    for (u32 i = 0; i < steps; ++i) {
      supervisor.step();
      clock.now_ms += 1;
    }
  }
  void frame(u32 sequence, u8 first = 1) {
    const u8 data[4] = {first, 2, 3, 4};
    supervisor.frame("camera", {sequence, DType::u8, 1, {4}, data});
  }
  link::DeviceStatus status() {
    link::DeviceStatus out;
    supervisor.fill(out);
    return out;
  }
  /// Sends a frame and says which version answered it, '-' when none did.
  char answers(u32 sequence) {
    frame(sequence);
    run();
    for (const auto& result : uplink.results)
      if (result.sequence == sequence) return static_cast<char>(result.payload[0]);
    return '-';
  }

  FakeClock clock;
  SeededEntropy entropy;
  BlobStream stream;
  RecordingUplink uplink;
  u8 memory[4096];
  u8 fetch_buffer[1024];
  std::vector<u8> arenas[2] = {std::vector<u8>(kArenaBytes), std::vector<u8>(kArenaBytes)};
  Arena arena;
  Store store;
  FrameQueue frames;
  Fetch fetch;
  App apps[2];
  Supervisor supervisor;
  u64 generation = 0;
};

}  // namespace pipit::agent::testing
