#include "orchestrator/gateway/log.h"

#include <atomic>
#include <cstdio>

#include "orchestrator/gateway/timestamp.h"

namespace pipit::gateway {

namespace {
std::atomic<Level> lowest = Level::info;

void append_value(std::string& line, std::string_view value) {
  bool plain = !value.empty();
  for (char c : value) plain = plain && c > ' ' && c != '"' && c != '=' && c != '\\' && c != 127;
  if (plain) {
    line += value;
    return;
  }
  line += '"';
  for (char c : value) {
    if (c == '"' || c == '\\') line += '\\';
    line += (static_cast<u8>(c) < ' ' || c == 127) ? ' ' : c;
  }
  line += '"';
}
}  // namespace

void set_log_level(Level level) { lowest = level; }

void log(Level level, std::string_view event,
         std::initializer_list<std::pair<std::string_view, std::string>> fields) {
  if (level < lowest.load()) return;
  constexpr const char* kNames[] = {"debug", "info", "warn", "error"};
  std::string line =
      "time=" + rfc3339_micro(unix_ms()) + " level=" + kNames[static_cast<u8>(level)] + " event=";
  append_value(line, event);
  for (const auto& [name, value] : fields) {
    line += ' ';
    line += name;
    line += '=';
    append_value(line, value);
  }
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);
}

}  // namespace pipit::gateway
