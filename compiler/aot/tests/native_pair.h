#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "compiler/aot/compile.h"
#include "host/native/native.h"
#include "support/files.h"
#include "wasm/engine.h"

/// For tests: a module in the interpreter and as native code.
namespace pipit::aot {

using wasm::Instance;
using wasm::RunState;
using wasm::TrapKind;
using wasm::Value;
namespace native = wasm::native;

/// What calls.wasm imports: `wait` answers at the second time of asking.
struct TestHost {
  u32 asked = 0;

  static wasm::HostAction add(void*, Instance&, Value* values) {
    values[0].u32_ = values[0].u32_ + values[1].u32_;
    return wasm::HostAction::done;
  }
  static wasm::HostAction wait(void* self, Instance&, Value* values) {
    if (++static_cast<TestHost*>(self)->asked % 2 == 1) return wasm::HostAction::pending;
    values[0].u64_ = values[0].u64_ * 2;
    return wasm::HostAction::done;
  }
  static wasm::HostAction act(void*, Instance& instance, Value* values) {
    if (values[0].u32_ == 0) return wasm::HostAction::trap;
    instance.set_exit_code(values[0].u32_);
    return wasm::HostAction::exit;
  }
};
inline constexpr wasm::HostFunction kFunctions[] = {{"test", "add", "ii:i", TestHost::add},
                                                    {"test", "wait", "I:I", TestHost::wait},
                                                    {"test", "act", "i:", TestHost::act}};

/// A module in both engines.
class Pair {
 public:
  explicit Pair(const std::string& path, Options options = {.effort = Effort::o2})
      : Pair(*support::read_file(path), std::move(options)) {}
  Pair(std::vector<u8> bytes, Options options) : space_(64u << 20), bytes_(std::move(bytes)), arena_(space_) {
    module_ = std::make_unique<wasm::ValidModule>(*wasm::ValidModule::load(bytes_, arena_));
    if (options.target.row == nullptr) options.target = *find_target("x86_64-linux", "");
    auto compiled = compile(bytes_, options);
    EXPECT_TRUE(compiled.ok()) << compiled.error().text;
    file_bytes = *compiled;
    file_ = std::make_unique<host::NativeFile>(*host::NativeFile::copy(*compiled));
    auto loaded = native::NativeModule::load(file_->bytes(), *module_, host::this_machine());
    EXPECT_TRUE(loaded.ok()) << loaded.error().message;
    code_ = std::make_unique<native::NativeCode>(*loaded, &host::fault_port());
    interpreted = make(&wasm::kInPlaceEngine, nullptr, interpreted_host_);
    compiled_ = make(&wasm::kNativeEngine, code_.get(), native_host_);
  }

  Instance& native() { return *compiled_; }
  const wasm::ValidModule& module() const { return *module_; }
  /// Calls an export in both engines with fuel in portions and expects the same outcome.
  void expect_same(const std::string& name, std::vector<Value> arguments, u64 portion = ~u64{0}) {
    const u32 func = *module_->exported_function(name);
    for (Instance* instance : {interpreted, compiled_}) {
      ASSERT_TRUE(instance->start(func, arguments).ok());
      for (u32 slices = 0; slices < 1'000'000; ++slices) {
        const RunState state = instance->resume(portion);
        if (state != RunState::paused && state != RunState::pending) break;
      }
    }
    ASSERT_EQ(interpreted->state(), compiled_->state()) << name;
    EXPECT_EQ(interpreted->trap().kind, compiled_->trap().kind) << name;
    if (interpreted->state() == RunState::trapped && interpreted->trap().kind != TrapKind::host) {
      EXPECT_EQ(interpreted->trap().func, compiled_->trap().func) << name;
      if (interpreted->trap().kind != TrapKind::call_stack_exhausted)
        EXPECT_EQ(interpreted->trap().offset, compiled_->trap().offset) << name;
    }
    const auto expected = interpreted->results(), actual = compiled_->results();
    ASSERT_EQ(expected.size(), actual.size());
    const auto types = module_->impl().results(module_->impl().funcs[func].type);
    for (usize i = 0; i < expected.size(); ++i) {
      const bool narrow = types[i] == 0x7F || types[i] == 0x7D;
      EXPECT_EQ(narrow ? expected[i].u32_ : expected[i].u64_, narrow ? actual[i].u32_ : actual[i].u64_)
          << name;
    }
  }

  std::vector<u8> file_bytes;
  Instance* interpreted = nullptr;

 private:
  Instance* make(const wasm::Engine* engine, const void* code, TestHost& host) {
    const wasm::HostTable table{kFunctions, &host};
    auto instance = Instance::create(
        *module_, {&table, 1},
        {.engine = engine, .code = code, .memory_space = memories_.space(), .stack_bytes = 256 * 1024},
        arena_);
    EXPECT_TRUE(instance.ok()) << instance.error().message;
    return *instance;
  }

  std::vector<u8> space_, bytes_;
  Arena arena_;
  TestHost interpreted_host_, native_host_;
  std::unique_ptr<wasm::ValidModule> module_;
  std::unique_ptr<host::NativeFile> file_;
  std::unique_ptr<native::NativeCode> code_;
  host::GuardedMemories memories_;
  Instance* compiled_ = nullptr;
};

inline const std::string kCalls = PIPIT_WASM_TEST_MODULES "/calls.wasm",
                         kMix = PIPIT_WASM_TEST_MODULES "/mix.wasm",
                         kLoads = PIPIT_AOT_TEST_MODULES "/loads.wasm",
                         kStores = PIPIT_AOT_TEST_MODULES "/stores.wasm",
                         kArrays = PIPIT_AOT_TEST_MODULES "/arrays.wasm",
                         kTables = PIPIT_AOT_TEST_MODULES "/tables.wasm",
                         kNests = PIPIT_AOT_TEST_MODULES "/nests.wasm";

/// Memory and globals after a trap are those of the interpreter.
inline void expect_same_state(Pair& pair) {
  wasm::Reader reader(pair.module().code(), pair.module().impl().exports_at);
  for (u32 i = 0; i < pair.module().impl().export_count; ++i) {
    const wasm::ExportEntry entry = wasm::read_export(reader);
    if (entry.kind != wasm::ExternKind::func || entry.name == "seen") continue;
    for (const u32 address : {128u, 65'400u, 65'500u, 65'521u, 65'524u, 65'530u, 65'536u, 0xFFFF'FFF0u})
      for (const u32 other : {1u, 2u, 23u, 61u}) {
        SCOPED_TRACE(std::string(entry.name) + "(" + std::to_string(address) + ", " + std::to_string(other) +
                     ")");
        pair.expect_same(std::string(entry.name), {{.u32_ = address}, {.u32_ = other}});
        pair.expect_same("seen", {});
        const MutBytes expected = pair.interpreted->memory(), actual = pair.native().memory();
        const auto [theirs, ours] = std::mismatch(expected.begin(), expected.end(), actual.begin());
        ASSERT_TRUE(theirs == expected.end()) << "memory at " << theirs - expected.begin();
      }
  }
}

}  // namespace pipit::aot
