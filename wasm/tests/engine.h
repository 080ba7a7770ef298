#pragma once
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "wasm/instance.h"
#include "wasm/register/translate.h"

/// What the engine's tests share: test modules built from wasm/tests, and an instance in memory of its own.
namespace pipit::wasm::test {

inline std::vector<u8> read_module(const std::string& name) {
  std::ifstream file(std::string(PIPIT_WASM_TEST_MODULES) + "/" + name + ".wasm", std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline Value value(i32 number) {
  Value result{};
  result.i32_ = number;
  return result;
}
inline Value value(u32 number) { return value(static_cast<i32>(number)); }
inline Value value(i64 number) {
  Value result{};
  result.i64_ = number;
  return result;
}
inline Value value(f32 number) {
  Value result{};
  result.f32_ = number;
  return result;
}

/// The host functions that calls.wat imports.
struct Host {
  u32 adds = 0;
  u32 waits_left = 0;  ///< how often "wait" is pending before it answers 2 * its argument
  u32 asked = 0;

  static HostAction add(void* context, Instance&, Value* values) {
    ++static_cast<Host*>(context)->adds;
    values[0].u32_ += values[1].u32_;
    return HostAction::done;
  }
  static HostAction wait(void* context, Instance&, Value* values) {
    Host& host = *static_cast<Host*>(context);
    ++host.asked;
    if (host.waits_left != 0) {
      --host.waits_left;
      return HostAction::pending;
    }
    values[0].i64_ *= 2;
    return HostAction::done;
  }
  /// 0 is done, 1 traps, everything else exits with that code.
  static HostAction act(void*, Instance& instance, Value* values) {
    if (values[0].u32_ == 0) return HostAction::done;
    if (values[0].u32_ == 1) return HostAction::trap;
    instance.set_exit_code(values[0].u32_);
    return HostAction::exit;
  }
};

constexpr HostFunction kHostFunctions[] = {
    {"test", "add", "ii:i", Host::add},
    {"test", "wait", "I:I", Host::wait},
    {"test", "act", "i:", Host::act},
};

/// The engine that the running test is about; tests that are about none take the one in place.
inline const wasm::Engine* engine_under_test = &kInPlaceEngine;

/// Base of tests that run once in each engine.
class InEveryEngine : public ::testing::TestWithParam<const wasm::Engine*> {
 protected:
  void SetUp() override { engine_under_test = GetParam(); }
  void TearDown() override { engine_under_test = &kInPlaceEngine; }
};
inline const auto kEveryEngine = ::testing::Values(&kInPlaceEngine, &kRegisterEngine);
inline std::string engine_name(const ::testing::TestParamInfo<const wasm::Engine*>& info) {
  return info.param == &kRegisterEngine ? "Register" : "InPlace";
}

/// A module and an instance of it.
class Engine {
 public:
  explicit Engine(const std::string& name, InstanceConfig config = {}, usize arena_bytes = 1 << 20)
      : code_(read_module(name)), memory_(arena_bytes), arena_(memory_) {
    auto module = ValidModule::load(code_, arena_);
    EXPECT_TRUE(module.ok()) << module.error().message << " at " << module.error().where;
    module_ = std::make_unique<ValidModule>(*module);
    const HostTable tables[] = {{kHostFunctions, &host}};
    config.engine = engine_under_test;
    if (engine_under_test == &kRegisterEngine) {
      auto translated = translate_in(*module_, arena_);
      EXPECT_TRUE(translated.ok()) << translated.error().message << " at " << translated.error().where;
      if (translated.ok()) config.code = *translated;
    }
    auto instance = Instance::create(*module_, tables, config, arena_);
    EXPECT_TRUE(instance.ok()) << instance.error().message;
    if (instance.ok()) instance_ = *instance;
  }

  Instance& instance() { return *instance_; }
  Instance* operator->() { return instance_; }
  Arena& arena() { return arena_; }
  u32 function(std::string_view name) { return *module_->exported_function(name); }

  void start(std::string_view name, std::initializer_list<Value> arguments = {}) {
    const Status status = instance_->start(function(name), arguments);
    EXPECT_TRUE(status.ok()) << status.error().message;
  }
  RunState run(std::string_view name, std::initializer_list<Value> arguments = {}, u64 fuel = ~u64{0}) {
    start(name, arguments);
    return instance_->resume(fuel);
  }
  /// The single result of a call that finishes.
  Value call(std::string_view name, std::initializer_list<Value> arguments = {}) {
    EXPECT_EQ(run(name, arguments), RunState::finished) << trap_text(instance_->trap().kind);
    return instance_->results().empty() ? Value{} : instance_->results()[0];
  }
  /// The trap of a call that traps.
  TrapKind trap(std::string_view name, std::initializer_list<Value> arguments = {}) {
    EXPECT_EQ(run(name, arguments), RunState::trapped) << name;
    return instance_->trap().kind;
  }

  Host host;

 private:
  std::vector<u8> code_, memory_;
  Arena arena_;
  std::unique_ptr<ValidModule> module_;
  Instance* instance_ = nullptr;
};

}  // namespace pipit::wasm::test
