#include <algorithm>
#include <charconv>
#include <cstdlib>

#include "compiler/model/extend/accelerator.h"
#include "compiler/model/extend/operator_folder.h"
#include "nn/custom/custom.h"

namespace pipit::model {

using support::Error;
using support::Result;
using support::Status;

std::span<const Accelerator* const> accelerators() {
  static const Accelerator* const kAll[] = {&kMatrixEngine};
  return kAll;
}

namespace {

Result<const Accelerator*> find(std::string_view name) {
  std::string known;
  for (const Accelerator* accelerator : accelerators()) {
    if (name == accelerator->name) return accelerator;
    known += std::string(known.empty() ? "" : ", ") + accelerator->name;
  }
  return Error(Code::not_found, "no target '" + std::string(name) + "'; there are " + known);
}

Status set_attribute(Target& target, std::string_view text) {
  const usize equals = text.find('=');
  const std::string name(text.substr(0, equals));
  std::string known;
  for (const TargetAttribute& attribute : target.accelerator->attributes) {
    known += std::string(known.empty() ? "" : ", ") + attribute.name;
    if (name != attribute.name) continue;
    const std::string_view digits = equals == text.npos ? std::string_view() : text.substr(equals + 1);
    i64 value = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (failed != std::errc() || end != digits.data() + digits.size() || value < attribute.lowest ||
        value > attribute.highest)
      return Error(Code::invalid_argument, "target attribute '" + name + "' is a number from " +
                                               std::to_string(attribute.lowest) + " to " +
                                               std::to_string(attribute.highest));
    target.attributes[name] = value;
    return {};
  }
  return Error(Code::invalid_argument, std::string("target ") + target.accelerator->name +
                                           " has no attribute '" + name + "'; it has " + known);
}

}  // namespace

Result<Target> parse_target(const std::string& text) {
  const usize colon = text.find(':');
  Target target{TRY(find(std::string_view(text).substr(0, colon))), {}};
  for (const TargetAttribute& attribute : target.accelerator->attributes)
    target.attributes[attribute.name] = attribute.fallback;
  for (usize at = colon; at != std::string::npos;) {
    const usize comma = text.find(',', at + 1);
    TRY(set_attribute(target, std::string_view(text).substr(at + 1, comma - at - 1)));
    at = comma;
  }
  if (nn::find_custom_operator(target.accelerator->driver_operator) == nullptr)
    TRY(load_operator_folder(project_folder() + "/" + target.accelerator->driver_folder));
  return target;
}

}  // namespace pipit::model
