#include "agent/http_response.h"

namespace pipit::agent {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (usize i = 0; i < a.size(); ++i)
    if (lower(a[i]) != lower(b[i])) return false;
  return true;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace

HttpResponse::State HttpResponse::take(u8 byte) {
  if (state_ != State::reading) return state_;
  if (++head_bytes_ > kMaxHeadBytes) return state_ = State::malformed;
  if (byte != '\n') {
    if (line_bytes_ < kMaxLineBytes)
      line_[line_bytes_++] = static_cast<char>(byte);
    else
      line_too_long_ = true;
    return state_;
  }
  if (!end_of_line()) return state_ = State::malformed;
  line_bytes_ = 0;
  line_too_long_ = false;
  return state_;
}

bool HttpResponse::end_of_line() {
  std::string_view line(line_, line_bytes_);
  if (!line_too_long_) {
    if (line.empty() || line.back() != '\r') return false;
    line.remove_suffix(1);
  }
  if (first_line_) {
    first_line_ = false;
    return !line_too_long_ && status_line(line);
  }
  if (line_too_long_) return true;
  if (line.empty()) {
    // 100 Continue and its like precede the answer proper; nobody asked for one.
    state_ = status_ >= 200 ? State::complete : State::malformed;
    return status_ >= 200;
  }
  return field(line);
}

bool HttpResponse::status_line(std::string_view line) {
  u64 status = 0;
  if (line.size() < 12 || slice(line, 0, 7) != "HTTP/1." || (line[7] != '0' && line[7] != '1') ||
      line[8] != ' ' || !parse_decimal(slice(line, 9, 3), status) || status < 100 ||
      (line.size() > 12 && line[12] != ' '))
    return false;
  status_ = static_cast<u32>(status);
  keep_ = line[7] == '1';
  return true;
}

bool HttpResponse::field(std::string_view line) {
  const usize colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const std::string_view name = slice(line, 0, colon), value = trimmed(slice(line, colon + 1));
  if (same_name(name, "content-length")) {
    if (has_length_) return false;
    return has_length_ = parse_decimal(value, content_length_);
  }
  if (same_name(name, "content-range")) return !has_range_ && content_range(value);
  if (same_name(name, "transfer-encoding") || same_name(name, "content-encoding"))
    return same_name(value, "identity");
  if (same_name(name, "connection") && same_name(value, "close")) keep_ = false;
  return true;
}

bool HttpResponse::content_range(std::string_view value) {
  constexpr std::string_view kUnit = "bytes ";
  if (slice(value, 0, kUnit.size()) != kUnit) return false;
  value.remove_prefix(kUnit.size());
  const usize dash = value.find('-'), slash = value.find('/');
  if (slash == std::string_view::npos) return false;
  if (!parse_decimal(slice(value, slash + 1), range_total_)) return false;
  if (slice(value, 0, slash) == "*") return true;  // 416: only the total is told
  if (dash == std::string_view::npos || dash > slash) return false;
  return has_range_ = parse_decimal(slice(value, 0, dash), range_first_) &&
                      parse_decimal(slice(value, dash + 1, slash - dash - 1), range_last_);
}

}  // namespace pipit::agent
