#pragma once
#include <span>
#include <vector>

#include "support/json.h"
#include "wasm/instance.h"

/// Values as wast2json writes them: decimal bit patterns, "null", "nan:canonical", "nan:arithmetic"; a v128
/// is an array of lanes, and takes two slots.
namespace pipit::wast {

/// Appends an argument's slots to `out`; unsupported for types the engine does not have.
support::Status append_value(const support::Json& json, std::vector<wasm::Value>& out);
/// Slots of a value of this type.
usize slots_of(std::string_view type);
/// Whether `actual`, the slots of one value, is what `expected` allows.
support::Result<bool> matches(const support::Json& expected, std::span<const wasm::Value> actual);
/// "f32 0x7fc00000", for messages. `type` as in the script.
std::string describe(std::string_view type, std::span<const wasm::Value> value);

}  // namespace pipit::wast
