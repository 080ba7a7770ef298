// Native code against the interpreter: the same module, the same calls, the same results and traps.
#include <gtest/gtest.h>

#include <fstream>

#include "compiler/aot/compile.h"
#include "host/native/native.h"
#include "support/files.h"
#include "wasm/instance_impl.h"

namespace pipit::aot {
namespace {

/// A module in both engines.
class Pair {
 public:
  Pair(const std::string& path, Options options) : space_(64u << 20), arena_(space_) {
    auto bytes = support::read_file(path);
    EXPECT_TRUE(bytes.ok());
    bytes_ = std::move(*bytes);
    auto module = wasm::ValidModule::load(bytes_, arena_);
    EXPECT_TRUE(module.ok());
    module_ = std::make_unique<wasm::ValidModule>(*module);
    options.target = *find_target("x86_64-linux", "");
    auto compiled = compile(bytes_, options);
    EXPECT_TRUE(compiled.ok()) << compiled.error().text;
    file_ = std::make_unique<host::NativeFile>(*host::NativeFile::copy(*compiled));
    auto native = wasm::native::NativeModule::load(file_->bytes(), *module_, host::this_machine());
    EXPECT_TRUE(native.ok()) << native.error().message;
    code_ = std::make_unique<wasm::native::NativeCode>(*native, &host::fault_port());
    interpreted = make(&wasm::kInPlaceEngine, nullptr);
    this->native = make(&wasm::kNativeEngine, code_.get());
  }

  wasm::Instance* interpreted = nullptr;
  wasm::Instance* native = nullptr;
  const wasm::ValidModule& module() const { return *module_; }

 private:
  wasm::Instance* make(const wasm::Engine* engine, const void* code) {
    auto instance = wasm::Instance::create(
        *module_, {},
        {.engine = engine, .code = code, .memory_space = memories_.space(), .stack_bytes = 256 * 1024},
        arena_);
    EXPECT_TRUE(instance.ok()) << instance.error().message;
    return *instance;
  }
  std::vector<u8> space_, bytes_;
  Arena arena_;
  std::unique_ptr<wasm::ValidModule> module_;
  std::unique_ptr<host::NativeFile> file_;
  std::unique_ptr<wasm::native::NativeCode> code_;
  host::GuardedMemories memories_;
};

TEST(Native, RunsWhatTheInterpreterRuns) {
  Pair pair(PIPIT_WASM_TEST_MODULES "/mix.wasm", {});
  for (u32 func = 0; func < pair.module().impl().funcs.size(); ++func) {
    const std::string name(pair.module().function_name(func));
    if (!pair.module().exported_function(name).ok()) continue;
    const u32 params = pair.module().impl().type_of(func).param_count;
    for (u64 seed = 1; seed < 200; ++seed) {
      std::vector<wasm::Value> arguments(params);
      for (wasm::Value& value : arguments) value.bits = seed * 0x9E37'79B9'7F4A'7C15;
      wasm::Instance* instances[] = {pair.interpreted, pair.native};
      for (wasm::Instance* instance : instances) {
        ASSERT_TRUE(instance->start(func, arguments).ok());
        instance->resume();
      }
      ASSERT_EQ(pair.interpreted->state(), pair.native->state()) << name;
      ASSERT_EQ(pair.interpreted->trap().kind, pair.native->trap().kind) << name;
    }
  }
}

}  // namespace
}  // namespace pipit::aot
