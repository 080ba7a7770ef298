#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "wasi/context.h"

/// Calls host functions from a real guest (probe.c) with any arguments.
namespace pipit::wasi::testing {

struct FakeClock final : ports::Clock {
  u64 ms = 1000, ticks = 0;
  u64 uptime_ms() override { return ms; }
  u64 realtime_ns() override { return 1'700'000'000'000'000'000 + ms * 1'000'000; }
  u64 instructions() override { return ticks += 10; }
};

struct FakeConsole final : ports::Console {
  std::string text;
  void write(Bytes bytes) override { text += as_text(bytes); }
};

struct FakeEntropy final : ports::Entropy {
  void fill(MutBytes out) override { std::ranges::fill(out, u8{0xA5}); }
};

struct FakeInput final : Input {
  std::string text;
  bool ended = false;
  bool ready() override { return ended || !text.empty(); }
  Result<usize> read(MutBytes out) override {
    if (!ready()) return Error{Code::unavailable, "nothing yet"};
    const usize count = std::min(out.size(), text.size());
    std::memcpy(out.data(), text.data(), count);
    text.erase(0, count);
    return count;
  }
};

struct FakeSensor final : ports::Sensor {
  std::deque<std::vector<u8>> frames;
  u32 next = 0;
  bool ended = false;
  Result<u32> open(std::string_view name) override {
    if (name != "camera") return Error{Code::not_found, "no such sensor"};
    return 7u;
  }
  Result<bool> read(u32 handle, MutBytes out, ports::FrameInfo& info) override {
    if (handle != 7) return Error{Code::not_found, "no such handle"};
    if (frames.empty() && ended) return Error{Code::cancelled, "ended"};
    if (frames.empty()) return false;
    if (frames.front().size() > out.size()) return Error{Code::out_of_range, "too small"};
    std::ranges::copy(frames.front(), out.begin());
    info = {.sequence = next++,
            .dtype = DType::i8,
            .rank = 2,
            .shape = {2, 3},
            .bytes = 6,
            .timestamp_ms = 0x1'0000'0001};
    frames.pop_front();
    return true;
  }
};

struct FakeTelemetry final : ports::Telemetry {
  struct Sent {
    std::string name;
    u32 sequence;
    std::vector<u8> payload;
  };
  usize room = 100;
  std::vector<Sent> sent;
  Result<bool> publish(std::string_view name, u32 sequence, Bytes payload) override {
    if (sent.size() >= room) return false;
    sent.push_back({std::string(name), sequence, {payload.begin(), payload.end()}});
    return true;
  }
};

/// A guest whose memory and calls belong to the test. Fill `context` in before the first call.
class Probe {
 public:
  Probe() : storage_(1u << 20), model_storage_(1u << 20), arena_(storage_), model_arena_(model_storage_) {
    context.clock = &clock;
    context.out = &out;
    context.err = &err;
    context.entropy = &entropy;
    context.in = &in;
    context.sensor = &sensor;
    context.telemetry = &telemetry;
    context.arena = &model_arena_;
    context.descriptors = descriptors_;
  }

  wasm::Instance& instance() {
    if (instance_ != nullptr) return *instance_;
    std::ifstream file(PIPIT_WASM_FOLDER "/probe.wasm", std::ios::binary);
    code_.assign(std::istreambuf_iterator<char>(file), {});
    auto module = wasm::ValidModule::load(code_, arena_);
    PIPIT_CHECK(module.ok());
    tables_.emplace_back(context);
    auto made = wasm::Instance::create(*module, tables_[0].span(), {.stack_bytes = 4096}, arena_);
    PIPIT_CHECK(made.ok());
    return *(instance_ = *made);
  }

  /// Starts a call; resume() until it is answered.
  void start(const char* name, const std::vector<u64>& arguments) {
    std::vector<wasm::Value> values;
    for (const u64 argument : arguments) values.push_back({.bits = argument});
    const auto function = instance().module().exported_function(name);
    ASSERT_TRUE(function.ok()) << name;
    const auto status = instance().start(*function, values);
    ASSERT_TRUE(status.ok()) << name << ": " << status.error().message;
  }
  wasm::RunState resume() { return instance().resume(); }
  u32 answer() { return instance().results()[0].u32_; }

  /// The errno of a call that never waits; 1000 when it trapped, 1001 when it waits.
  u32 call(const char* name, const std::vector<u64>& arguments) {
    start(name, arguments);
    const wasm::RunState state = resume();
    if (state == wasm::RunState::pending) return 1001;
    return state == wasm::RunState::finished ? answer() : 1000;
  }

  MutBytes memory() { return instance().memory(); }
  template <class T>
  void poke(u32 address, T value) {
    std::memcpy(&memory()[address], &value, sizeof value);
  }
  void poke_text(u32 address, std::string_view text) {
    std::memcpy(&memory()[address], text.data(), text.size());
  }
  template <class T>
  T peek(u32 address) {
    T value;
    std::memcpy(&value, &memory()[address], sizeof value);
    return value;
  }
  std::string text(u32 address, u32 size) { return std::string(as_text(memory().subspan(address, size))); }

  FakeClock clock;
  FakeConsole out, err;
  FakeEntropy entropy;
  FakeInput in;
  FakeSensor sensor;
  FakeTelemetry telemetry;
  Context context;

 private:
  std::vector<u8> storage_, model_storage_, code_;
  Arena arena_, model_arena_;
  std::vector<Descriptor> descriptors_{16};
  std::deque<HostTables> tables_;
  wasm::Instance* instance_ = nullptr;
};

}  // namespace pipit::wasi::testing
