// Valid modules with a little fuel, in both interpreters, which must agree: on results, traps, and how much
// was spent.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "wasm/module_impl.h"
#include "wasm/register/translate.h"

namespace pipit::wasm {

namespace {

constexpr u64 kFuel = 3'000;
constexpr usize kArenaBytes = 1 << 20;
constexpr u32 kMemoryBytes = 70'000, kStackBytes = 8 * 1024;

HostAction ignore(void*, Instance&, Value*) { return HostAction::done; }
constexpr HostFunction kSpectest[] = {
    {"spectest", "print", ":", ignore},      {"spectest", "print_i32", "i:", ignore},
    {"spectest", "print_i64", "I:", ignore}, {"spectest", "print_f32", "f:", ignore},
    {"spectest", "print_f64", "F:", ignore},
};
constexpr HostTable kHost[] = {{kSpectest, nullptr}};

/// A module's instance in one engine, in memory of its own.
struct Side {
  explicit Side(Bytes code, const Engine& engine)
      : memory(new u8[kArenaBytes]), arena({memory.get(), kArenaBytes}) {
    auto module = ValidModule::load(code, arena, {.max_locals = 1'000, .max_table_elements = 1'000});
    if (!module.ok()) return;
    valid = std::make_unique<ValidModule>(*module);
    InstanceConfig config = {.engine = &engine,
                             .memory_bytes = kMemoryBytes,
                             .max_memory_pages = 1,
                             .table_headroom = 8,
                             .stack_bytes = kStackBytes};
    if (&engine == &kRegisterEngine) {
      auto translated = translate_in(*valid, arena);
      if (!translated.ok()) return;
      config.code = *translated;
    }
    auto made = Instance::create(*valid, kHost, config, arena);
    if (made.ok()) instance = *made;
  }

  std::unique_ptr<u8[]> memory;
  Arena arena;
  std::unique_ptr<ValidModule> valid;
  Instance* instance = nullptr;
};

bool is_nan(u8 type, Value value) {
  return (type == 0x7D && (value.u32_ & 0x7FFF'FFFF) > 0x7F80'0000) ||
         (type == 0x7C && (value.u64_ & 0x7FFF'FFFF'FFFF'FFFF) > 0x7FF0'0000'0000'0000);
}

/// Results but for a NaN's payload, which depends on the order of a machine instruction's operands.
bool same_results(TypeList types, const Instance& a, const Instance& b) {
  usize at = 0;
  for (const u8 type : types) {
    const Value x = a.results()[at], y = b.results()[at];
    at += slots_of(type);
    if (type == kV128 || (is_nan(type, x) && is_nan(type, y))) continue;
    const bool narrow = type == 0x7F || type == 0x7D || is_reference(type);
    if (narrow ? x.u32_ != y.u32_ : x.u64_ != y.u64_) return false;
  }
  return true;
}

[[noreturn]] void disagree(const char* what, u32 func) {
  std::fprintf(stderr, "the engines disagree on %s of function %u\n", what, func);
  std::abort();
}

/// Runs a function in both; false when the rest cannot be compared.
bool run(Side& a, Side& b, u32 func) {
  const ModuleImpl& module = a.valid->impl();
  const TypeEntry& type = module.type_of(func);
  std::vector<Value> arguments(type.param_slots);
  for (usize i = 0; i < arguments.size(); ++i) arguments[i].u64_ = 0x9E37'79B9'7F4A'7C15u * (i + func);
  for (usize i = 0, at = 0; i < type.param_count; at += slots_of(module.params(module.funcs[func].type)[i++]))
    if (is_reference(module.params(module.funcs[func].type)[i])) arguments[at].u64_ = 0;
  if (!a.instance->start(func, arguments).ok() || !b.instance->start(func, arguments).ok()) return false;
  const RunState state = a.instance->resume(kFuel), other = b.instance->resume(kFuel);
  const auto exhausted = [](const Instance& one) {
    return one.trap().kind == TrapKind::call_stack_exhausted;
  };
  if (exhausted(*a.instance) || exhausted(*b.instance)) return false;  // frames are not equally large
  if (state != other) disagree("the end", func);
  if (a.instance->fuel_used() != b.instance->fuel_used()) disagree("the fuel", func);
  if (state == RunState::trapped && a.instance->trap().kind != b.instance->trap().kind)
    disagree("the trap", func);
  if (state != RunState::finished) return state == RunState::trapped;
  if (!same_results(module.results(module.funcs[func].type), *a.instance, *b.instance))
    disagree("the results", func);
  return true;
}

}  // namespace

static void check(Bytes code) {
  Side in_place(code, kInPlaceEngine);
  if (in_place.instance == nullptr) return;
  Side translated(code, kRegisterEngine);
  if (translated.instance == nullptr) return;
  const u32 count = static_cast<u32>(in_place.valid->impl().funcs.size());
  for (u32 func = 0; func < count && func < 64; ++func)
    if (!run(in_place, translated, func)) return;
}

}  // namespace pipit::wasm

extern "C" int LLVMFuzzerTestOneInput(const pipit::u8* data, pipit::usize size) {
  const auto copy = std::make_unique<pipit::u8[]>(size);
  std::copy_n(data, size, copy.get());
  pipit::wasm::check({copy.get(), size});
  return 0;
}
