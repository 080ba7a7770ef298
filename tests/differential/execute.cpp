// A plan in one of our engines.
#include <unistd.h>

#include <charconv>
#include <cstdio>

#include "cli/wast/store.h"
#include "support/files.h"
#include "support/process.h"
#include "tests/differential/differential.h"

namespace pipit::differential {

using support::Json;
using support::text_at;

namespace {

constexpr u64 kFuel = 20'000'000;
constexpr const char* kGaveUp = "gave up";

/// "f32:1065353216"; every NaN is "f32:nan".
std::string text_of(const std::string& type, wasm::Value value) {
  const bool wide = type == "i64" || type == "f64";
  const u64 bits = wide ? value.u64_ : value.u32_;
  const bool is_nan = (type == "f32" && (bits & 0x7FFF'FFFF) > 0x7F80'0000) ||
                      (type == "f64" && (bits & 0x7FFF'FFFF'FFFF'FFFF) > 0x7FF0'0000'0000'0000);
  return type + ":" + (is_nan ? "nan" : std::to_string(bits));
}

/// What V8 can tell apart.
std::string trap_class(wasm::TrapKind kind) {
  switch (kind) {
    case wasm::TrapKind::invalid_conversion_to_integer:
    case wasm::TrapKind::integer_overflow: return "unrepresentable";
    case wasm::TrapKind::uninitialized_element:
    case wasm::TrapKind::indirect_call_type_mismatch: return "indirect call";
    case wasm::TrapKind::undefined_element:
    case wasm::TrapKind::out_of_bounds_table_access: return "table";
    case wasm::TrapKind::out_of_bounds_memory_access: return "memory";
    case wasm::TrapKind::integer_divide_by_zero: return "division";
    default: return wasm::trap_text(kind);
  }
}

wasm::HostAction log(void* trace, const char* type, const wasm::Value* values) {
  static_cast<Trace*>(trace)->push_back(std::string("log ") + text_of(type, values[0]));
  return wasm::HostAction::done;
}
constexpr wasm::HostFunction kLogs[] = {
    {"fuzzing-support", "log-i32",
     "i:", [](void* t, wasm::Instance&, wasm::Value* v) { return log(t, "i32", v); }},
    {"fuzzing-support", "log-i64",
     "I:", [](void* t, wasm::Instance&, wasm::Value* v) { return log(t, "i64", v); }},
    {"fuzzing-support", "log-f32",
     "f:", [](void* t, wasm::Instance&, wasm::Value* v) { return log(t, "f32", v); }},
    {"fuzzing-support", "log-f64",
     "F:", [](void* t, wasm::Instance&, wasm::Value* v) { return log(t, "f64", v); }},
    // JavaScript cannot take one either.
    {"fuzzing-support", "log-v128",
     "V:", [](void*, wasm::Instance&, wasm::Value*) { return wasm::HostAction::trap; }},
};

/// One call; false when nothing after it can be compared.
support::Result<bool> call(wasm::Instance& instance, const Json& call, Trace& trace) {
  const std::string name = text_at(call, {"name"});
  std::vector<wasm::Value> arguments;
  for (const Json& json : call["args"]) {
    const std::string bits = text_at(json, {"bits"});
    wasm::Value value{};
    std::from_chars(bits.data(), bits.data() + bits.size(), value.u64_);
    arguments.push_back(value);
  }
  TRY(instance.start(TRY(instance.module().exported_function(name)), arguments));
  const wasm::RunState state = instance.resume(kFuel);
  if (state == wasm::RunState::paused || instance.trap().kind == wasm::TrapKind::call_stack_exhausted) {
    trace.push_back(kGaveUp);
    return false;
  }
  if (state == wasm::RunState::trapped) {
    trace.push_back(name + " trap: " + trap_class(instance.trap().kind));
    return true;
  }
  std::string line = name + " =";
  usize at = 0;
  for (const Json& type : call["results"])
    line += " " + text_of(type.get<std::string>(), instance.results()[at++]);
  trace.push_back(line);
  return true;
}

}  // namespace

support::Result<Trace> execute(const Json& plan, const wast::Backend& backend) {
  auto module = TRY(wast::LoadedModule::create(TRY(support::read_file(text_at(plan, {"path"}))), backend));
  TRY(module->load({}));
  Trace trace;
  wast::Store store;
  const wasm::HostTable host[] = {{kLogs, &trace}};
  if (const support::Status status = module->instantiate(store, host); !status.ok()) {
    if (status.error().code != Code::out_of_range) return status.error();
    trace.push_back("not instantiated");
    return trace;
  }
  trace.push_back("instantiated");
  for (const Json& one : plan["calls"])
    if (!TRY(call(*module->instance(), one, trace))) break;
  return trace;
}

support::Result<std::vector<Trace>> execute_in_v8(const std::vector<Json>& plans, const std::string& folder) {
  const std::string text = support::dump(Json(plans));
  const std::string path = folder + "/plans-" + std::to_string(getpid()) + ".json";
  TRY(support::write_file(path, {reinterpret_cast<const u8*>(text.data()), text.size()}));
  const auto output =
      TRY(support::run({"node", "--stack-size=900", PIPIT_SOURCE_DIR "/tests/differential/v8.mjs", path}));
  unlink(path.c_str());
  if (output.exit_code != 0) return support::Error(Code::internal, "node: " + output.err);
  const Json traces = TRY(support::parse_json(output.out));
  return traces.get<std::vector<Trace>>();
}

std::string difference(const Trace& ours, const Trace& theirs) {
  for (usize i = 0; i < ours.size() || i < theirs.size(); ++i) {
    const std::string a = i < ours.size() ? ours[i] : "nothing",
                      b = i < theirs.size() ? theirs[i] : "nothing";
    if (a == kGaveUp || b == kGaveUp) return {};
    if (a != b) return "event " + std::to_string(i) + ": " + a + ", in V8: " + b;
  }
  return {};
}

}  // namespace pipit::differential
