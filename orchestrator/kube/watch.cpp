#include "orchestrator/kube/watch.h"

#include <optional>

namespace pipit::kube {

using support::Json;

namespace {
std::optional<WatchType> type_of(std::string_view name) {
  constexpr struct {
    std::string_view name;
    WatchType type;
  } kTypes[] = {
      {"ADDED", WatchType::added},       {"MODIFIED", WatchType::modified}, {"DELETED", WatchType::deleted},
      {"BOOKMARK", WatchType::bookmark}, {"ERROR", WatchType::error},
  };
  for (const auto& row : kTypes)
    if (row.name == name) return row.type;
  return std::nullopt;
}

Status decode_line(std::string_view line, const std::function<void(WatchEvent)>& sink) {
  if (line.empty()) return {};
  Json event = TRY(support::parse_json(line));
  const auto type = type_of(support::text_at(event, {"type"}));
  const Json* object = support::find(event, {"object"});
  if (object == nullptr || !object->is_object())
    return ApiError(Code::malformed, "watch event without an object");
  if (!type) return {};
  sink({*type, std::move(event["object"])});
  return {};
}
}  // namespace

Status WatchDecoder::feed(std::string_view bytes, const std::function<void(WatchEvent)>& sink) {
  while (!bytes.empty()) {
    const usize end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    if (line_.size() + part.size() > kMaxLineBytes)
      return ApiError(Code::out_of_range, "watch event is too large");
    line_.append(part);
    if (end == std::string_view::npos) return {};
    bytes.remove_prefix(end + 1);
    std::string line;
    line.swap(line_);
    TRY(decode_line(line, sink));
  }
  return {};
}

}  // namespace pipit::kube
