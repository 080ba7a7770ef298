#include "cli/wast/values.h"

#include <charconv>
#include <cstdio>
#include <cstring>

namespace pipit::wast {

using support::text_at;

namespace {

constexpr u32 kCanonicalNan32 = 0x7FC0'0000;
constexpr u64 kCanonicalNan64 = 0x7FF8'0000'0000'0000;
constexpr usize kVectorBytes = 16;

/// Bytes of a number or lane; 0 for what is neither.
u32 bytes_of(std::string_view type) {
  if (type == "i64" || type == "f64") return 8;
  if (type == "i32" || type == "f32") return 4;
  if (type == "i16") return 2;
  return type == "i8" ? 1 : 0;
}
bool is_reference(std::string_view type) { return type == "externref" || type == "funcref" || type == "ref"; }

support::Result<u64> parse_bits(const std::string& text) {
  u64 bits = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bits);
  if (error != std::errc{} || end != text.data() + text.size())
    return support::Error(Code::malformed, "not a value: \"" + text + "\"");
  return bits;
}

/// The lanes of a v128 and their type, checked to fill it.
support::Result<const support::Json*> lanes_of(const support::Json& json) {
  const support::Json* lanes = support::find(json, {"value"});
  const u32 bytes = bytes_of(text_at(json, {"lane_type"}));
  if (lanes == nullptr || !lanes->is_array() || lanes->size() * bytes != kVectorBytes)
    return support::Error(Code::malformed, "not a v128: " + support::dump(json));
  return lanes;
}

/// Whether a number or lane of `type` is what `text` allows.
support::Result<bool> lane_matches(std::string_view type, const std::string& text, u64 actual) {
  const bool canonical = text == "nan:canonical";
  if (canonical || text == "nan:arithmetic") {
    const u64 magnitude = type == "f32" ? actual & 0x7FFF'FFFF : actual & 0x7FFF'FFFF'FFFF'FFFF;
    const u64 nan = type == "f32" ? kCanonicalNan32 : kCanonicalNan64;
    return canonical ? magnitude == nan : (magnitude & nan) == nan;
  }
  return TRY(parse_bits(text)) == actual;
}

}  // namespace

usize slots_of(std::string_view type) { return type == "v128" ? 2 : 1; }

support::Status append_value(const support::Json& json, std::vector<wasm::Value>& out) {
  const std::string type = text_at(json, {"type"});
  wasm::Value slots[2] = {};
  if (type == "v128") {
    const u32 bytes = bytes_of(text_at(json, {"lane_type"}));
    u8* at = reinterpret_cast<u8*>(slots);
    for (const support::Json& lane : *TRY(lanes_of(json))) {
      const u64 bits = TRY(parse_bits(lane.is_string() ? lane.get_ref<const std::string&>() : ""));
      std::memcpy(at, &bits, bytes);
      at += bytes;
    }
  } else if (is_reference(type)) {
    // The host's reference n is n + 1 to the engine, where 0 is null.
    const std::string text = text_at(json, {"value"});
    slots[0].u32_ = text == "null" ? 0 : static_cast<u32>(TRY(parse_bits(text))) + 1;
  } else if (bytes_of(type) >= 4) {
    const u64 bits = TRY(parse_bits(text_at(json, {"value"})));
    std::memcpy(slots, &bits, bytes_of(type));
  } else {
    return support::Error(Code::unsupported, "values of type " + type);
  }
  out.insert(out.end(), slots, slots + slots_of(type));
  return {};
}

support::Result<bool> matches(const support::Json& expected, std::span<const wasm::Value> actual) {
  const std::string type = text_at(expected, {"type"});
  if (is_reference(type)) {
    const std::string text = text_at(expected, {"value"});
    if (text.empty()) return actual[0].u32_ != 0;  // any reference
    std::vector<wasm::Value> wanted;
    TRY(append_value(expected, wanted));
    return actual[0].u32_ == wanted[0].u32_;
  }
  u64 lane = 0;
  if (type != "v128") {
    std::memcpy(&lane, actual.data(), bytes_of(type));
    return lane_matches(type, text_at(expected, {"value"}), lane);
  }
  const std::string lane_type = text_at(expected, {"lane_type"});
  const u8* at = reinterpret_cast<const u8*>(actual.data());
  for (const support::Json& text : *TRY(lanes_of(expected))) {
    std::memcpy(&lane, at, bytes_of(lane_type));
    at += bytes_of(lane_type);
    if (!TRY(lane_matches(lane_type, text.get<std::string>(), lane))) return false;
  }
  return true;
}

std::string describe(std::string_view type, std::span<const wasm::Value> value) {
  char text[48];
  if (type == "v128")
    std::snprintf(text, sizeof text, " 0x%016llx%016llx", static_cast<unsigned long long>(value[1].u64_),
                  static_cast<unsigned long long>(value[0].u64_));
  else
    std::snprintf(text, sizeof text, " 0x%llx",
                  static_cast<unsigned long long>(bytes_of(type) == 8 ? value[0].u64_ : value[0].u32_));
  return std::string(type) + text;
}

}  // namespace pipit::wast
