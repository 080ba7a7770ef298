#include "support/json.h"

#include <charconv>

namespace pipit::support {

namespace {

const Json* step(const Json& json, std::string_view key) {
  if (json.is_object()) {
    const auto at = json.find(key);
    return at == json.end() ? nullptr : &*at;
  }
  if (!json.is_array()) return nullptr;
  usize index = 0;
  const auto parsed = std::from_chars(key.data(), key.data() + key.size(), index);
  if (parsed.ec != std::errc() || parsed.ptr != key.data() + key.size() || index >= json.size())
    return nullptr;
  return &json[index];
}

/// Remembers where parsing failed and builds nothing: the library then reports by return value instead of
/// throwing.
struct ErrorOffset : Json::json_sax_t {
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(Json::number_integer_t) override { return true; }
  bool number_unsigned(Json::number_unsigned_t) override { return true; }
  bool number_float(Json::number_float_t, const std::string&) override { return true; }
  bool string(std::string&) override { return true; }
  bool binary(Json::binary_t&) override { return true; }
  bool start_object(usize) override { return true; }
  bool key(std::string&) override { return true; }
  bool end_object() override { return true; }
  bool start_array(usize) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(usize position, const std::string&, const nlohmann::detail::exception&) override {
    offset = position;
    return false;
  }
  usize offset = 0;
};

}  // namespace

Result<Json> parse_json(std::string_view text) {
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_discarded()) return json;
  ErrorOffset where;
  Json::sax_parse(text, &where);
  return Error(Code::malformed, "not JSON (at byte " + std::to_string(where.offset) + ")");
}

const Json* find(const Json& json, std::initializer_list<std::string_view> path) {
  const Json* at = &json;
  for (const std::string_view key : path) {
    at = step(*at, key);
    if (at == nullptr) return nullptr;
  }
  return at;
}

std::string text_at(const Json& json, std::initializer_list<std::string_view> path,
                    std::string_view fallback) {
  const Json* at = find(json, path);
  return at != nullptr && at->is_string() ? *at->get_ptr<const std::string*>() : std::string(fallback);
}

i64 int_at(const Json& json, std::initializer_list<std::string_view> path, i64 fallback) {
  const Json* at = find(json, path);
  return at != nullptr && at->is_number_integer() ? at->get<i64>() : fallback;
}

bool bool_at(const Json& json, std::initializer_list<std::string_view> path, bool fallback) {
  const Json* at = find(json, path);
  return at != nullptr && at->is_boolean() ? at->get<bool>() : fallback;
}

std::string dump(const Json& json, int indent) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace pipit::support
