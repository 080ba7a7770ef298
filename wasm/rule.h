#pragma once
#include <algorithm>

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

/// What is told of a rule that is broken at offset `where` of the module; `rule` is not `none`. Where
/// messages are packed (rule_packed.cpp) the message is good until the next error of this kind.
Error rule_error(Rule rule, u32 where);

/// The first rule with a code that is not less: comparisons take fewer bytes than a table of codes.
consteval u32 first_rule(Code code) {
  constexpr Code kCodes[] = {
#define RULE(id, code, message) Code::code,
#include "wasm/rules.def"
#undef RULE
  };
  static_assert(std::ranges::is_sorted(kCodes));
  return static_cast<u32>(std::ranges::lower_bound(kCodes, code) - kCodes) + 1;
}
constexpr Code rule_code(Rule rule) {
  const u32 number = static_cast<u32>(rule);
  return number < first_rule(Code::unsupported)     ? Code::malformed
         : number < first_rule(Code::out_of_range)  ? Code::unsupported
         : number < first_rule(Code::out_of_memory) ? Code::out_of_range
                                                    : Code::out_of_memory;
}

}  // namespace pipit::wasm
