#include "cli/wast/values.h"

#include <charconv>
#include <cstdio>

namespace pipit::wast {

using support::text_at;

namespace {

constexpr u32 kCanonicalNan32 = 0x7FC0'0000;
constexpr u64 kCanonicalNan64 = 0x7FF8'0000'0000'0000;

bool is_wide(std::string_view type) { return type == "i64" || type == "f64"; }
bool is_narrow(std::string_view type) { return type == "i32" || type == "f32"; }
bool is_reference(std::string_view type) { return type == "externref" || type == "funcref"; }

support::Result<u64> parse_bits(const std::string& text) {
  u64 bits = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits);
  if (error != std::errc{} || end != text.data() + text.size())
    return support::Error(Code::malformed, "not a value: \"" + text + "\"");
  return bits;
}

}  // namespace

support::Result<wasm::Value> parse_value(const support::Json& json) {
  const std::string type = text_at(json, {"type"}), text = text_at(json, {"value"});
  wasm::Value value{};
  if (is_reference(type))
    // The host's reference n is n + 1 to the engine, where 0 is null.
    value.u32_ = text == "null" ? 0 : static_cast<u32>(TRY(parse_bits(text))) + 1;
  else if (is_wide(type))
    value.u64_ = TRY(parse_bits(text));
  else if (is_narrow(type))
    value.u32_ = static_cast<u32>(TRY(parse_bits(text)));
  else
    return support::Error(Code::unsupported, "values of type " + type);
  return value;
}

support::Result<bool> matches(const support::Json& expected, wasm::Value actual) {
  const std::string type = text_at(expected, {"type"}), text = text_at(expected, {"value"});
  const bool canonical = text == "nan:canonical";
  if (canonical || text == "nan:arithmetic") {
    if (type == "f32") {
      const u32 magnitude = actual.u32_ & 0x7FFF'FFFF;
      return canonical ? magnitude == kCanonicalNan32 : (magnitude & kCanonicalNan32) == kCanonicalNan32;
    }
    const u64 magnitude = actual.u64_ & 0x7FFF'FFFF'FFFF'FFFF;
    return canonical ? magnitude == kCanonicalNan64 : (magnitude & kCanonicalNan64) == kCanonicalNan64;
  }
  if (is_reference(type) && text.empty()) return actual.u32_ != 0;  // any reference
  const wasm::Value value = TRY(parse_value(expected));
  return is_wide(type) ? value.u64_ == actual.u64_ : value.u32_ == actual.u32_;
}

std::string describe(std::string_view type, wasm::Value value) {
  char text[40];
  std::snprintf(text, sizeof text, " 0x%llx",
                static_cast<unsigned long long>(is_wide(type) ? value.u64_ : value.u32_));
  return std::string(type) + text;
}

}  // namespace pipit::wast
