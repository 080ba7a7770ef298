// Runs a test script on a board, in native code: the package that QEMU put into memory, command by command,
// as cli/wast does on a computer. One line a failure, and how many passed.
#include <new>

#include "tests/boards/package.h"
#include "waiot/board.h"
#include "waiot/log.h"
#include "wasm/engine.h"
#include "wasm/linker.h"
#include "wasm/native/native.h"

namespace pipit::boards {
namespace {

using waiot::Line;

#ifdef __riscv
constexpr BoardMemory kMemory = kVirtMemory;
#else
constexpr BoardMemory kMemory = kMps2Memory;
#endif

/// What went wrong with a command; null: nothing.
using Failure = const char*;

bool same_text(std::string_view expected, std::string_view actual) {
  return !actual.empty() && (expected.starts_with(actual) || actual.starts_with(expected));
}

class Store final : public wasm::Linker {
 public:
  Result<wasm::Extern> find(std::string_view module, std::string_view name) override {
    for (u32 i = count_; i-- != 0;)
      if (names_[i].name == module) return wasm::find_export(*names_[i].instance, name);
    return Error{Code::not_found, "no module is registered under that name"};
  }
  bool add_name(std::string_view name, wasm::Instance& instance) {
    if (count_ == std::size(names_)) return false;
    names_[count_++] = {name, &instance};
    return true;
  }

 private:
  struct Named {
    std::string_view name;
    wasm::Instance* instance;
  };
  Named names_[64];
  u32 count_ = 0;
};

/// Takes parts of a command one after another.
class Parts {
 public:
  explicit Parts(const u8* at) : at_(at) {}
  template <class T>
  const T* take(u32 count = 1) {
    const u8* part = at_;
    at_ += padded(static_cast<u32>(count * sizeof(T)));
    return reinterpret_cast<const T*>(part);
  }
  Bytes bytes(u32 count) { return {take<u8>(count), count}; }
  std::string_view text(u32 count) { return {take<char>(count), count}; }

 private:
  const u8* at_;
};

alignas(16) u8 g_store[sizeof(Store)];

class Runner {
 public:
  explicit Runner(const PackageHead& head)
      : limits_{.constants_read_own_globals = head.constants_read_own_globals != 0},
        arena_({reinterpret_cast<u8*>(kMemory.arena_at), kMemory.arena_bytes}) {
    forget();
  }

  Failure command(const CommandHead& head) {
    Parts parts(reinterpret_cast<const u8*>(&head + 1));
    if (head.slot >= kSlots) return "too many modules";
    switch (head.kind) {
      case Kind::load: return load(head, parts);
      case Kind::register_as: {
        if (slots_[head.slot] == nullptr) return "no module";
        const u32 length = *parts.take<u32>();
        return store_->add_name(parts.text(length), *slots_[head.slot]) ? nullptr : "too many names";
      }
      default: return act(head, parts);
    }
  }
  usize most_used() const { return arena_.high_water(); }

 private:
  void forget() {
    arena_.reset();
    for (wasm::Instance*& slot : slots_) slot = nullptr;
    store_ = new (g_store) Store;
  }

  Failure load(const CommandHead& command, Parts& parts) {
    const LoadHead& head = *parts.take<LoadHead>();
    if (head.forgets != 0 && first_ != nullptr && arena_.used() > kMemory.arena_bytes / 4) {
      forget();
      Parts spectest(reinterpret_cast<const u8*>(first_ + 1));
      if (const Failure failure = load(*first_, spectest)) return failure;
      store_->add_name("spectest", *slots_[0]);
    }
    const Bytes native = parts.bytes(head.native_bytes);
    const Bytes module = parts.bytes(head.module_bytes);
    const std::string_view text = parts.text(head.text_bytes);
    if (first_ == nullptr) first_ = &command;
    const auto valid = wasm::ValidModule::load(module, arena_, limits_);
    if (head.expectation == Expectation::malformed)
      return valid.ok()                              ? "accepted"
             : valid.error().code == Code::malformed ? nullptr
                                                     : valid.error().message;
    if (!valid.ok()) return valid.error().message;
    auto kept = arena_.make<wasm::ValidModule>(*valid);
    if (!kept.ok()) return kept.error().message;
    return instantiate(command.slot, head, **kept, native, text);
  }

  Failure instantiate(u32 slot, const LoadHead& head, const wasm::ValidModule& module, Bytes native,
                      std::string_view text) {
    const auto loaded = wasm::native::NativeModule::load(native, module, {waiot::board::kNativeTarget, 0});
    if (!loaded.ok()) return loaded.error().message;
    const auto code = arena_.make<wasm::native::NativeCode>(*loaded);
    if (!code.ok()) return code.error().message;
    const auto created = wasm::Instance::create(module, {},
                                                {.engine = &wasm::kNativeEngine,
                                                 .code = *code,
                                                 .memory_bytes = head.memory_bytes,
                                                 .table_headroom = 1'024,
                                                 .stack_bytes = kStackBytes,
                                                 .linker = store_},
                                                arena_);
    if (head.expectation == Expectation::unlinkable)
      return created.ok()                               ? "linked"
             : same_text(text, created.error().message) ? nullptr
                                                        : created.error().message;
    std::string_view trap;
    if (created.ok()) {
      wasm::Instance& instance = **created;
      if (!instance.start().ok()) return "cannot start";
      if (instance.resume() == wasm::RunState::trapped) trap = wasm::trap_text(instance.trap().kind);
      if (head.expectation == Expectation::success && trap.empty()) slots_[slot] = &instance;
    } else {
      trap = created.error().message;
    }
    if (head.expectation == Expectation::success) return trap.empty() ? nullptr : trap.data();
    return same_text(text, trap) ? nullptr : trap.empty() ? "instantiated" : trap.data();
  }

  Failure act(const CommandHead& command, Parts& parts) {
    const ActionHead& head = *parts.take<ActionHead>();
    const auto* arguments = parts.take<wasm::Value>(head.arguments);
    const auto* patterns = parts.take<Pattern>(head.alternatives * head.results);
    const std::string_view field = parts.text(head.field_bytes);
    const std::string_view text = parts.text(head.text_bytes);
    wasm::Instance* instance = slots_[command.slot];
    if (instance == nullptr) return "no module";
    std::span<const wasm::Value> results;
    if (command.kind == Kind::get) {
      const auto global = wasm::find_export(*instance, field);
      if (!global.ok()) return global.error().message;
      results = wasm::global_value(*global);
    } else {
      const auto func = instance->module().exported_function(field);
      if (!func.ok()) return func.error().message;
      const Status started = instance->start(*func, {arguments, head.arguments});
      if (!started.ok()) return started.error().message;
      if (instance->resume() == wasm::RunState::trapped) {
        const char* trap = wasm::trap_text(instance->trap().kind);
        return head.expectation == Expectation::trap && same_text(text, trap) ? nullptr : trap;
      }
      results = instance->results();
    }
    if (head.expectation == Expectation::trap) return "returned";
    for (u32 i = 0; i < head.alternatives; ++i)
      if (match({patterns + i * head.results, head.results}, results)) return nullptr;
    return head.alternatives == 0 ? nullptr : "another result";
  }

  static bool match(std::span<const Pattern> patterns, std::span<const wasm::Value> results) {
    if (patterns.size() != results.size()) return false;
    for (usize i = 0; i < patterns.size(); ++i) {
      const bool equal = (results[i].u64_ & patterns[i].mask) == patterns[i].value;
      if (equal == (patterns[i].differs != 0)) return false;
    }
    return true;
  }

  wasm::Limits limits_;
  Arena arena_;
  Store* store_ = nullptr;
  const CommandHead* first_ = nullptr;
  wasm::Instance* slots_[kSlots] = {};
};

alignas(Runner) u8 g_runner[sizeof(Runner)];

void run(const PackageHead& head) {
  if (head.magic != kPackageMagic || head.bytes > kMemory.package_bytes) {
    Line() << "wast: no package";
    return;
  }
  Runner& runner = *new (g_runner) Runner(head);
  const u8* at = reinterpret_cast<const u8*>(&head + 1);
  u32 passed = 0, failed = 0;
  for (u32 i = 0; i < head.commands; ++i) {
    const auto& command = *reinterpret_cast<const CommandHead*>(at);
    const Failure failure = runner.command(command);
    failure == nullptr ? ++passed : ++failed;
    if (failure != nullptr) Line() << "wast: line " << command.line << ": " << failure;
    at += sizeof command + command.bytes;
  }
  Line() << "wast: " << passed << " passed, " << failed << " failed, " << runner.most_used() / 1024
         << " KB used";
}

}  // namespace
}  // namespace pipit::boards

int main() {
  using namespace pipit;
  waiot::board::init();
  boards::run(*reinterpret_cast<const boards::PackageHead*>(boards::kMemory.package_at));
  waiot::Line() << "wast: done";
  for (;;) waiot::board::idle();
}
