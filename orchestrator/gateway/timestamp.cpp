#include "orchestrator/gateway/timestamp.h"

#include <chrono>
#include <cstdio>
#include <ctime>

namespace pipit::gateway {

namespace {
constexpr usize kSecondsLength = 19;  // "2026-11-21T04:46:09"

std::string seconds_text(i64 ms) {
  const std::time_t seconds = ms / 1000;
  std::tm parts = {};
  gmtime_r(&seconds, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  return text;
}

std::optional<int> digits(std::string_view text, usize at, usize count) {
  int value = 0;
  for (usize i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}
}  // namespace

i64 unix_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::string rfc3339(i64 ms) { return seconds_text(ms) + "Z"; }

std::string rfc3339_micro(i64 ms) {
  char fraction[16];
  std::snprintf(fraction, sizeof fraction, ".%03d000Z", static_cast<int>(ms % 1000));
  return seconds_text(ms) + fraction;
}

std::optional<i64> parse_rfc3339(std::string_view text) {
  if (text.size() < kSecondsLength + 1 || text.size() > kSecondsLength + 11 || text.back() != 'Z')
    return std::nullopt;
  const auto year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
  const auto hour = digits(text, 11, 2), minute = digits(text, 14, 2), second = digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second || text[4] != '-' || text[7] != '-' ||
      text[10] != 'T' || text[13] != ':' || text[16] != ':')
    return std::nullopt;
  if (*year < 1970 || *month < 1 || *month > 12 || *day < 1 || *day > 31 || *hour > 23 || *minute > 59 ||
      *second > 60)
    return std::nullopt;
  std::tm parts = {};
  parts.tm_year = *year - 1900;
  parts.tm_mon = *month - 1;
  parts.tm_mday = *day;
  parts.tm_hour = *hour;
  parts.tm_min = *minute;
  parts.tm_sec = *second;
  i64 ms = static_cast<i64>(timegm(&parts)) * 1000;
  const std::string_view fraction = text.substr(kSecondsLength, text.size() - kSecondsLength - 1);
  if (fraction.empty()) return ms;
  if (fraction.front() != '.' || fraction.size() < 2) return std::nullopt;
  i64 scale = 100;
  for (usize i = 1; i < fraction.size(); ++i, scale /= 10) {
    const auto digit = digits(fraction, i, 1);
    if (!digit) return std::nullopt;
    ms += *digit * scale;
  }
  return ms;
}

}  // namespace pipit::gateway
