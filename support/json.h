#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "support/error.h"

namespace pipit::support {

using Json = nlohmann::json;

/// Parses hostile text; malformed with the byte offset on an error.
Result<Json> parse_json(std::string_view text);
/// Reads along a path of keys without ever throwing or aborting: text_at(pod, {"metadata", "name"}). A
/// missing key or another type yields the fallback. Array indices are written as decimal keys.
const Json* find(const Json& json, std::initializer_list<std::string_view> path);
std::string text_at(const Json& json, std::initializer_list<std::string_view> path,
                    std::string_view fallback = "");
i64 int_at(const Json& json, std::initializer_list<std::string_view> path, i64 fallback = 0);
bool bool_at(const Json& json, std::initializer_list<std::string_view> path, bool fallback = false);
/// Text of any JSON value; invalid UTF-8 is replaced, never an abort.
std::string dump(const Json& json, int indent = -1);

}  // namespace pipit::support
