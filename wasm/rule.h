#pragma once
#include "base/result.h"

/// The rules of the format and of validation, and the limits of this engine, that a module is refused for: as
/// numbers, because a check that names a number takes fewer bytes than one that names a message.
namespace pipit::wasm {

enum class Rule : u8 {
  none,
#define RULE(id, code, message) id,
#include "wasm/rules.def"
#undef RULE
};

/// What is told of a rule that is broken at offset `where` of the module; `rule` is not `none`.
Error rule_error(Rule rule, u32 where);

}  // namespace pipit::wasm
