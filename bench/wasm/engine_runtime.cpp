#include "bench/wasm/engine_runtime.h"

#include <sys/mman.h>

#include "support/files.h"
#include "wasm/register/translate.h"

namespace pipit::bench {
namespace {

constexpr usize kArenaBytes = usize{256} << 20;

/// Address space for one kernel's module, code and instance; only what is touched costs memory.
struct Space {
  Space()
      : memory(static_cast<u8*>(mmap(nullptr, kArenaBytes, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0))),
        arena(MutBytes(memory, kArenaBytes)) {
    PIPIT_CHECK(memory != MAP_FAILED);
  }
  Space(const Space&) = delete;
  ~Space() { munmap(memory, kArenaBytes); }
  u8* memory;
  Arena arena;
};

class EngineSubject final : public Subject {
 public:
  std::vector<u8> bytes;
  Space space;
  wasm::Instance* instance = nullptr;
  u32 init = 0, run = 0, sum = 0;

  support::Result<double> sample(u32 rounds) override {
    double total = 0;
    for (u32 i = 0; i < rounds; ++i) {
      TRY(call(init));
      const double started = thread_cpu_seconds();
      TRY(call(run));
      total += thread_cpu_seconds() - started;
    }
    return total;
  }
  support::Result<u64> checksum() override {
    TRY(call(sum));
    return instance->results()[0].u64_;
  }

 private:
  support::Status call(u32 function) {
    TRY(instance->start(function));
    if (instance->resume() == wasm::RunState::finished) return {};
    return support::Error(Code::internal,
                          std::string("the kernel trapped: ") + wasm::trap_text(instance->trap().kind));
  }
};

class EngineRuntime final : public Runtime {
 public:
  EngineRuntime(std::string name, std::string folder, std::string variant, Prepare prepare)
      : name_(std::move(name)),
        folder_(std::move(folder)),
        variant_(std::move(variant)),
        prepare_(std::move(prepare)) {}
  std::string name() const override { return name_; }

  support::Result<std::unique_ptr<Subject>> load(const std::string& kernel) override {
    auto subject = std::make_unique<EngineSubject>();
    const std::string file = folder_ + "/" + kernel + "." + variant_;
    subject->bytes = TRY(support::read_file(file));
    Arena& arena = subject->space.arena;
    auto module = wasm::ValidModule::load(subject->bytes, arena);
    if (!module.ok()) return support::Error(module.error()).in(file);
    wasm::InstanceConfig config = {.zeroed_arena = true, .stack_bytes = 1u << 20};
    if (prepare_) TRY(prepare_(*module, file, arena, config));
    auto instance = wasm::Instance::create(*module, {}, config, arena);
    if (!instance.ok()) return support::Error(instance.error()).in(file);
    subject->instance = *instance;
    subject->init = TRY(module->exported_function("kernel_init"));
    subject->run = TRY(module->exported_function("kernel_run"));
    subject->sum = TRY(module->exported_function("kernel_checksum"));
    return std::unique_ptr<Subject>(std::move(subject));
  }

 private:
  std::string name_;
  std::string folder_, variant_;
  Prepare prepare_;
};

}  // namespace

support::Status prepare_registers(const wasm::ValidModule& module, const std::string&, Arena& arena,
                                  wasm::InstanceConfig& config) {
  config.engine = &wasm::kRegisterEngine;
  config.code = TRY(wasm::translate_in(module, arena));
  return {};
}

std::unique_ptr<Runtime> engine_runtime(std::string name, std::string folder, std::string variant,
                                        Prepare prepare) {
  return std::make_unique<EngineRuntime>(std::move(name), std::move(folder), std::move(variant),
                                         std::move(prepare));
}

}  // namespace pipit::bench
