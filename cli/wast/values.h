#pragma once
#include "support/json.h"
#include "wasm/instance.h"

/// Values as wast2json writes them: decimal bit patterns, "null", "nan:canonical", "nan:arithmetic".
namespace pipit::wast {

/// An argument; unsupported for types the engine does not have.
support::Result<wasm::Value> parse_value(const support::Json& json);
/// Whether `actual` is what `expected` allows.
support::Result<bool> matches(const support::Json& expected, wasm::Value actual);
/// "f32 0x7fc00000", for messages. `type` as in the script.
std::string describe(std::string_view type, wasm::Value value);

}  // namespace pipit::wast
