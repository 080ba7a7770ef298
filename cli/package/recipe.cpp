// Around yaml-cpp, which throws: the only file of this library that is compiled with exceptions.
#include "cli/package/recipe.h"

#include <yaml-cpp/yaml.h>

#include <charconv>

#include "link/messages.h"
#include "support/files.h"

namespace pipit::package {

using support::Error;
using support::Result;
using support::Status;

namespace {

Error at(const YAML::Node& node, const std::string& key, const std::string& text) {
  return {Code::malformed, "line " + std::to_string(node.Mark().line + 1) + ": " + key + ": " + text};
}

Status text_of(const YAML::Node& node, const std::string& key, std::string& out) {
  if (!node.IsScalar() || node.Scalar().empty()) return at(node, key, "must be a text");
  out = node.Scalar();
  return {};
}

/// A name or version as links and topics carry it.
Status label_of(const YAML::Node& node, const std::string& key, std::string& out) {
  TRY(text_of(node, key, out));
  const bool plain =
      out.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == out.npos;
  if (!plain || out.size() > link::kMaxNameBytes)
    return at(node, key,
              "must be letters, digits, '-', '_' and '.', at most " + std::to_string(link::kMaxNameBytes));
  return {};
}

Status size_of(const YAML::Node& node, const std::string& key, u32& out) {
  std::string text;
  TRY(text_of(node, key, text));
  auto size = parse_size(text);
  if (!size.ok()) return at(node, key, size.error().text);
  out = *size;
  return {};
}

Status list_of(const YAML::Node& node, const std::string& key, std::vector<std::string>& out) {
  if (!node.IsSequence()) return at(node, key, "must be a list");
  for (const YAML::Node& item : node) TRY(text_of(item, key, out.emplace_back()));
  return {};
}

Status sequence_of(const YAML::Node& node, const std::string& key, u64& out) {
  std::string text;
  TRY(text_of(node, key, text));
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size())
    return at(node, key, "must be a whole number");
  return {};
}

Status models_of(const YAML::Node& node, std::vector<Recipe::Model>& out) {
  if (!node.IsMap()) return at(node, "models", "must map names to files");
  for (const auto& item : node) {
    Recipe::Model& model = out.emplace_back();
    TRY(label_of(item.first, "models", model.name));
    TRY(text_of(item.second, "models", model.file));
  }
  return {};
}

Status read_key(const std::string& key, const YAML::Node& value, Recipe& recipe) {
  if (key == "name") return label_of(value, key, recipe.name);
  if (key == "version") return label_of(value, key, recipe.version);
  if (key == "sequence") return sequence_of(value, key, recipe.sequence);
  if (key == "sources") return list_of(value, key, recipe.sources);
  if (key == "module") return text_of(value, key, recipe.module);
  if (key == "memory") return size_of(value, key, recipe.memory_bytes);
  if (key == "stack") return size_of(value, key, recipe.c_stack_bytes);
  if (key == "engine_stack") return size_of(value, key, recipe.engine_stack_bytes);
  if (key == "models") return models_of(value, recipe.models);
  if (key == "defines") return list_of(value, key, recipe.defines);
  return at(value, key,
            "unknown; known are name, version, sequence, sources, module, memory, stack, engine_stack, "
            "models, defines");
}

Result<Recipe> parse(const std::string& text) {
  Recipe recipe;
  try {
    const YAML::Node root = YAML::Load(text);
    if (!root.IsMap()) return Error(Code::malformed, "must be a YAML map");
    for (const auto& item : root) TRY(read_key(item.first.as<std::string>(), item.second, recipe));
  } catch (const YAML::Exception& error) {
    return Error(Code::malformed, "line " + std::to_string(error.mark.line + 1) + ": " + error.msg);
  }
  if (recipe.name.empty()) return Error(Code::malformed, "name is missing");
  if (recipe.version.empty()) return Error(Code::malformed, "version is missing");
  if (recipe.sources.empty() == recipe.module.empty())
    return Error(Code::malformed, "needs either sources or module");
  return recipe;
}

}  // namespace

Result<u32> parse_size(const std::string& text) {
  u64 value = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  const std::string unit(end, last);
  const u64 scale = unit.empty() ? 1 : unit == "K" ? 1024 : unit == "M" ? 1024 * 1024 : 0;
  if (error != std::errc() || scale == 0)
    return Error(Code::malformed, "\"" + text + "\" is no size; expected bytes, or 20K, or 1M");
  if (value > 0xFFFF'FFFF / scale) return Error(Code::out_of_range, "\"" + text + "\" is over 4G");
  return static_cast<u32>(value * scale);
}

Result<std::pair<std::string, std::string>> split_pair(const std::string& text, const std::string& expected) {
  const usize equals = text.find('=');
  if (equals == text.npos || equals == 0)
    return Error(Code::invalid_argument, "\"" + text + "\": expected " + expected);
  return std::pair(text.substr(0, equals), text.substr(equals + 1));
}

Result<Recipe> read_recipe(const std::string& folder) {
  constexpr usize kLimit = usize{1} << 20;
  const std::string path = folder + "/pipit.yaml";
  const auto bytes = TRY(support::read_file(path, kLimit));
  auto recipe = parse(std::string(as_text(bytes)));
  if (!recipe.ok()) return recipe.take_error().in(path);
  return recipe;
}

}  // namespace pipit::package
