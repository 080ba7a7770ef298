#include "host/call_log.h"

#include <algorithm>
#include <cstdio>

namespace pipit::host {
namespace {

std::string name_of(u32 func, const wasm::ValidModule& module) {
  const std::string_view name = module.function_name(func);
  return name.empty() ? "function " + std::to_string(func) : std::string(name);
}

/// As JSON wants it; names are the guest's and may hold anything.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    const u8 byte = static_cast<u8>(c);
    char escape[8];
    std::snprintf(escape, sizeof escape, "\\u%04x", byte);
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (byte < 0x20 || byte == 0x7F)
      out += escape;
    else
      out += c;
  }
  return out + '"';
}

}  // namespace

void CallLog::step(const EngineStep& step, const wasm::ValidModule& module) {
  if (mode_ == Mode::trace) {
    constexpr u32 kDeepest = 60;
    if (step.at_entry)
      std::fprintf(stderr, "%*s%s\n", static_cast<int>(2 * std::min(step.depth, kDeepest)), "",
                   name_of(step.func, module).c_str());
    return;
  }
  if (counts_.size() <= step.func) counts_.resize(step.func + 1);
  Count& count = counts_[step.func];
  ++count.fuel;
  count.calls += step.at_entry ? 1 : 0;
}

std::vector<CallLog::Count> CallLog::sorted() const {
  std::vector<Count> list;
  for (u32 func = 0; func < counts_.size(); ++func) {
    if (counts_[func].fuel == 0) continue;
    list.push_back(counts_[func]);
    list.back().func = func;
  }
  std::sort(list.begin(), list.end(), [](const Count& a, const Count& b) {
    return a.fuel != b.fuel ? a.fuel > b.fuel : a.func < b.func;
  });
  return list;
}

std::string CallLog::table(const wasm::ValidModule& module) const {
  u64 total = 0;
  for (const Count& count : counts_) total += count.fuel;
  std::string text = "        fuel  share       calls  function\n";
  for (const Count& count : sorted()) {
    char line[80];
    std::snprintf(line, sizeof line, "%12llu %5.1f%% %11llu  ", static_cast<unsigned long long>(count.fuel),
                  100 * static_cast<double>(count.fuel) / static_cast<double>(total),
                  static_cast<unsigned long long>(count.calls));
    text += line + name_of(count.func, module) + "\n";
  }
  return text;
}

std::string CallLog::json(const wasm::ValidModule& module) const {
  std::string text = "[";
  for (const Count& count : sorted()) {
    text += text.size() == 1 ? "\n" : ",\n";
    text += "  {\"function\": " + std::to_string(count.func) +
            ", \"name\": " + quoted(name_of(count.func, module)) +
            ", \"calls\": " + std::to_string(count.calls) + ", \"fuel\": " + std::to_string(count.fuel) + "}";
  }
  return text + "\n]\n";
}

}  // namespace pipit::host
