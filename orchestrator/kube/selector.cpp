#include "orchestrator/kube/selector.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

namespace pipit::kube {

using support::Json;

namespace {
std::optional<std::string> label(const Json& labels, const std::string& key) {
  if (!labels.is_object()) return std::nullopt;
  const auto found = labels.find(key);
  if (found == labels.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::optional<i64> number(const std::string& text) {
  i64 value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool compares(const std::optional<std::string>& value, const std::vector<std::string>& values, bool greater) {
  if (!value || values.size() != 1) return false;
  const auto a = number(*value), b = number(values[0]);
  if (!a || !b) return false;
  return greater ? *a > *b : *a < *b;
}

bool matches_one(const Json& requirement, const Json& labels) {
  const auto value = label(labels, support::text_at(requirement, {"key"}));
  const std::string op = support::text_at(requirement, {"operator"});
  std::vector<std::string> values;
  if (const Json* list = support::find(requirement, {"values"}); list != nullptr && list->is_array())
    for (const Json& item : *list)
      if (item.is_string()) values.push_back(item.get<std::string>());
  const bool listed = value && std::find(values.begin(), values.end(), *value) != values.end();
  if (op == "In") return listed;
  if (op == "NotIn") return !listed;
  if (op == "Exists") return value.has_value();
  if (op == "DoesNotExist") return !value;
  if (op == "Gt") return compares(value, values, true);
  if (op == "Lt") return compares(value, values, false);
  return false;
}
}  // namespace

bool matches_requirements(const Json& requirements, const Json& labels) {
  if (requirements.is_null()) return true;
  if (!requirements.is_array()) return false;
  return std::all_of(requirements.begin(), requirements.end(),
                     [&](const Json& requirement) { return matches_one(requirement, labels); });
}

bool matches_selector(const Json& selector, const Json& labels) {
  if (!selector.is_object()) return false;
  if (const Json* pairs = support::find(selector, {"matchLabels"}); pairs != nullptr && !pairs->is_null()) {
    if (!pairs->is_object()) return false;
    for (const auto& [key, wanted] : pairs->items())
      if (const auto value = label(labels, key);
          !wanted.is_string() || !value || *value != wanted.get<std::string>())
        return false;
  }
  const Json* requirements = support::find(selector, {"matchExpressions"});
  return requirements == nullptr || matches_requirements(*requirements, labels);
}

}  // namespace pipit::kube
