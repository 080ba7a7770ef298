#include "host/engine.h"

#include <cstdio>

namespace pipit::host {
namespace {

/// What --engine= accepts.
struct Choice {
  const char* name;
  std::unique_ptr<EngineSession> (*make)(const EngineOptions& options);
};
constexpr Choice kChoices[] = {
    {"interp", make_register_engine},
    {"register", make_register_engine},
    {"in-place", make_in_place_engine},
    {"aot", make_native_engine},
};

std::string frame_line(usize number, const CallFrame& frame, const wasm::ValidModule& module) {
  const std::string_view name = module.function_name(frame.func);
  char place[64], index[32];
  std::snprintf(place, sizeof place, " (function %u) at offset 0x%x\n", frame.func, frame.offset);
  if (frame.offset == 0) std::snprintf(place, sizeof place, " (function %u)\n", frame.func);
  std::snprintf(index, sizeof index, "    #%zu ", number);
  return index + (name.empty() ? std::string("an unnamed function") : std::string(name)) + place;
}

}  // namespace

support::Result<std::unique_ptr<EngineSession>> make_engine(const EngineOptions& options) {
  for (const Choice& choice : kChoices)
    if (options.name == choice.name) return choice.make(options);
  return support::Error(
      Code::invalid_argument,
      "no engine \"" + options.name + "\": interp (which is register), in-place and aot are there");
}

std::string format_call_stack(const std::vector<CallFrame>& frames, const wasm::ValidModule& module) {
  constexpr usize kInner = 24, kOuter = 8;
  std::string text;
  for (usize i = 0; i < frames.size(); ++i) {
    if (i == kInner && frames.size() > kInner + kOuter + 1) {
      const usize left_out = frames.size() - kInner - kOuter;
      text += "    … " + std::to_string(left_out) + " calls in between\n";
      i += left_out;
    }
    text += frame_line(i, frames[i], module);
  }
  return text;
}

}  // namespace pipit::host
